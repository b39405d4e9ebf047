"""Everything the assistant can teach, read once and never changed; a reload replaces it whole."""

from collections.abc import Mapping
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
