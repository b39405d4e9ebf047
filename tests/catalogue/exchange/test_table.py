"""Tables: for spreadsheets, which have their own ideas."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.exchange.columns import ORDER, guard, unguard
from bot.catalogue.exchange.formats import Format
from bot.catalogue.problems import ContentError
from bot.catalogue.schema import QuestionKind
from tests.catalogue.exchange.make import export, read
from tests.catalogue.exchange.strategies import raw
from tests.support import question, quiz

SIMPLE = "text,option1,option2,right\n"


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline="")))


def test_one_row_is_one_question() -> None:
    text = export(quiz(), Format.CSV, "pl")
    header, first, *_ = rows(text)
    assert text.startswith("\ufeff"), "without the mark, Excel shows Polish letters as others"
    assert header == ["language", *ORDER]
    cells = dict(zip(header, first, strict=True))
    assert cells["text"] == "Question one? (pl)"
    assert (cells["option2"], cells["feedback2"], cells["right"]) == ("Option 1 (pl)", "Because 1 (pl)", "1")
    assert (cells["kind"], cells["option4"], cells["review_on"]) == ("single", "", "2030-01-01")


def test_all_languages_have_a_column_each() -> None:
    header, first, *_ = rows(export(quiz(), Format.CSV, "pl", "uk", "en"))
    cells = dict(zip(header, first, strict=True))
    assert cells["option1_uk"] == "Option 0 (uk)"
    assert cells["tip"] == "czujka"
    assert "text" not in header
    assert "language" not in header


@given(raw | st.text(max_size=5) | st.text("'=+-@\t\r\n ＝", max_size=5))
def test_formulas_are_disarmed_and_armed_again(cell: str) -> None:
    guarded = guard(cell)
    assert guarded.lstrip()[:1] not in {"=", "+", "-", "@", "＝", "＋", "－", "＠"}
    assert guarded[:1] not in {"\t", "\r", "\n"}
    assert unguard(guarded) == cell


def test_a_formula_in_a_quiz_goes_out_as_text() -> None:
    evil = question("one", text={"pl": "=HYPERLINK(0)"}).model_dump()
    (_, first) = rows(export(quiz(questions=[evil]), Format.CSV, "pl"))
    assert "'=HYPERLINK(0)" in first
    assert "=HYPERLINK(0)" not in first


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_excels_separators_are_all_read(separator: str) -> None:
    text = f"\ufeff{SIMPLE}Dym?,Wychodzę,Czekam,1\n\n".replace(",", separator)
    (found,) = read(text, Format.CSV).questions
    assert found.text == {"pl": "Dym?"}
    assert [(option.text["pl"], option.right) for option in found.options] == [("Wychodzę", True), ("Czekam", False)]


def test_a_plain_table_needs_four_columns_and_gets_its_names() -> None:
    draft = read(f"{SIMPLE}Dym?,a,b,1\nCzad?,a,b,1;2\n", Format.CSV, "uk")
    assert [(each.id, each.kind) for each in draft.questions] == [
        ("question-1", QuestionKind.SINGLE),
        ("question-2", QuestionKind.MULTIPLE),
    ]
    assert draft.questions[0].text == {"uk": "Dym?"}
    assert draft.data()["questions"][0].keys() == {"id", "text", "options"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("text,option1,right\n", 1, "the first row names no column `option2`"),
        (f"{SIMPLE[:-1]},colour\n", 1, "`colour` is no column"),
        (f"{SIMPLE}Dym?,a,b\n", 2, "this row has 3 cells and the first row 4"),
        (f"{SIMPLE}Dym?,a,b,1,\n", 2, "this row has 5 cells and the first row 4"),
        (f'{SIMPLE}"Dym\n?",a,b,1\nCzad?,a,b,3\n', 4, "`right` names answer 3, and there are 2"),
        (f"{SIMPLE}Dym?,a,b,A\n", 2, "`right` is 'A'; write the numbers"),
        (f"{SIMPLE}Dym?,a,b,\n", 2, "`right` names none of the answers; a single question needs one"),
        (f"{SIMPLE}Dym?,a,,1\n", 2, "the answers have a gap, or fewer than two"),
        (f"kind,{SIMPLE}quiz,Dym?,a,b,1\n", 2, "`kind` is 'quiz'; use single, multiple"),
        (f"review_on,{SIMPLE}1.05.2027,Dym?,a,b,1\n", 2, "`review_on` is '1.05.2027'; write a day such as 2027-05-01"),
        (f"area,{SIMPLE}road,Dym?,a,b,1\ncyber,Czad?,a,b,1\n", 3, "`area` is 'cyber' here and 'road' above"),
        (f'{SIMPLE}"Dym?,a,b,1\n', 2, "this row cannot be read: unexpected end of data"),
        (f"{SIMPLE}" + "Dym?,a,b,1\n" * 21, 0, "21 questions are here; one quiz holds 20"),
        (SIMPLE, 0, "no question here"),
        ("", 1, "the first row names no column"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(text: str, line: int, words: str) -> None:
    with pytest.raises(ContentError) as caught:
        read(text, Format.CSV)
    (problem,) = caught.value.problems
    assert words in problem.message
    assert problem.line == line
