"""Everything the assistant can teach, read once and never changed; a reload replaces it whole."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from bot.catalogue.problems import ContentError
from bot.catalogue.programme import Programme
from bot.catalogue.schema import Campaign, Quiz, Survey, Tip
from bot.catalogue.search import Search
from bot.catalogue.words import Words


@dataclass(frozen=True)
class Library:
    """The content folder, read and checked."""

    quizzes: Mapping[str, Quiz]
    tips: Mapping[str, Tip]
    surveys: Mapping[str, Survey]
    """Parallel forms. They measure; nothing that teaches may show them."""
    campaigns: Mapping[str, Campaign]
    programme: Programme
    words: Words
    pictures: Mapping[str, bytes]
    """File name → PNG."""
    search: Search

    @cached_property
    def trainers(self) -> Mapping[str, tuple[str, ...]]:
        """Tip → the quizzes that train it."""
        return trainers(self.quizzes.values())


def trainers(quizzes: Iterable[Quiz]) -> Mapping[str, tuple[str, ...]]:
    """Tip → the quizzes that train it, the one that asks most about it first."""
    asked: dict[str, Counter[str]] = defaultdict(Counter)
    for quiz in quizzes:
        for question in quiz.questions:
            asked[question.tip][quiz.id] += 1
    return {tip: tuple(quiz for quiz, _ in counts.most_common()) for tip, counts in asked.items()}


class Shelf:
    """Where the current library stands. Take it once a turn, so that a reload cannot change it midway."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def library(self) -> Library:
        """The library as it is now."""
        return self._library

    broken: ContentError | None = None
    """What is wrong with the newest edit, while the library before it stays."""

    def put(self, library: Library) -> None:
        """Stand a newer library in its place."""
        self._library = library
        self.broken = None


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
