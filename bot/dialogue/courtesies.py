"""Greetings and thanks, in any of the languages: what people say to somebody, and so to a machine that talks."""

from collections.abc import Iterable
from enum import Enum, auto

from bot.catalogue.names import spelt


class Courtesy(Enum):
    """What somebody says who says nothing else."""

    GREETING = auto()
    THANKS = auto()


_GREETINGS = (
    *("cześć", "hej", "hejka", "siema", "witam", "witaj", "dobry", "dzień dobry", "dobry wieczór", "halo"),
    *("hello", "hi", "hey", "hello there", "hi there", "good morning", "good afternoon", "good evening", "good day"),
    *("привіт", "вітаю", "добрий день", "добридень", "доброго дня", "добрий ранок", "доброго ранку"),
    *("добрий вечір", "доброго вечора", "здрастуйте", "привет", "здравствуйте"),
)
_THANKS = (
    *("dziękuję", "dziękuję bardzo", "bardzo dziękuję", "dziękuję za pomoc", "dziękujemy"),
    *("dzięki", "dzięki wielkie", "wielkie dzięki", "dzięki bardzo", "dzięki za pomoc"),
    *("thanks", "thank you", "many thanks", "thanks a lot", "thanks so much", "thank you so much", "thx"),
    *("thank you very much", "thanks for your help", "thank you for your help", "thanks for the help"),
    *("дякую", "дуже дякую", "дякую дуже", "щиро дякую", "дякую за допомогу", "дякуємо", "спасибі", "спасибо"),
)
_MEANT = {
    **dict.fromkeys(map(spelt, _GREETINGS), Courtesy.GREETING),
    **dict.fromkeys(map(spelt, _THANKS), Courtesy.THANKS),
}
_LONGEST = max(map(len, _MEANT))
"""Words."""


def courtesy_of(text: str) -> Courtesy | None:
    """Whether a text is a greeting or thanks and nothing more; whoever does both, thanks."""
    said = set(_phrases(spelt(text)))
    if not said or None in said:
        return None
    return Courtesy.THANKS if Courtesy.THANKS in said else Courtesy.GREETING


def _phrases(words: tuple[str, ...]) -> Iterable[Courtesy | None]:
    """What its phrases say, the longest that fits first; None, at last, where there is another word."""
    while words:
        fits = (size for size in range(_LONGEST, 0, -1) if words[:size] in _MEANT)
        size = next(fits, 0)
        yield _MEANT.get(words[:size])
        words = words[size:] if size else ()
