"""The texts of an item in the order of its fields, and what is countable in them."""

import re
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

Where = tuple[int | str, ...]
Texts = Mapping[str, str]

TELEGRAM_TEXT, TELEGRAM_CAPTION = 4096, 1024
"""UTF-16 code units that one message holds, and the words under a picture, after their entities are taken out."""

_WORD = re.compile(r"\w[\w’'-]*")


def texts(value: object, where: Where = ()) -> Iterator[tuple[Where, Texts]]:
    """Every text that stands in several languages, and where."""
    match value:
        case BaseModel():
            for name in type(value).model_fields:
                yield from texts(getattr(value, name), (*where, name))
        case tuple():
            for index, item in enumerate(value):
                yield from texts(item, (*where, index))
        case dict() if value and all(isinstance(item, str) for item in value.values()):
            yield where, value
        case dict():
            for key, item in value.items():
                yield from texts(item, (*where, str(key)))
        case _:
            return


def words(text: str) -> list[str]:
    """The words of a text; a number is one, and so is what a hyphen or an apostrophe joins."""
    return _WORD.findall(text)
