"""What a validation error means to whoever wrote the file, and what to do about it."""

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from bot.catalogue import programme, schema
from bot.catalogue.schema import Item

Context = Mapping[str, Any]
Where = tuple[int | str, ...]

FIELDS = sorted(
    {
        name
        for module in (schema, programme)
        for _, model in inspect.getmembers(module, inspect.isclass)
        if issubclass(model, Item)
        for name in model.model_fields
    }
)


def relevant(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """The errors worth telling: a list is called too short for its broken items too, which says nothing new."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short" or not any(_within(place, error["loc"]) for place in places)
    ]


def _within(place: Where, outer: Where) -> bool:
    return len(place) > len(outer) and place[: len(outer)] == outer


def advise(error: ErrorDetails) -> str:
    """One sentence that names the field, says what is wrong and what to do."""
    field = _name(error["loc"])
    words = _ADVICE.get(error["type"])
    if words is None:
        return f"{field}: {error['msg']}"
    return words(field, error.get("ctx", {}), error["input"])


def where(error: ErrorDetails) -> Where:
    """What the error is about: for a field that should not be there, the field's name rather than its value."""
    return (*error["loc"], "[key]") if error["type"] == "extra_forbidden" else error["loc"]


def _name(location: Where) -> str:
    names = [str(part) for part in location if part != "[key]" and not isinstance(part, int)]
    return f"`{'.'.join(names[-2:])}`" if names else "the file"


def _missing(field: str, _context: Context, _given: Any) -> str:
    return f"{field} is missing; add it"


def _unknown(field: str, _context: Context, _given: Any) -> str:
    close = difflib.get_close_matches(field.strip("`").rpartition(".")[2], FIELDS, n=1)
    hint = f"did you mean `{close[0]}`?" if close else "remove it, or see the table of fields in docs/content.md"
    return f"{field} is no field here; {hint}"


def _choice(field: str, context: Context, given: Any) -> str:
    return f"{field} cannot be {given!r}; use {context['expected']}"


def _pattern(field: str, context: Context, given: Any) -> str:
    if str(context["pattern"]).startswith("^[a-z0-9]+"):
        return f"{field} cannot be {given!r}; use lower-case letters a-z, digits and single hyphens"
    return f"{field} cannot be {given!r}; it should look like {context['pattern']}"


def _too_long(field: str, context: Context, given: Any) -> str:
    return f"{field} has {len(given)} {_units(given)}; at most {context['max_length']} fit"


def _too_short(field: str, context: Context, given: Any) -> str:
    return f"{field} has {len(given)} {_units(given)}; at least {context['min_length']} should be there"


def _units(given: Any) -> str:
    return "characters" if isinstance(given, str) else "items"


def _text(field: str, _context: Context, given: Any) -> str:
    if given is None:
        return f"{field} is empty; write its text"
    return (
        f"{field} should be text; put {given!r} in quotes" if isinstance(given, int | float) else _shape(field, "text")
    )


def _rule(field: str, context: Context, _given: Any) -> str:
    return f"{field}: {context['error']}"


def _shape(field: str, shape: str) -> str:
    return f"{field} should be {shape}"


_ADVICE: Mapping[str, Callable[[str, Context, Any], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "enum": _choice,
    "string_pattern_mismatch": _pattern,
    "string_too_long": _too_long,
    "too_long": _too_long,
    "string_too_short": _too_short,
    "too_short": _too_short,
    "string_type": _text,
    "value_error": _rule,
    "dict_type": lambda field, _context, _given: _shape(field, "a text for each language: `pl: …`, `uk: …`, `en: …`"),
    "tuple_type": lambda field, _context, _given: _shape(field, "a list: `[one, two]`, or lines that begin with `- `"),
    "model_type": lambda field, _context, _given: _shape(field, "fields with values, one on each line"),
    "date_from_datetime_parsing": lambda field, _context, _given: _shape(field, "a day such as 2027-05-01"),
    "url_parsing": lambda field, _context, _given: _shape(field, "a whole address, beginning with https://"),
}
