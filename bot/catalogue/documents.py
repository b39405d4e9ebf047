"""Content files as they were read: the items, and where each of their values stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from bot.catalogue.problems import Problem, Severity
from bot.catalogue.programme import Programme, Terms
from bot.catalogue.schema import Campaign, Item, Quiz, Survey, Tip
from bot.catalogue.source import Place, locate, parse
from bot.catalogue.words import Words

ItemT_co = TypeVar("ItemT_co", bound=Item, covariant=True)

FOLDERS: Mapping[str, type[Item]] = {"quizzes": Quiz, "tips": Tip, "surveys": Survey, "campaigns": Campaign}
"""Folder → what each of its files is."""


@dataclass(frozen=True, slots=True)
class Document(Generic[ItemT_co]):
    """One file and the item it holds."""

    file: Path
    item: ItemT_co
    source: bytes
    """The file as it was read, to find places in."""

    def place(self, *location: int | str) -> Place:
        """Where a value stands (`"questions", 2, "tip"`)."""
        return locate(parse(self.source), location)

    def problem(self, message: str, *location: int | str, severity: Severity = Severity.ERROR) -> Problem:
        """A complaint about the value at `location` , or about the file's start."""
        return Problem(str(self.file), *self.place(*location), message, severity)


@dataclass(frozen=True, slots=True)
class Content:
    """The whole folder: what could be read, and what is wrong with the rest."""

    folder: Path
    programme: Document[Programme] | None
    quizzes: Mapping[str, Document[Quiz]]
    tips: Mapping[str, Document[Tip]]
    surveys: Mapping[str, Document[Survey]]
    campaigns: Mapping[str, Document[Campaign]]
    words: Words | None
    terms: Document[Terms] | None
    pictures: Mapping[str, bytes]
    """File name → PNG."""
    names: Mapping[str, frozenset[str]]
    """Folder → the names of its files, read or not: a reference to a broken file is not one to nothing."""
    problems: tuple[Problem, ...]

    @property
    def asked(self) -> Iterator["Document[Quiz] | Document[Survey]"]:
        """Every file with questions."""
        yield from self.quizzes.values()
        yield from self.surveys.values()

    @property
    def documents(self) -> Iterator[Document[Item]]:
        """Every file that was read."""
        if self.programme:
            yield self.programme
        yield from self.quizzes.values()
        yield from self.tips.values()
        yield from self.surveys.values()
        yield from self.campaigns.values()
