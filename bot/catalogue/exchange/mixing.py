"""An order of options that is mixed, and the same every time."""

import hashlib

from bot.catalogue.schema import FIXED_CHOICES, Question, QuestionKind


def number(*names: str) -> int:
    """A number of 30 bits, always the same for the same names."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:4]) % (1 << 30)


def mixed(quiz: str, question: Question) -> list[int]:
    """The indexes of a question's options in the order to show them; fixed words stay as they are.

    Steps are never shown in their right order: that would be the answer.
    """
    places = list(range(len(question.options)))
    if question.kind in FIXED_CHOICES:
        return places
    order = sorted(places, key=lambda place: number(quiz, question.id, str(place)))
    return order[::-1] if question.kind is QuestionKind.ORDERING and order == places else order
