"""A quiz on paper: read back from its PDF."""

import re
from io import BytesIO

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from bot.catalogue.documents import Content
from bot.catalogue.exchange.mixing import mixed
from bot.catalogue.loader import Reader
from bot.catalogue.schema import Quiz
from bot.domain.messages import say
from bot.services import worksheet
from tests.support import CONTENT, programme, question, quiz, real_words

LANGUAGES = ("pl", "uk", "en")


@pytest.fixture(scope="module")
def real() -> Content:
    return Reader(CONTENT).read()


def printed(item: Quiz, language: str = "pl") -> PdfReader:
    content = worksheet.worksheet(real_words(), programme(), item, language)
    return PdfReader(BytesIO(worksheet.pdf(content)))


def words(reader: PdfReader, page: int) -> str:
    """The letters of a page; where lines and columns break does not matter."""
    return squeeze(reader.pages[page].extract_text())


def squeeze(text: str) -> str:
    return re.sub(r"[\s\xad-]+", "", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_we_teach_is_one_page_and_its_key(real: Content, language: str) -> None:
    for document in real.quizzes.values():
        item = document.item
        reader = printed(item, language)
        assert len(reader.pages) == 2, document.file
        assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
        sheet, key = words(reader, 0), words(reader, 1)
        assert squeeze(real_words().label(say("worksheet.key"), language)) not in sheet
        for asked in item.questions:
            assert squeeze(asked.text[language].split(".")[0]) in sheet
            assert squeeze(asked.source.publisher) in key


def test_fonts_come_with_it_and_it_can_be_read_aloud() -> None:
    reader = printed(quiz(), "uk")
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]  # type: ignore[index] # pypdf's own types
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert "/FontFile2" in descriptor or "/FontFile3" in descriptor
    root = reader.trailer["/Root"]
    assert isinstance(root, DictionaryObject)
    assert str(root["/Lang"]) == "uk"
    assert "/StructTreeRoot" in root
    assert reader.metadata
    assert reader.metadata.title == "Quiz czad (uk) · Bezpieczny Kraków"


def test_the_key_says_what_the_letters_and_boxes_of_the_sheet_need() -> None:
    several = question("two").model_dump() | {"kind": "multiple"}
    several["options"] = [option | {"right": place != 1} for place, option in enumerate(several["options"])]
    steps = question("three").model_dump() | {"kind": "ordering"}
    steps["options"] = [option | {"right": False} for option in steps["options"]]
    item = quiz(questions=[question("one").model_dump(), several, steps])
    content = worksheet.worksheet(real_words(), programme(), item, "en")
    one, two, three = content.solutions
    order = mixed("czad", item.questions[0])
    assert one.answer == f"{'ABC'[order.index(0)]}. Option 0 (en)"
    assert [part[3:] for part in two.answer.split("; ")] == [
        f"Option {place} (en)" for place in mixed("czad", item.questions[1]) if place != 1
    ]
    shown = [option[7] for option in content.exercises[2].options]
    assert three.answer == f"Order: {', '.join(str(int(place) + 1) for place in shown)}"
    assert [each.how for each in content.exercises] == ["", "Tick every right answer.", "Number the steps from 1."]


def test_more_than_a_page_holds_goes_on_and_the_key_stays_last() -> None:
    long = dict.fromkeys(LANGUAGES, "Bardzo długie pytanie. " * 10)
    item = quiz(questions=[question(f"q{number}", text=long).model_dump() for number in range(20)])
    reader = printed(item)
    assert len(reader.pages) > 2
    assert "Kluczdlaprowadzących" in words(reader, -1) or "Kluczdlaprowadzących" in words(reader, -2)
    assert "20.Bardzo" in "".join(words(reader, page) for page in range(len(reader.pages)))


def test_words_are_shown_as_written_and_emoji_left_out() -> None:
    tricky = dict.fromkeys(LANGUAGES, '#import "x" $1$ *b* <b> \\ 🙂 ☺️')
    reader = printed(quiz(questions=[question("one", text=tricky).model_dump()]))
    assert '#import"x"$1$*b*<b>\\' in words(reader, 0)


def test_a_letter_that_no_font_has_is_no_failure() -> None:
    reader = printed(quiz(questions=[question("one", text=dict.fromkeys(LANGUAGES, "漢字?")).model_dump()]))
    assert len(reader.pages) == 2
