"""`report`: a year on the screen, on paper and in files."""

from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from bot.services.programme_report.counting import year_of
from bot.wiring import utc_now
from tests.commands.conftest import Say


@pytest.fixture
def year(bezpieczny: Say) -> str:
    """A city of this year, and the year."""
    bezpieczny("demo", "--residents", "120")
    return str(year_of(utc_now()))


def test_the_tables_are_shown_with_what_they_mean(bezpieczny: Say, year: str) -> None:
    shown = bezpieczny("report", "--year", year, "--language", "en").stdout

    assert f"Report of the programme Bezpieczny Kraków, {year}" in shown
    assert "This is demo data, from an invented city." in shown
    for title in ("Key numbers", "Reach by month", "Knowledge gain", "Workshops", "Campaigns"):
        assert f"\n{title}\n" in shown
    assert "Parallel forms" in shown
    assert "fewer than 5 people" in shown


def test_it_is_written_as_a_pdf_and_as_files(bezpieczny: Say, year: str, tmp_path: Path) -> None:
    pdf, folder = tmp_path / "new" / f"bezpieczny-krakow-{year}.pdf", tmp_path / "new" / f"bezpieczny-krakow-{year}"

    shown = bezpieczny("report", "--year", year, "--pdf", "--csv", "--to", str(tmp_path / "new")).stdout

    assert f"Wrote {pdf}." in shown
    assert PdfReader(BytesIO(pdf.read_bytes())).metadata
    assert (folder / "03-area.csv").read_text(encoding="utf-8-sig").startswith('"Klucz";"Obszar";')
    assert (folder / "notes.txt").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--year", "1999"), "There is no report of 1999; there are those of 20"),
        (("--year", "2026", "--language", "de"), "There are no words in 'de'. There are: pl, uk, en."),
        (("--year", "2026", "--pdf", "--to", "/dev/null/x"), "/dev/null/x cannot be used as a folder: "),
        (
            ("--year", "2026", "--csv", "--to", "/dev/null/x"),
            "/dev/null/x/bezpieczny-krakow-2026 cannot be used as a folder: ",
        ),
    ],
)
def test_what_cannot_be_is_one_clear_line(bezpieczny: Say, words: tuple[str, ...], line: str) -> None:
    stderr = bezpieczny("report", *words, code=1).stderr
    assert line in stderr
    assert stderr.count("\n") == 1
