"""Tables for spreadsheets: CSV and XLSX, in which a cell is never a formula, whatever somebody typed as their name."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO, StringIO
from unicodedata import lookup
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

import xlsxwriter

Cell = str | int | float | None
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Without it Excel reads UTF-8 as the code page of whoever opens the file."""
_WIDE = ("EQUALS SIGN", "PLUS SIGN", "HYPHEN-MINUS", "COMMERCIAL AT")
_FORMULAS = ("=", "+", "-", "@", *(lookup(f"FULLWIDTH {name}") for name in _WIDE))
_WIDEST = 60
_CORE = "docProps/core.xml"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its headings; `language` is the code of all its words."""

    title: str
    language: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    made_at: datetime


def harmless(text: str) -> str:
    """A spreadsheet takes a cell of CSV that begins like this for a formula; an apostrophe makes it text.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    begins = text.lstrip()
    return f"'{text}" if begins.startswith(_FORMULAS) or text.startswith(("\t", "\r", "\n")) else text


def as_csv(sheet: Sheet) -> bytes:
    """The table with semicolons, as a Polish Excel reads it with a double click."""
    out = StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_NONNUMERIC)
    for row in (sheet.headings, *sheet.rows):
        writer.writerow([_plain(cell, sheet.language) for cell in row])
    return (BOM + out.getvalue()).encode()


def _plain(cell: Cell, language: str) -> Cell:
    """A cell of CSV; fractions as they are written in the language, or a spreadsheet would take them for text."""
    if isinstance(cell, float):
        return str(cell).replace(".", "." if language == "en" else ",")
    return harmless(cell) if isinstance(cell, str) else cell


def as_xlsx(sheet: Sheet) -> bytes:
    """The table as a workbook of one sheet: its headings stay in sight and on every printed page."""
    out = BytesIO()
    # All in memory: a roster on a disk would outlive its erasure.
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        made_at = sheet.made_at.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": sheet.title, "created": made_at})
        page = book.add_worksheet()
        bold = book.add_format({"bold": True, "bottom": 1})
        plain = book.add_format({"text_wrap": True, "valign": "top"})
        for column, heading in enumerate(sheet.headings):
            page.write_string(0, column, heading, bold)
            page.set_column(column, column, _width(sheet, column))
        for number, row in enumerate(sheet.rows, start=1):
            _write(page, number, row, plain)
        page.freeze_panes(1, 0)
        page.repeat_rows(0)
        page.set_landscape()
        page.set_paper(_A4)
        page.fit_to_pages(1, 0)
    return _in_language(out.getvalue(), sheet.language)


_A4 = 9
"""ECMA-376, part 1, 18.3.1.63 `pageSetup`."""


def _write(page: "xlsxwriter.worksheet.Worksheet", number: int, row: Iterable[Cell], how: object) -> None:
    for column, cell in enumerate(row):
        match cell:
            case str():
                page.write_string(number, column, cell, how)
            case int() | float():
                page.write_number(number, column, cell, how)
            case None:
                page.write_blank(number, column, None, how)


def _width(sheet: Sheet, column: int) -> int:
    cells = (sheet.headings[column], *(row[column] for row in sheet.rows))
    return min(_WIDEST, 2 + max(len(str(cell)) for cell in cells if cell is not None))


def _in_language(book: bytes, language: str) -> bytes:
    """The workbook with its language in its properties (Dublin Core), which xlsxwriter has no way to say."""
    out = BytesIO()
    said = f"<dc:language>{escape(language)}</dc:language></cp:coreProperties>"
    with ZipFile(BytesIO(book)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename == _CORE:
                content = content.replace(b"</cp:coreProperties>", said.encode())
            new.writestr(part, content)
    return out.getvalue()
