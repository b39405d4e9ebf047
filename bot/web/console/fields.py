"""What was posted, and what is wrong with it, in the reader's language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_origin
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import ClientDisconnect

from bot.web.guard import read_body

FORM_LIMIT = 512 * 1024
"""Bytes of a posted form: a campaign in three languages, percent-encoded, is some hundred thousand."""
FIELDS_LIMIT = 1000

M = TypeVar("M", bound=BaseModel)
Say = Callable[..., str]
_MANY = (list, tuple, set, frozenset)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a form; a name may stand in it several times."""

    pairs: tuple[tuple[str, str], ...] = ()

    def one(self, name: str, default: str = "") -> str:
        """The last value of a field, as it was typed."""
        return next((value for key, value in reversed(self.pairs) if key == name), default)

    def all(self, name: str) -> list[str]:
        """All values of a field, in their order."""
        return [value for key, value in self.pairs if key == name]

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.pairs)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a form was not taken."""

    message: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """Name of a field → what is wrong with it."""

    def of(self, name: str) -> str:
        """What is wrong with a field; nothing if it is right."""
        return self.fields.get(name, "")


async def read_fields(request: Request) -> Fields:
    """The posted form (urlencoded). Raises 413 for one that is too long, 400 for what is none."""
    try:
        body = await read_body(request, FORM_LIMIT)
    except ClientDisconnect as error:  # somebody typed on: the script asks anew
        raise HTTPException(400) from error
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_LIMIT, errors="strict")
    except ValueError as error:
        raise HTTPException(400) from error
    # Browsers end lines with CR LF; what is not text has no place in a database.
    return Fields(tuple((name, value.replace("\r\n", "\n").replace("\x00", "")) for name, value in pairs))


def read_model(model: type[M], fields: Fields, say: Say) -> M | Trouble:
    """A form as a model; what was left empty counts as not given."""
    values: dict[str, Any] = {}
    for name, about in model.model_fields.items():
        key = about.alias or name
        if get_origin(about.annotation) in _MANY:
            values[key] = [value.strip() for value in fields.all(key) if value.strip()]
        elif value := fields.one(key).strip():
            values[key] = value
    try:
        return model.model_validate(values)
    except ValidationError as error:
        return Trouble(say("console.trouble"), _by_field(error, say))


def _by_field(error: ValidationError, say: Say) -> dict[str, str]:
    return {str(one["loc"][0]) if one["loc"] else "": _in_words(one, say) for one in reversed(error.errors())}


_WORDS: Mapping[str, str] = {
    "missing": "console.invalid.missing",
    "int_parsing": "console.invalid.number",
    "int_from_float": "console.invalid.number",
    "float_parsing": "console.invalid.number",
    "decimal_parsing": "console.invalid.number",
    "string_too_long": "console.invalid.long",
    "string_too_short": "console.invalid.short",
    "greater_than_equal": "console.invalid.least",
    "less_than_equal": "console.invalid.most",
    "enum": "console.invalid.choice",
    "literal_error": "console.invalid.choice",
    "date_from_datetime_parsing": "console.invalid.date",
    "date_parsing": "console.invalid.date",
    "datetime_from_date_parsing": "console.invalid.moment",
    "datetime_parsing": "console.invalid.moment",
    "url_parsing": "console.invalid.address",
}
"""Type of pydantic's error → words for it; `limit` is the bound that was broken."""
_BOUNDS = ("max_length", "min_length", "ge", "le")


def _in_words(one: ErrorDetails, say: Say) -> str:
    key = _WORDS.get(one["type"])
    if key is None:
        return one["msg"].removeprefix("Value error, ")
    bounds = one.get("ctx", {})
    limit = next((bounds[name] for name in _BOUNDS if name in bounds), None)
    return say(key) if limit is None else say(key, limit=int(limit))
