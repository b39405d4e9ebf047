import re
from io import BytesIO
from xml.etree import ElementTree

import pytest
import segno
from pypdf import PdfReader

from bot.services import classroom, poster
from bot.storage.classroom import QuizLink
from tests.support import NOON, library, quiz, texts

URL = "https://bezpieczny.example.org/q/abcd2345"
LINK = QuizLink("abcd2345", "czad", None, NOON, NOON + classroom.LINK_LASTS)
TITLES = {"pl": "Zażółć gęślą jaźń", "uk": "Чадний газ удома, щогодини їжак", "en": "Carbon monoxide"}


def sheet(language: str) -> poster.Sheet:
    return poster.sheet(library(), quiz(title=TITLES), URL, LINK, language)


def text_of(page: bytes) -> str:
    return " ".join(PdfReader(BytesIO(page)).pages[0].extract_text().split())


@pytest.mark.parametrize("language", TITLES)
def test_one_page_says_it_all_in_the_language(language: str) -> None:
    content = sheet(language)
    made = poster.pdf(content)
    reader = PdfReader(BytesIO(made))
    assert len(reader.pages) == 1
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
    text = text_of(made)
    for words in (
        TITLES[language],
        "bezpieczny.example.org/q/abcd2345",
        content.invitation,
        content.facts,
        content.ends,
    ):
        assert " ".join(words.split()) in text
    assert reader.metadata
    assert reader.metadata.title == TITLES[language]


def test_the_longest_words_still_fit_on_one_page() -> None:
    words = quiz(title=texts("Długie słowa " * 5), about=texts("Wszystko, co trzeba wiedzieć. " * 7))
    long = poster.sheet(
        library(), words, "https://bezpieczny-krakow.bardzo-dluga-nazwa.example.org/q/abcd2345", LINK, "pl"
    )
    assert len(PdfReader(BytesIO(poster.pdf(long))).pages) == 1


def test_words_are_shown_as_written() -> None:
    tricky = dict.fromkeys(TITLES, '#import "x" $1$ *b* <b> \\')
    made = poster.pdf(poster.sheet(library(), quiz(title=tricky), URL, LINK, "pl"))
    assert '#import "x" $1$ *b* <b> \\' in text_of(made)


def modules(url: str) -> set[tuple[int, int]]:
    """The dark modules of the code, by column and row."""
    matrix = segno.make(url, error="m").matrix
    return {(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark}


def test_the_drawn_code_is_the_addresss() -> None:
    root = ElementTree.fromstring(sheet("pl").qr_svg)  # noqa: S314 - we have just made it
    path = next(element for element in root.iter() if element.tag.endswith("path"))
    assert drawn(path.attrib["d"]) == modules(URL)


def drawn(path: str) -> set[tuple[int, int]]:
    """The modules of segno's path: moves, and horizontal strokes through the middle of a row."""
    x, y, dark = 0.0, 0.0, set()
    for command, numbers in commands(path):
        if command in "Mm":
            x, y = (numbers[0], numbers[1]) if command == "M" else (x + numbers[0], y + numbers[1])
        elif command == "h":
            dark |= {(int(x) + step, int(y)) for step in range(int(numbers[0]))}
            x += numbers[0]
    return dark


def commands(path: str) -> list[tuple[str, list[float]]]:
    return [
        (letter, [float(number) for number in re.findall(r"-?[\d.]+", numbers)])
        for letter, numbers in re.findall(r"([Mmh])([^Mmh]*)", path)
    ]


def test_the_picture_is_the_same_code_with_its_quiet_zone() -> None:
    side = len(segno.make(URL, error="m").matrix)
    png = poster.qr_png(URL)
    width, height = (int.from_bytes(png[start : start + 4]) for start in (16, 20))
    assert png.startswith(b"\x89PNG")
    assert width == height == (side + 8) * poster.QR_SCALE
    assert poster.qr_png(URL) is png
