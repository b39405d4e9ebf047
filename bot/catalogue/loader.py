"""Reads the content folder: every problem of every file, or one immutable library.

Reading is by file and remembered by file, so a reload reads only what changed.
"""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError

from bot.catalogue.advice import advise, relevant, where
from bot.catalogue.documents import FOLDERS, Content, Document
from bot.catalogue.library import Library
from bot.catalogue.problems import ContentError, Problem, Severity
from bot.catalogue.programme import Programme, Terms
from bot.catalogue.references import broken_references
from bot.catalogue.schema import Campaign, Item, Quiz, Survey, Tip
from bot.catalogue.search import Search
from bot.catalogue.source import SourceError, locate, parse, quick, value
from bot.catalogue.words import Words

PROGRAMME = "programme.yaml"
TERMS = "terms.yaml"
WORDS = "words"
PICTURES = "pictures"

ItemT = TypeVar("ItemT", bound=Item)
Stamp = tuple[int, int]
Snapshot = Mapping[Path, Stamp]
"""File → when it was changed (ns) and how large it is; equal snapshots mean that nothing was edited."""


def load(folder: Path) -> Library:
    """Read a content folder as a start does, quickly. Raises ContentError with all that stops it from being used."""
    return Reader(folder, strict=False).load()


def read_item(file: Path, model: type[ItemT]) -> Document[ItemT]:
    """One file by itself, such as a campaign that staff wrote. Raises ContentError with everything wrong in it."""
    problems: list[Problem] = []
    document = _read(file, model, problems, strict=True)
    if document is None:
        raise ContentError(sorted(problems))
    return document


@dataclass(slots=True)
class Reader:
    """Reads a folder again and again, remembering the files that did not change."""

    folder: Path
    strict: bool = True
    """Whether the first reading refuses doubtful YAML (a key that stands twice); later ones, of edits, always do.

    A start need not: the content it finds was checked when it was written, and it is read in a tenth of the time.
    """
    _documents: dict[Path, tuple[Stamp, Document[Any]]] = field(default_factory=dict)
    _words: tuple[Snapshot, Words] | None = None

    def snapshot(self) -> Snapshot:
        """The state of all files that matter."""
        return {file: stamp for file in self._files() if (stamp := _stamp(file))}

    def load(self) -> Library:
        """The library as the files are now. Raises ContentError."""
        with _without_collection(for_good=not self.strict):
            return self._load()

    def _load(self) -> Library:
        content = self.read()
        self.strict = True
        problems = [*content.problems, *broken_references(content)]
        errors = [problem for problem in problems if problem.severity is Severity.ERROR]
        if errors or content.programme is None or content.words is None:
            raise ContentError(sorted(errors))
        quizzes, tips = _items(content.quizzes), _items(content.tips)
        programme = content.programme.item
        return Library(
            quizzes=quizzes,
            tips=tips,
            surveys=_items(content.surveys),
            campaigns=_items(content.campaigns),
            programme=programme,
            words=content.words,
            pictures=content.pictures,
            search=Search(quizzes.values(), tips.values(), programme),
        )

    def read(self) -> Content:
        """Read every file, whatever is wrong with some of them."""
        problems: list[Problem] = []
        content = Content(
            folder=self.folder,
            programme=self._read_file(self.folder / PROGRAMME, Programme, problems),
            quizzes=self._read_folder("quizzes", Quiz, problems),
            tips=self._read_folder("tips", Tip, problems),
            surveys=self._read_folder("surveys", Survey, problems),
            campaigns=self._read_folder("campaigns", Campaign, problems),
            words=self._read_words(problems),
            terms=self._read_file(self.folder / TERMS, Terms, problems) if (self.folder / TERMS).exists() else None,
            pictures={file.name: file.read_bytes() for file in self._pictures()},
            names={name: frozenset(file.stem for file in self._items_in(name)) for name in FOLDERS},
            problems=(),
        )
        return replace(content, problems=(*problems, *self._strays()))

    def _items_in(self, folder: str) -> list[Path]:
        return sorted((self.folder / folder).glob("*.yaml"))

    def _files(self) -> Iterator[Path]:
        yield self.folder / PROGRAMME
        yield self.folder / TERMS
        for name in FOLDERS:
            yield from self._items_in(name)
        yield from sorted((self.folder / WORDS).rglob("*.po"))
        yield from self._pictures()

    def _pictures(self) -> list[Path]:
        return sorted((self.folder / PICTURES).glob("*.png"))

    def _strays(self) -> Iterator[Problem]:
        known = set(self._files())
        for file in sorted(self.folder.rglob("*.y*ml")):
            if file not in known:
                message = f"this file is not read; items are named *.yaml and stand in {', '.join(FOLDERS)}"
                yield Problem(str(file), 0, 0, message, Severity.WARNING)

    def _read_folder(self, folder: str, model: type[ItemT], problems: list[Problem]) -> Mapping[str, Document[ItemT]]:
        found: dict[str, Document[ItemT]] = {}
        for file in self._items_in(folder):
            document = self._read_file(file, model, problems)
            if document is None:
                continue
            name = getattr(document.item, "id", file.stem)
            if name != file.stem:
                message = f"the id is {name!r} but the file is called {file.name}; make them the same"
                problems.append(document.problem(message, "id"))
            found[file.stem] = document
        return MappingProxyType(found)

    def _read_file(self, file: Path, model: type[ItemT], problems: list[Problem]) -> Document[ItemT] | None:
        stamp = _stamp(file)
        known = self._documents.get(file)
        if known and known[0] == stamp:
            return known[1]
        document = _read(file, model, problems, strict=self.strict)
        if document and stamp:
            self._documents[file] = (stamp, document)
        return document

    def _read_words(self, problems: list[Problem]) -> Words | None:
        files = {file: stamp for file in (self.folder / WORDS).rglob("*.po") if (stamp := _stamp(file))}
        if self._words is None or self._words[0] != files:
            try:
                self._words = (files, Words.load(self.folder / WORDS))
            except ContentError as error:
                problems.extend(error.problems)
                return None
        return self._words[1]


def _stamp(file: Path) -> Stamp | None:
    try:
        status = file.stat()
    except OSError:  # gone since it was listed, or never there: whoever reads it will say so
        return None
    return status.st_mtime_ns, status.st_size


def _items(documents: Mapping[str, Document[ItemT]]) -> Mapping[str, ItemT]:
    return MappingProxyType({name: document.item for name, document in documents.items()})


@contextmanager
def _without_collection(*, for_good: bool) -> Iterator[None]:
    """Keep the garbage collector from walking, again and again, over a library while it is read.

    What a start has read is there to stay, so then the collector need not look at it later either.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if for_good:
            gc.freeze()
        if collecting:
            gc.enable()


def _read(file: Path, model: type[ItemT], problems: list[Problem], *, strict: bool) -> Document[ItemT] | None:
    try:
        source = file.read_bytes()
    except OSError as error:
        problems.append(Problem(str(file), 0, 0, f"the file cannot be read: {error.strerror}"))
        return None
    item = None if strict else _quickly(source, model)
    return Document(file, item, source) if item else _strictly(file, source, model, problems)


def _quickly(source: bytes, model: type[ItemT]) -> ItemT | None:
    """The item, or nothing if anything is wrong with it: then the slow way tells what and where."""
    try:
        return model.model_validate(quick(source))
    except ValueError:  # of the encoding, the YAML or the model
        return None


def _strictly(file: Path, source: bytes, model: type[ItemT], problems: list[Problem]) -> Document[ItemT] | None:
    try:
        root = parse(source)
        data = value(root)
    except SourceError as error:
        problems.append(Problem(str(file), *error.place, error.message))
        return None
    try:
        return Document(file, model.model_validate(data), source)
    except ValidationError as error:
        errors = relevant(error.errors())
        problems.extend(Problem(str(file), *locate(root, where(part)), advise(part)) for part in errors)
        return None
