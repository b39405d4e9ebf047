"""A table of questions, read: commas, semicolons or tabs between the cells; see `columns` for what they hold."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from bot.catalogue.exchange import columns, tags
from bot.catalogue.exchange.columns import FEEDBACK, LANGUAGE, NEEDED, OPTIONS, ORDER
from bot.catalogue.exchange.draft import (
    Draft,
    DraftExhibit,
    DraftOption,
    DraftQuestion,
    DraftSource,
    Heading,
    Texts,
    finish,
)
from bot.catalogue.exchange.files import Foreign
from bot.catalogue.exchange.names import slug
from bot.catalogue.schema import FEWEST_OPTIONS, FIXED_CHOICES, QuestionKind

SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: column → language → text; what is not translated stands under no language."""

    line: int
    cells: Mapping[str, Mapping[str, str]]
    default: str

    def word(self, column: str) -> str | None:
        """A cell that is a name or a number."""
        return self.cells.get(column, {}).get("", "").strip() or None

    def raw(self, column: str) -> str:
        """A cell as it stands."""
        return self.cells.get(column, {}).get("", "")

    def texts(self, column: str) -> Texts:
        """A text in its languages."""
        language = self.word(LANGUAGE) or self.default
        return {code or language: text for code, text in self.cells.get(column, {}).items() if text.strip()}


def read(file: Foreign, default: str) -> Draft:
    """A file as a draft, in the language `default` where the file names none. Raises ContentError."""
    rows = list(_rows(file, default))
    return finish(
        file.name, _heading(file, rows), [_question(file, row, place) for place, row in enumerate(rows, 1)], ()
    )


def _rows(file: Foreign, default: str) -> Iterator[Row]:
    lines = iter(_records(file))
    _, names = next(lines, (1, []))
    known = [columns.meaning(name.strip().lower()) for name in names]
    _check_header(file, [column for column, _ in known])
    for line, cells in lines:
        if len(cells) != len(names):
            raise file.error(
                line, f"this row has {len(cells)} cells and the first row {len(names)}; make them the same"
            )
        grouped: dict[str, dict[str, str]] = {}
        for (column, language), cell in zip(known, cells, strict=True):
            grouped.setdefault(column, {})[language] = columns.unguard(cell)
        yield Row(line, grouped, default)


def _records(file: Foreign) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of every row that is not empty."""
    first = file.text.partition("\n")[0]
    reader = csv.reader(StringIO(file.text, newline=""), delimiter=max(SEPARATORS, key=first.count), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise file.error(line, f"this row cannot be read: {error}; check its quotes") from error


def _check_header(file: Foreign, names: Sequence[str]) -> None:
    missing = [name for name in NEEDED if name not in names]
    if missing:
        listed = ", ".join(f"`{name}`" for name in missing)
        raise file.error(1, f"the first row names no column {listed}; see the table of columns in docs/content.md")
    for name in names:
        if name not in (*ORDER, LANGUAGE):
            raise file.error(1, f"`{name}` is no column; see the table of columns in docs/content.md")


def _heading(file: Foreign, rows: Sequence[Row]) -> Heading:
    level = _same(file, rows, "level")
    return Heading(
        id=_same(file, rows, "quiz"),
        area=_same(file, rows, "area"),
        audience=tuple(part.strip() for part in (_same(file, rows, "audience") or "").split(";") if part.strip()),
        level=int(level) if level and level.isascii() and level.isdigit() and len(level) == 1 else None,
        title=next((texts for row in rows if (texts := row.texts("title"))), None),
        about=next((texts for row in rows if (texts := row.texts("about"))), None),
    )


def _same(file: Foreign, rows: Sequence[Row], column: str) -> str | None:
    found = [(row.line, word) for row in rows if (word := row.word(column))]
    for line, word in found:
        if word != found[0][1]:
            raise file.error(line, f"`{column}` is {word!r} here and {found[0][1]!r} above; one file is one quiz")
    return found[0][1] if found else None


def _question(file: Foreign, row: Row, place: int) -> DraftQuestion:
    right = _right(file, row)
    kind = _kind(file, row, right)
    return DraftQuestion(
        id=slug(row.word("id") or "", f"question-{place}"),
        kind=kind,
        text=row.texts("text"),
        options=_options(file, row, kind, right),
        exhibit=_exhibit(row) if kind is QuestionKind.SCAM else None,
        pair=row.word("pair") if kind is QuestionKind.SCAM else None,
        explanation=row.texts("explanation"),
        source=_source(row),
        review_on=_day(file, row),
        tip=row.word("tip"),
    )


def _day(file: Foreign, row: Row) -> str | None:
    day = row.word("review_on")
    if day and not tags.marks([f"review:{day}"]):
        raise file.error(row.line, f"`review_on` is {day!r}; write a day such as 2027-05-01")
    return day


def _right(file: Foreign, row: Row) -> frozenset[int]:
    parts = [part.strip() for part in (row.word("right") or "").replace(",", ";").split(";")]
    numbers = [part for part in parts if part]
    if any(part not in "123456" or len(part) != 1 for part in numbers):
        raise file.error(
            row.line, f"`right` is {row.word('right')!r}; write the numbers of the right answers: `1`, `1;3`"
        )
    return frozenset(int(part) for part in numbers)


def _kind(file: Foreign, row: Row, right: frozenset[int]) -> QuestionKind:
    named = row.word("kind")
    if named and named not in frozenset(QuestionKind):
        raise file.error(row.line, f"`kind` is {named!r}; use {', '.join(QuestionKind)}")
    kind = QuestionKind(named) if named else QuestionKind.MULTIPLE if len(right) > 1 else QuestionKind.SINGLE
    one = kind not in (QuestionKind.ORDERING, QuestionKind.MULTIPLE)
    if (one and len(right) != 1) or (kind is QuestionKind.MULTIPLE and not right):
        raise file.error(row.line, f"`right` names {len(right) or 'none'} of the answers; a {kind} question needs one")
    return kind


def _options(file: Foreign, row: Row, kind: QuestionKind, right: frozenset[int]) -> tuple[DraftOption, ...]:
    written = [number for number in columns.NUMBERS if row.texts(OPTIONS[number - 1])]
    numbers = [1, 2] if kind in FIXED_CHOICES else written
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < FEWEST_OPTIONS:
        raise file.error(
            row.line, "the answers have a gap, or fewer than two stand here; fill `option1`, `option2`, … in order"
        )
    if right - set(numbers):
        raise file.error(row.line, f"`right` names answer {max(right)}, and there are {len(numbers)}")
    return tuple(
        DraftOption(
            {} if kind in FIXED_CHOICES else row.texts(OPTIONS[number - 1]),
            number in right and kind is not QuestionKind.ORDERING,
            row.texts(FEEDBACK[number - 1]),
        )
        for number in numbers
    )


def _exhibit(row: Row) -> DraftExhibit | None:
    exhibit = DraftExhibit(row.word("exhibit_kind"), row.texts("exhibit_sender"), row.texts("exhibit_text"))
    return exhibit if exhibit.kind or exhibit.sender or exhibit.text else None


def _source(row: Row) -> DraftSource | None:
    press = (row.word("press") or "no").lower() in ("yes", "true", "1", "tak", "так")
    source = DraftSource(row.raw("source_title"), row.word("source_url") or "", row.raw("source_publisher"), press)
    return source if source.title or source.url or source.publisher else None
