"""Rosters as files: what somebody typed as their name is never a formula, and everything reads back as it was."""

import csv
from datetime import timedelta
from io import BytesIO, StringIO

from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook

from bot.services.sheets import BOM, Cell, Sheet, as_csv, as_xlsx, harmless
from tests.support import NOON

HEADINGS = ["Imię i nazwisko", "Miejsca"]
DANGEROUS = ('=HYPERLINK("x")', "+48 600 100 200", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1+1", "\u00a0=1", "＝1", "＋1")
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


def sheet(*rows: tuple[Cell, ...]) -> Sheet:
    return Sheet("Pierwsza pomoc", "pl", HEADINGS, rows, NOON)


@given(st.one_of(TEXTS, st.sampled_from(DANGEROUS), st.tuples(st.sampled_from("=+-@\t\r＝"), TEXTS).map("".join)))
@example("=cmd|' /C calc'!A0")
def test_no_cell_of_csv_begins_a_formula(text: str) -> None:
    (_, (cell, _)) = csv.reader(StringIO(as_csv(sheet((text, 1))).decode("utf-8-sig"), newline=""), delimiter=";")

    assert not cell.strip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert not cell.startswith(("\t", "\r", "\n"))
    assert cell in (text, f"'{text}")
    assert harmless(cell) == cell


def test_an_ordinary_name_stays_as_it_is() -> None:
    assert as_csv(sheet(("Żaneta Ćwik; z córką", 2), ('Adam "Ad"', None))).decode() == (
        f'{BOM}"Imię i nazwisko";"Miejsca"\r\n"Żaneta Ćwik; z córką";2\r\n"Adam ""Ad""";""\r\n'
    )


@given(st.lists(st.tuples(TEXTS.filter(lambda text: text.strip() == text != ""), st.integers(0, 5)), max_size=5))
def test_a_workbook_reads_back_as_it_was_written(rows: list[tuple[str, int]]) -> None:
    book = load_workbook(BytesIO(as_xlsx(sheet(*rows))))

    assert [[cell.value for cell in row] for row in book.active.iter_rows()] == [HEADINGS, *map(list, rows)]
    assert {cell.data_type for row in book.active.iter_rows(min_row=2) for cell in row} <= {"s", "n"}


def test_a_workbook_has_no_formulas_and_no_links_its_headings_in_sight_and_says_its_language() -> None:
    texts = [*(text for text in DANGEROUS if "\r" not in text), "https://example.org", "007", "{=1}"]
    book = load_workbook(BytesIO(as_xlsx(sheet(*((text, None) for text in texts)))))

    page = book.active
    assert [cell.value for cell in page["A"][1:]] == texts
    assert {cell.data_type for cell in page["A"]} == {"s"}
    assert [cell.hyperlink for cell in page["A"] if cell.hyperlink] == []
    assert page.freeze_panes == "A2"
    assert page.print_title_rows == "$1:$1"
    assert page.column_dimensions["A"].width > len(HEADINGS[0])
    assert (book.properties.language, book.properties.title) == ("pl", "Pierwsza pomoc")
    assert abs(book.properties.created - NOON.replace(tzinfo=None)) < timedelta(seconds=1)
