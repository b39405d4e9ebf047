"""What somebody chooses who types a number, a letter or the words of a choice, or taps a number below it.

Where nothing of this fits, "first" is the first, up to the fifth.
"""

import re
import unicodedata
from collections.abc import Callable

Choices = tuple[tuple[str, str], ...]
"""(code, words as shown), in the order of their numbers."""

SEEDED = 5
"""More reactions than this below a screen are a crowd, not a help."""

_NUMBER = re.compile(r"\(?\s*(\d{1,3})\s*[.):]?")
_PICK = re.compile(r"\(?\s*\d{1,2}\s*[.):]?")
_KEYCAP = "\ufe0f\u20e3"
_BARE = dict.fromkeys(map(ord, _KEYCAP))
_TEN = "🔟"
_NUMBERED = re.compile(r"\d{1,3}\s*[.)]\s+(.+)")
_LETTER = re.compile(r"\(?\s*(\w)\s*[.):]?")
_LETTERED = re.compile(r"(?:[☐☑]\s)?([A-Z])\.\s(.*)", re.DOTALL)
_LOOK_ALIKE = str.maketrans("АВСЕБДФ", "ABCEBDF")
"""Cyrillic letters as Ukrainian keyboards write what is read there as Latin."""
_UNWRITTEN = re.compile(r"['’ʼ`´]")
_APART = re.compile(r"[\W_]+")


def press_of(text: str, choices: Choices, *, awaits: bool) -> str | None:
    """The code of what was chosen, or None: it is no choice.

    Where a typed text is awaited (a name, say) only a number chooses. Words that fit several choices choose none.
    """
    typed = unicodedata.normalize("NFKC", text).strip()
    if chosen := _by_number(typed, choices):
        return chosen
    return None if awaits else _by_letter(typed, choices) or _by_words(text, choices) or _by_ordinal(text, choices)


def is_pick(text: str) -> bool:
    """Whether somebody chooses by number, letter or ordinal, be it one that is not there; 112 is a number to dial."""
    typed = unicodedata.normalize("NFKC", text).strip().translate(_BARE)
    return bool(_PICK.fullmatch(typed) or _LETTER.fullmatch(typed) or _ordinal(text))


def tapped(key: str, choices: Choices) -> str | None:
    """The code that a reaction's key stands for."""
    return _by_number(key.strip(), choices)


def seeds(choices: Choices) -> list[str]:
    """The reactions to seed below a screen; none where they are too many."""
    if len(choices) > SEEDED:
        return []
    return [f"{number}{_KEYCAP}" for number in range(1, len(choices) + 1)]


def letter_of(label: str) -> str | None:
    """The letter that a choice shows before its words (`A. Tram`, `☐ A. Tram`)."""
    found = _LETTERED.match(label)
    return found[1] if found else None


def _by_number(typed: str, choices: Choices) -> str | None:
    found = _NUMBER.fullmatch(typed.replace(_TEN, "10").translate(_BARE))
    number = int(found[1]) if found else 0
    return choices[number - 1][0] if 1 <= number <= len(choices) else None


def _by_letter(typed: str, choices: Choices) -> str | None:
    found = _LETTER.fullmatch(typed)
    letter = found[1].upper().translate(_LOOK_ALIKE) if found else None
    return next((code for code, label in choices if letter and letter_of(label) == letter), None)


def _by_words(text: str, choices: Choices) -> str | None:
    """The code whose words these are: to the letter, else as they sound, else but for their accents."""
    line = _NUMBERED.fullmatch(text.strip())  # a line of the screen, number and all
    for forgive in (str.strip, _spoken, _unaccented):
        for typed in (text, line[1] if line else ""):
            codes = {code for code, label in choices if _says(typed, label, forgive)}
            if codes:
                return codes.pop() if len(codes) == 1 else None
    return None


def _by_ordinal(text: str, choices: Choices) -> str | None:
    place = _ordinal(text)
    return choices[place - 1][0] if 1 <= place <= len(choices) else None


def _ordinal(text: str) -> int:
    """The place that a word says; 0 if it says none."""
    return _PLACES.get(_unaccented(text).removeprefix(_ARTICLE), 0)


def _says(typed: str, label: str, forgive: Callable[[str], str]) -> bool:
    said = forgive(typed)
    lettered = _LETTERED.match(label)
    return bool(said) and said in {forgive(label), forgive(lettered[2]) if lettered else ""}


def _spoken(text: str) -> str:
    """Words alone, in small letters: without emoji, ticks and punctuation."""
    return _APART.sub(" ", _UNWRITTEN.sub("", unicodedata.normalize("NFKC", text).casefold())).strip()


def _unaccented(text: str) -> str:
    letters = unicodedata.normalize("NFKD", _spoken(text).replace("ł", "l"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


_ORDINALS = (
    ("pierwszy", "pierwsza", "pierwsze", "перший", "перша", "перше", "першу", "first", "1st"),
    ("drugi", "druga", "drugie", "другий", "друга", "друге", "другу", "second", "2nd"),
    ("trzeci", "trzecia", "trzecie", "третій", "третя", "третє", "третю", "third", "3rd"),
    ("czwarty", "czwarta", "czwarte", "четвертий", "четверта", "четверте", "четверту", "fourth", "4th"),
    ("piąty", "piąta", "piąte", "пʼятий", "пʼята", "пʼяте", "пʼяту", "fifth", "5th"),
)
"""All genders, and in Ukrainian what one says who takes it; in Polish that differs by an ogonek alone."""
_PLACES = {_unaccented(word): place for place, words in enumerate(_ORDINALS, start=1) for word in words}
_ARTICLE = "the "
