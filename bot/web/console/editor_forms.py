"""A campaign as the fields of a form, and the fields as a campaign: nothing of either is lost on the way.

A field is called after its place in a campaign's file: `title.pl`, `text.uk`, `districts`. Buttons have three slots:
`button0` says where the first leads (`quiz:czad`, `tip:…`, `workshop:7`, `workshops`, `url`), `url0` holds the address
and `words0.pl` its words.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.catalogue.library import Library
from bot.catalogue.schema import LARGEST, LONGEST_SLUG, Campaign, CampaignButton, Tip, is_slug
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.services.drafts import Fault
from bot.web.console.fields import Fields

MOST_BUTTONS = 3
MANY = ("topics", "districts", "languages", "ages", "channels")
"""Fields of the audience of which several values may be chosen."""
ONE = ("active_days", "silent_days", "quiz_taken", "quiz_not_taken", "booked", "not_booked", "held_out")
UNNAMED = "kampania"
"""The name of a campaign whose title has no letters of ours."""

Pairs = Iterator[tuple[str, str]]
_LINE_BREAKS = re.compile(r"[\r\n]+")


# --- from a campaign


def fields_of(content: Campaign) -> Fields:
    """A campaign as its form is filled in."""
    return Fields(tuple(_pairs(content)))


def _pairs(content: Campaign) -> Pairs:
    yield "id", content.id
    yield "kind", content.kind.value
    yield from _texts("title", content.title)
    yield from ((f"text.{language}", text) for language, text in content.text.items())
    if content.picture:
        yield "picture", content.picture.file
        yield from _texts("alt", content.picture.alt)
    for slot, button in enumerate(content.buttons):
        yield from _button(slot, button)
    yield "window", str(content.window)
    yield "late_joiners", "" if content.late_joiners is None else str(content.late_joiners).lower()
    yield "dates", " ".join(content.dates)
    audience = content.audience.model_dump(mode="json")
    for name in MANY:
        yield from ((name, str(value)) for value in audience[name])
    yield from ((name, str(audience[name])) for name in ONE if audience[name] is not None)


def _texts(name: str, texts: Mapping[str, str]) -> Pairs:
    """Of one-line fields: a browser leaves the line breaks out, which would join words."""
    return ((f"{name}.{language}", _LINE_BREAKS.sub(" ", text)) for language, text in texts.items())


def _button(slot: int, button: CampaignButton) -> Pairs:
    yield f"button{slot}", target_of(button)
    if button.url:
        yield f"url{slot}", str(button.url)
    yield from _texts(f"words{slot}", button.text or {})


def target_of(button: CampaignButton) -> str:
    """Where a button leads, as its list of choices says it."""
    if button.workshops:
        return "workshops"
    if button.url:
        return "url"
    ways = {"quiz": button.quiz, "tip": button.tip, "workshop": button.workshop}
    return next(f"{kind}:{name}" for kind, name in ways.items() if name)


# --- to a campaign


def values_of(fields: Fields, library: Library) -> dict[str, Any]:
    """What was typed, in the shape of a campaign's file; the catalogue says whether it is one."""
    title = _in_languages(fields, "title")
    name = fields.one("id")
    values: dict[str, Any] = {
        "id": name if is_slug(name) else slug_of(title.get(DEFAULT_LANGUAGE, "")),
        "kind": fields.one("kind"),
        "title": title,
        "text": _in_languages(fields, "text"),
        "buttons": [_way(fields, slot) for slot in slots(fields)],
        "audience": _audience(fields),
        "dates": fields.one("dates").split(),
    }
    if file := fields.one("picture"):
        values["picture"] = {"file": file, "alt": _in_languages(fields, "alt") or _alt_of(library, file)}
    if window := fields.one("window").strip():
        values["window"] = window
    if late := fields.one("late_joiners"):
        values["late_joiners"] = late
    return values


def slots(fields: Fields) -> list[int]:
    """The slots of buttons in which anything stands."""
    return [slot for slot in range(MOST_BUTTONS) if _way(fields, slot)]


def _way(fields: Fields, slot: int) -> dict[str, Any]:
    target, url, words = (
        fields.one(f"button{slot}"),
        fields.one(f"url{slot}").strip(),
        _in_languages(fields, f"words{slot}"),
    )
    kind, _, name = target.partition(":")
    way: dict[str, Any] = {"text": words} if words else {}
    if kind == "url" or (not kind and url):
        way["url"] = url
    elif kind == "workshops":
        way["workshops"] = True
    elif kind in ("quiz", "tip", "workshop"):
        way[kind] = name
    return way


def _audience(fields: Fields) -> dict[str, Any]:
    several = {name: fields.all(name) for name in MANY}
    one = {name: value for name in ONE if (value := fields.one(name).strip())}
    numbers = {name: number for name in ("booked", "not_booked") if (number := number_of(one.get(name, "")))}
    return several | one | numbers


def number_of(text: str) -> int | None:
    """A number from 0 on that a database keeps, as a form carries it; None for whatever else was sent."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST)) else -1
    return number if 0 <= number <= LARGEST else None


def _in_languages(fields: Fields, name: str) -> dict[str, str]:
    """A text in the languages in which it was typed."""
    start = f"{name}."
    typed = {key.removeprefix(start): value for key, value in fields.pairs if key.startswith(start)}
    return {language: text for language, text in typed.items() if text.strip()}


def _alt_of(library: Library, file: str) -> dict[str, str]:
    """What a picture shows, as the library says it of its own."""
    items: tuple[Campaign | Tip, ...] = (*library.campaigns.values(), *library.tips.values())
    return next((dict(one.picture.alt) for one in items if one.picture and one.picture.file == file), {})


def slug_of(title: str) -> str:
    """A name made of a title: `Czad: sprawdź czujkę` → `czad-sprawdz-czujke`."""
    plain = unicodedata.normalize("NFKD", title.lower().replace("ł", "l")).encode("ascii", "ignore").decode()
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return "-".join(words)[:LONGEST_SLUG].strip("-") or UNNAMED


# --- what is wrong, by field


def field_of(fault: Fault, filled: list[int]) -> str:
    """The field that a fault is about; `filled`: the slots of the campaign's buttons."""
    match fault.where:
        case ("buttons", int() as place, *rest):
            return _button_field(filled[place], rest)
        case ("audience", name, *_):
            return str(name)
        case ("title" | "text" as name, *rest) | ("picture", "alt" as name, *rest):
            return f"{name}.{next(iter(rest), DEFAULT_LANGUAGE)}"
        case (name, *_):
            return str(name)
        case _:
            return ""


def _button_field(slot: int, rest: Iterable[int | str]) -> str:
    match list(rest):
        case ["text", *language]:
            return f"words{slot}.{next(iter(language), DEFAULT_LANGUAGE)}"
        case ["url"]:
            return f"url{slot}"
        case _:
            return f"button{slot}"


# --- two people's versions


def differing(mine: Fields, theirs: Fields) -> list[str]:
    """The fields in which two versions differ, in the order in which the form has them."""
    names = dict.fromkeys(name for name, _ in (*mine.pairs, *theirs.pairs) if name not in _MACHINERY)
    return [name for name in names if _said(mine, name) != _said(theirs, name)]


def _said(fields: Fields, name: str) -> list[str]:
    return sorted(value for value in fields.all(name) if value)


_MACHINERY = frozenset({"csrf", "key", "do", "revision", "number", "id", "kind", "dates", "try_at", "take"})


def taking(mine: Fields, theirs: Fields, names: Iterable[str]) -> Fields:
    """My version with some fields as they are in theirs."""
    taken = set(names)
    kept = tuple(pair for pair in mine.pairs if pair[0] not in taken)
    return Fields((*kept, *(pair for pair in theirs.pairs if pair[0] in taken)))
