import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.matrix.choices import is_pick, letter_of, press_of, seeds, tapped

MENU = (("qs", "Quiz"), ("tn", "Porada"), ("as", "Co robić, gdy…"), ("pr", "Prywatność"), ("ho", "‹ Menu"))
QUESTION = (("an:1:0:2", "A. Z lodówki"), ("an:1:0:0", "B. Z piecyka"), ("an:1:0:1", "C. Здоров’я"), ("ho", "Menu"))
BOXES = (("qq:1:1:0", "☑ A. Katar"), ("qq:1:1:01", "☐ B. Nudności"), ("an:1:1:0", "Sprawdź"), ("ho", "Menu"))
ORDER = (("qq:1:4:01", "B. Otwórz okno"), ("qq:1:4:02", "C. Dzwoń 112"), ("qq:1:4:", "A · od nowa"))
CHOICES = (MENU, QUESTION, BOXES, ORDER)


@pytest.mark.parametrize(
    "typed", ["2", "2.", "2)", "(2)", " 2 ", "2:", "2️⃣", "2\u20e3", "②", "２", "2. Porada", "2) porada"]
)
def test_a_number_chooses_however_it_is_written(typed: str) -> None:
    assert press_of(typed, MENU, awaits=False) == "tn"


def test_a_number_with_two_digits() -> None:
    many = tuple((f"ds:{number}", f"Dzielnica {number}") for number in range(1, 19))
    assert press_of("18", many, awaits=False) == "ds:18"
    assert press_of("🔟", many, awaits=False) == "ds:10"
    assert press_of("1️⃣0️⃣", many, awaits=False) == "ds:10"


@pytest.mark.parametrize("typed", ["0", "6", "99", "-1", "1.5", "12:00", "1 2", "112", "1000", "½", "10000000000000"])
def test_what_is_no_number_of_a_choice_chooses_none(typed: str) -> None:
    assert press_of(typed, MENU, awaits=False) is None


@pytest.mark.parametrize("typed", ["A", "a", "A.", "a)", "(a)", "А", "а", "1"])
def test_a_letter_chooses_the_answer_that_shows_it(typed: str) -> None:
    assert press_of(typed, QUESTION, awaits=False) == "an:1:0:2"
    assert press_of(typed, BOXES, awaits=False) == "qq:1:1:0"


@pytest.mark.parametrize(("typed", "code"), [("В", "an:1:0:0"), ("б", "an:1:0:0"), ("С", "an:1:0:1"), ("d", None)])
def test_a_letter_may_come_from_another_keyboard(typed: str, code: str | None) -> None:
    assert press_of(typed, QUESTION, awaits=False) == code


def test_a_letter_is_the_one_that_is_shown_and_not_the_place() -> None:
    assert press_of("b", ORDER, awaits=False) == "qq:1:4:01"
    assert press_of("c", ORDER, awaits=False) == "qq:1:4:02"
    assert press_of("a", ORDER, awaits=False) is None
    assert press_of("a", MENU, awaits=False) is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Porada", "tn"),
        ("porada!", "tn"),
        ("co robić, gdy…", "as"),
        ("Co robic gdy", "as"),
        ("PRYWATNOSC", "pr"),
        ("pozar wlasny", "ti"),
        ("menu", "ho"),
        ("‹ Menu", "ho"),
        ("1. Porada", "tn"),
        ("poradnik", None),
        ("daj poradę", None),
        ("", None),
        ("…", None),
    ],
)
def test_the_words_of_a_choice_choose_it(typed: str, code: str | None) -> None:
    assert press_of(typed, (*MENU, ("ti", "Pożar własny")), awaits=False) == code


@pytest.mark.parametrize("typed", ["b. z piecyka", "Z piecyka", "B z piecyka"])
def test_an_answers_words_need_no_letter(typed: str) -> None:
    assert press_of(typed, QUESTION, awaits=False) == "an:1:0:0"


@pytest.mark.parametrize("typed", ["здоров'я", "Здоровʼя", "ЗДОРОВ’Я", "C. здоров’я"])
def test_apostrophes_are_all_the_same(typed: str) -> None:
    assert press_of(typed, QUESTION, awaits=False) == "an:1:0:1"


def test_a_ticked_box_is_found_by_its_words() -> None:
    assert press_of("katar", BOXES, awaits=False) == "qq:1:1:0"
    assert press_of("nudnosci", BOXES, awaits=False) == "qq:1:1:01"


def test_words_of_several_choose_none() -> None:
    twice = (("ti:a:0", "Czad"), ("ti:b:0", "czad!"), ("ti:c:0", "Lód"), ("ti:d:0", "Lod"))
    assert press_of("CZAD", twice, awaits=False) is None
    assert press_of("Czad", twice, awaits=False) == "ti:a:0"
    assert press_of("lód", twice, awaits=False) == "ti:c:0"
    assert press_of("lod", twice, awaits=False) == "ti:d:0"
    assert press_of("Menu", (("ho", "Menu"), ("ho", "Menu")), awaits=False) == "ho"


def test_signs_alone_are_chosen_by_themselves() -> None:
    thumbs = (("tr:1", "👍"), ("tr:0", "👎"))
    assert press_of("👎", thumbs, awaits=False) == "tr:0"
    assert press_of("👀", thumbs, awaits=False) is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        *(
            (word, "qs")
            for word in ("pierwsza", "Pierwszy.", "pierwszą", "перша", "ПЕРШЕ", "first", "the first", "1st")
        ),
        *((word, "tn") for word in ("drugi", "drugie!", "друга", "second", "2nd")),
        *((word, "as") for word in ("trzeci", "trzecia", "третє", "Third", "3rd")),
        *((word, "pr") for word in ("czwarta", "четвертий", "the fourth", "4th")),
        *((word, "ho") for word in ("piąta", "piaty", "пʼята", "п'ятий", "fifth", "5th")),
        ("pierwsza pomoc", None),
        ("szósta", None),
        ("the", None),
    ],
)
def test_an_ordinal_chooses_the_one_in_that_place(typed: str, code: str | None) -> None:
    assert press_of(typed, MENU, awaits=False) == code
    assert press_of(typed, MENU, awaits=True) is None
    assert is_pick(typed) == (code is not None)


def test_an_ordinal_chooses_where_nothing_else_fits() -> None:
    classes = (("cl:1", "Klasa pierwsza"), ("cl:2", "Druga"), ("cl:3", "Pierwsza"))
    assert press_of("pierwsza", classes, awaits=False) == "cl:3"
    assert press_of("druga", classes, awaits=False) == "cl:2"
    assert press_of("trzecia", classes, awaits=False) == "cl:3"
    assert press_of("czwarta", classes, awaits=False) is None
    assert is_pick("czwarta")


@pytest.mark.parametrize("typed", ["Menu", "a", "A.", "Z piecyka", "4. Menu"])
def test_where_a_typed_text_is_awaited_only_a_number_chooses(typed: str) -> None:
    assert press_of(typed, QUESTION, awaits=True) is None
    assert press_of("4", QUESTION, awaits=True) == "ho"
    assert press_of("600100200", QUESTION, awaits=True) is None


PIECES = st.sampled_from(
    [
        "1",
        "2",
        "4",
        ".",
        ")",
        " ",
        "a",
        "A. ",
        "B",
        "в",
        "x",
        "́",
        "☑ ",
        "porada",
        "Prywatność",
        "z piecyka",
        "menu",
        "2️⃣",
    ]
)


def bare(text: str) -> str:
    """Small letters and digits alone, their accents gone."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()).replace("ł", "l")
    return "".join(one for one in letters if one.isalnum())


def ways_to_say(number: int, label: str) -> set[str]:
    """All that chooses, in bare letters."""
    letter = (letter_of(label) or "").lower()
    words = bare(label).removeprefix(letter)
    return {
        str(number),
        letter,
        letter.translate(str.maketrans("abc", "авс")),
        bare(label),
        words,
        f"{number}{bare(label)}",
    }


@given(st.text() | st.lists(PIECES, max_size=4).map("".join), st.sampled_from(CHOICES))
def test_what_says_no_choice_chooses_none(text: str, choices: tuple[tuple[str, str], ...]) -> None:
    code = press_of(text, choices, awaits=False)
    if code is not None:
        (said,) = (ways_to_say(number, label) for number, (one, label) in enumerate(choices, start=1) if one == code)
        assert bare(text) in said - {""} | ({"б"} if "b" in said else set())


@given(st.text(), st.lists(st.tuples(st.text(max_size=20), st.text(max_size=30)), max_size=8).map(tuple))
def test_it_never_fails(text: str, choices: tuple[tuple[str, str], ...]) -> None:
    codes = {code for code, _ in choices} | {None}
    assert press_of(text, choices, awaits=False) in codes
    assert press_of(text, choices, awaits=True) in codes
    assert tapped(text, choices) in codes


# --- reactions


@pytest.mark.parametrize("key", ["3️⃣", "3\u20e3", "3"])
def test_a_tapped_number_chooses(key: str) -> None:
    assert tapped(key, MENU) == "as"


@pytest.mark.parametrize("key", ["👍", "", "9️⃣", "❤️", "a", "Quiz", "0️⃣"])
def test_other_reactions_choose_none(key: str) -> None:
    assert tapped(key, MENU) is None


def test_up_to_five_reactions_are_seeded_and_each_brings_its_choice() -> None:
    assert seeds(MENU) == ["1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣"]
    assert [tapped(key, MENU) for key in seeds(MENU)] == [code for code, _ in MENU]
    assert seeds((*MENU, ("he", "Pomoc"))) == []
    assert seeds(()) == []


# --- letters


@pytest.mark.parametrize(
    ("label", "letter"),
    [
        ("A. Tak", "A"),
        ("☐ B. Nie", "B"),
        ("☑ C. Nie", "C"),
        ("Tak", None),
        ("a. tak", None),
        ("A.Z", None),
        ("5. x", None),
    ],
)
def test_the_letter_before_an_answer(label: str, letter: str | None) -> None:
    assert letter_of(label) == letter
