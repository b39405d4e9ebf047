"""The report as people get it: in words, on paper, in files. Numbers are read back from what was written."""

import asyncio
import csv
import re
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject, StreamObject

from bot.services.programme_report import counting, files, paper, reading
from bot.services.programme_report.model import COLUMNS, UPRIGHT, Gap, Kind, Name, Report, Row, Table
from bot.services.programme_report.reading import Reading
from tests.services.programme_report.city import NOW, books, build
from tests.support import open_database

LANGUAGES = ("pl", "uk", "en")
HOSTILE = ('#import "x"', "$1$ *b* _c_ `d`", "\\ \\n [e](f)", "=HYPERLINK(1)", "//comment", "<label>", "@ref 🙂 漢")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    async def count() -> Report:
        async with open_database(tmp_path_factory.mktemp("city")) as database:
            await build(database, people=400)
            async with database.read() as conn:
                return await counting.count(conn, books(), 2026, NOW)

    return asyncio.run(count())


def read(report: Report, language: str = "pl") -> Reading:
    return reading.read(report, books(), language)


def printed(report: Report, language: str = "pl") -> PdfReader:
    words = read(report, language)
    return PdfReader(BytesIO(paper.pdf(words, books().words, report.as_of)))


def squeeze(text: str) -> str:
    return re.sub(r"[\s\xad]+", "", text)


def words_of(paper: PdfReader) -> str:
    """Its letters; where lines break does not matter."""
    return squeeze("".join(page.extract_text() for page in paper.pages))


def with_campaigns(report: Report, *titles: str) -> Report:
    """The report with campaigns of these titles."""
    values = ("2026-11-02", 1, 90, 80, Gap.HIDDEN, 0, 7)
    rows = tuple(Row(str(number), values, title) for number, title in enumerate(titles))
    tables = (Table(Name.CAMPAIGNS, rows) if one.name is Name.CAMPAIGNS else one for one in report.tables)
    return replace(report, tables=tuple(tables))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_paper_holds_every_number_in_its_line(report: Report, language: str) -> None:
    text = words_of(printed(report, language))
    for sheet in read(report, language).sheets:
        assert squeeze(sheet.title) in text
        assert squeeze(sheet.about) in text
        for line in sheet.lines:
            assert squeeze(line.label + "".join(line.cells)) in text, (sheet.name, line)


def test_the_paper_can_be_read_aloud_and_is_dated(report: Report) -> None:
    paper = printed(report, "uk")
    root = paper.trailer["/Root"]
    assert isinstance(root, DictionaryObject)
    assert str(root["/Lang"]) == "uk"
    assert "/StructTreeRoot" in root
    about = root["/Metadata"].get_object()
    assert isinstance(about, StreamObject)
    assert "pdfuaid" in about.get_data().decode()
    assert paper.metadata
    assert paper.metadata.title == "Звіт про програму Bezpieczny Kraków за 2026"
    assert paper.metadata.creation_date == datetime(2027, 2, 10, tzinfo=UTC)


def test_its_pages_are_numbered_and_listed(report: Report) -> None:
    pages = [page.extract_text() for page in printed(report).pages]
    for number, page in enumerate(pages, start=1):
        assert f"Strona {number} z {len(pages)}" in page
        assert "Stan na: 10 lut 2027, 12:00." in page
    listed = re.search(r"Przyrost wiedzy[ .]*(\d+)", pages[0])
    assert listed
    assert "Przyrost wiedzy\n" in pages[int(listed[1]) - 1]


def test_each_picture_is_put_into_words(report: Report) -> None:
    found: list[str] = []

    def walk(node: object) -> None:
        if isinstance(node, DictionaryObject):
            if "/Alt" in node:
                found.append(str(node["/Alt"]))
            children = node.get("/K", [])
            children = children.get_object() if hasattr(children, "get_object") else children
            for child in children if isinstance(children, list) else [children]:
                walk(child.get_object() if hasattr(child, "get_object") else child)

    paper = printed(report)
    walk(paper.trailer["/Root"]["/StructTreeRoot"])  # type: ignore[index] # pypdf's own types
    assert set(found) == {plot.alt for sheet in read(report).sheets for plot in sheet.plots}
    assert len(found) >= 8


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_is_printed_as_it_was_written(report: Report, title: str) -> None:
    text = words_of(printed(with_campaigns(report, title)))
    assert squeeze(re.sub("[🙂漢]", "", title)) in text


def test_a_year_of_which_nothing_is_known_is_printed_too(report: Report) -> None:
    tables = [Table(one.name, ()) if one.name is Name.CAMPAIGNS else one for one in report.tables]
    gone = [
        replace(one, rows=tuple(replace(row, values=tuple(Gap.UNMEASURED for _ in row.values)) for row in one.rows))
        for one in tables
    ]
    text = words_of(printed(replace(report, tables=tuple(gone), demo=False)))
    assert "niemierzono" in text
    assert "daneprzykładowe" not in text


def test_demo_and_a_year_in_progress_are_the_first_that_is_read(report: Report) -> None:
    first = printed(replace(report, in_progress=True)).pages[0].extract_text()
    assert "To dane przykładowe" in first
    assert "Ten rok jeszcze trwa" in first
    assert first.index("To dane przykładowe") < first.index("Spis treści")


# --- files


def table_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig")), delimiter=";"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_table_is_a_file_with_keys_that_no_language_changes(report: Report, language: str) -> None:
    words = read(report, language)
    written = files.csv_files(report, words, books().words)
    assert all(content.startswith(b"\xef\xbb\xbf") for content in written.values())
    names = [f"{number:02}-{one.value.replace('_', '-')}.csv" for number, one in enumerate(Name, start=1)]
    assert list(written) == [*names, "columns.csv", "notes.txt"]
    for name, table, sheet in zip(names, report.tables, words.sheets, strict=True):
        head, *lines = table_of(written[name])
        assert head[1:] == [sheet.first, *sheet.headings]
        upright = table.name in UPRIGHT
        keys = [key for key, _ in COLUMNS[table.name]] if upright else [row.key for row in table.rows]
        assert [line[0] for line in lines] == keys
        assert [line[1] for line in lines] == [line.label for line in sheet.lines]


@pytest.mark.parametrize(("language", "point"), [("pl", ","), ("uk", ","), ("en", ".")])
def test_numbers_in_files_are_those_of_the_report(report: Report, language: str, point: str) -> None:
    written = files.csv_files(report, read(report, language), books().words)
    for name, content in zip(written.values(), report.tables, strict=False):
        if content.name in UPRIGHT:
            continue
        for line, row in zip(table_of(name)[1:], content.rows, strict=True):
            for cell, value, (_, kind) in zip(line[2:], row.values, COLUMNS[content.name], strict=True):
                if isinstance(value, float):
                    assert float(cell.replace(point, ".")) == pytest.approx(value, abs=0.0001)
                elif isinstance(value, int) or kind is Kind.DAY:
                    assert cell == str(value)
                elif value == Gap.HIDDEN:
                    assert cell == "#"


def test_every_column_is_explained_in_a_file(report: Report) -> None:
    rows = table_of(files.csv_files(report, read(report), books().words)["columns.csv"])[1:]
    assert [(row[0], row[1]) for row in rows] == [
        (table.name.value, key) for table in report.tables for key, _ in COLUMNS[table.name]
    ]
    assert all(row[2] for row in rows)


def test_a_title_is_no_formula(report: Report) -> None:
    report = with_campaigns(report, "=1+1", "@x", "-2")
    rows = table_of(files.csv_files(report, read(report), books().words)["10-campaigns.csv"])
    assert [row[1] for row in rows[1:]] == ["'=1+1", "'@x", "'-2"]


def test_the_archive_is_the_same_each_time(report: Report, tmp_path: Path) -> None:
    written = files.csv_files(report, read(report), books().words)
    archive = files.zipped(written, report.as_of)
    assert archive == files.zipped(written, report.as_of)
    with ZipFile(BytesIO(archive)) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == written
        assert "przykładowe" in opened.read("notes.txt").decode()


# --- words


@pytest.mark.parametrize(
    ("language", "kind", "value", "text"),
    [
        ("pl", Kind.SHARE, 0.754, "75 %"),
        ("pl", Kind.POINTS, 0.0341, "+3,4 p.p."),
        ("en", Kind.POINTS, -0.0341, "−3.4 pp"),
        ("uk", Kind.POINTS, 0.0, "0 в. п."),
        ("en", Kind.MONEY, 1_400_000, "PLN 1,400,000"),
        ("pl", Kind.MONEY, 14.256, "14,26 zł"),
        ("pl", Kind.DAY, "2026-11-02", "2 lis 2026"),
        ("pl", Kind.COUNT, Gap.HIDDEN, "#"),
        ("pl", Kind.SHARE, Gap.UNMEASURED, "nie mierzono"),
        ("en", Kind.SHARE, Gap.NOTHING, "–"),
    ],
)
def test_a_value_is_written_as_the_language_does(language: str, kind: Kind, value: float | str, text: str) -> None:
    column = {Kind.SHARE: "before", Kind.POINTS: "gain", Kind.COUNT: "people"}
    if kind in column:
        name, key = Name.GAIN, column[kind]
    else:
        name, key = (Name.COST, "cost") if kind is Kind.MONEY else (Name.CAMPAIGNS, "first")
    values = tuple(value if one == key else 0 for one, _ in COLUMNS[name])
    if name is Name.CAMPAIGNS:
        values = (value, *values[1:])
    report = Report(2026, NOW, in_progress=False, demo=False, tables=(Table(name, (Row("total", values),)),))
    (sheet,) = read(report, language).sheets
    shown = [cell for line in sheet.lines for cell in line.cells]
    assert text.replace(" ", "\xa0") in [cell.replace(" ", "\xa0") for cell in shown]
