"""The report's tables as files for spreadsheets and programs."""

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from bot.catalogue.words import Words
from bot.domain.messages import say
from bot.services import sheets
from bot.services.programme_report.model import COLUMNS, Gap, Kind, Report, Table, Value
from bot.services.programme_report.reading import DASH, HIDDEN_SIGN, Reading, Sheet
from bot.services.sheets import Cell
from scheduler.calendar import ZONE

PLACES = {Kind.SHARE: 4, Kind.POINTS: 4, Kind.MONEY: 2}
"""Digits after the point."""


def csv_files(report: Report, reading: Reading, words: Words) -> dict[str, bytes]:
    """File name → content: one for each table, what their columns mean, and how to read them.

    Headings are in the reading's language. The keys of rows and columns, and the files' names, are the same in all.
    """
    files = {
        f"{number:02}-{table.name.value.replace('_', '-')}.csv": _table(report, table, sheet, reading.language, words)
        for number, (table, sheet) in enumerate(zip(report.tables, reading.sheets, strict=True), start=1)
    }
    files["columns.csv"] = _columns(report, reading, words)
    lines = (reading.title, reading.as_of, *reading.warnings, *reading.notes)
    files["notes.txt"] = (sheets.BOM + "".join(f"{line}\r\n" for line in lines)).encode()
    return files


def zipped(files: dict[str, bytes], at: datetime) -> bytes:
    """Files as one; the same files make the same archive."""
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for name, content in files.items():
            info = ZipInfo(name, at.astimezone(ZONE).timetuple()[:6])
            archive.writestr(info, content, ZIP_DEFLATED)
    return out.getvalue()


def _table(report: Report, table: Table, sheet: Sheet, language: str, words: Words) -> bytes:
    upright = len(sheet.headings) != len(COLUMNS[table.name])
    headings = (words.label(say("report.csv.key"), language), sheet.first, *sheet.headings)
    rows = list(_upright(table, sheet, words, language) if upright else _lines(table, sheet, words, language))
    return sheets.as_csv(sheets.Sheet(sheet.title, language, headings, rows, report.as_of))


def _lines(table: Table, sheet: Sheet, words: Words, language: str) -> Iterator[tuple[Cell, ...]]:
    for row, line in zip(table.rows, sheet.lines, strict=True):
        cells = zip(COLUMNS[table.name], row.values, strict=True)
        yield (row.key, line.label, *(_cell(kind, value, words, language) for (_, kind), value in cells))


def _upright(table: Table, sheet: Sheet, words: Words, language: str) -> Iterator[tuple[Cell, ...]]:
    for (key, kind), value, line in zip(COLUMNS[table.name], table.rows[0].values, sheet.lines, strict=True):
        yield (key, line.label, _cell(kind, value, words, language))


def _cell(kind: Kind, value: Value, words: Words, language: str) -> Cell:
    """A number without its unit; a share of one, not of a hundred."""
    match value:
        case Gap.HIDDEN:
            return HIDDEN_SIGN
        case Gap.UNMEASURED:
            return words.label(say("report.unmeasured"), language)
        case Gap.AHEAD | Gap.NOTHING:
            return DASH
        case float():
            return round(value, PLACES.get(kind, 0))
        case _:
            return value


def _columns(report: Report, reading: Reading, words: Words) -> bytes:
    """Which table has which column, by their keys, what it is called and what it means."""
    keys = ("table", "column", "heading", "meaning")
    headings = [words.label(say(f"report.csv.{key}"), reading.language) for key in keys]
    rows: list[tuple[Cell, ...]] = []
    for table, sheet in zip(report.tables, reading.sheets, strict=True):
        meanings = dict(sheet.meanings)
        names = [line.label for line in sheet.lines] if len(sheet.headings) == 1 else sheet.headings
        for (key, _), name in zip(COLUMNS[table.name], names, strict=True):
            rows.append((table.name.value, key, name, meanings.get(name, "")))
    return sheets.as_csv(sheets.Sheet(reading.title, reading.language, headings, rows, report.as_of))
