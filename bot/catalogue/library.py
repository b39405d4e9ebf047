"""Everything the assistant can teach, read once and never changed; a reload replaces it whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.catalogue.schema import Campaign, Programme, Quiz, Tip
from bot.catalogue.search import Search
from bot.catalogue.words import Words


@dataclass(frozen=True, slots=True)
class Library:
    """The content folder, read and checked."""

    quizzes: Mapping[str, Quiz]
    tips: Mapping[str, Tip]
    campaigns: Mapping[str, Campaign]
    programme: Programme
    words: Words
    search: Search


class Shelf:
    """Where the current library stands. Take it once a turn, so that a reload cannot change it midway."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def library(self) -> Library:
        """The library as it is now."""
        return self._library

    def put(self, library: Library) -> None:
        """Stand a newer library in its place."""
        self._library = library


class LateShelf(Shelf):
    """A shelf that reads its library when somebody first asks: many commands of the staff's never do."""

    def __init__(self, load: Callable[[], Library]) -> None:
        self._load = load

    @property
    def library(self) -> Library:
        """The library as it is now. The first time, raises ContentError if it cannot be read."""
        if not hasattr(self, "_library"):
            self.put(self._load())
        return self._library
