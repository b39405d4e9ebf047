"""A content file, written as authors write them: short texts on one line, long ones folded, quotes only where needed.

The fields and their order are the schema's. A field that should be there and is not becomes a line `# TODO …`: the
file says what to add, and `content check` still finds that it is missing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.catalogue.schema import Exhibit, Item, Option, Question, Quiz, Source

WIDTH = 120
ITEMS: Mapping[str, type[Item]] = {"questions": Question, "options": Option, "exhibit": Exhibit, "source": Source}
"""Fields that hold items of their own."""
ON_ONE_LINE = frozenset({"title"})
"""Translated fields that stand on one line if they fit; the texts of answers do too."""
HINTS: Mapping[str, str] = {
    "area": "road, everyday or cyber",
    "level": "1 for a first look, 2, or 3 for those who know the subject",
    "title": "what stands in the list",
    "about": "one sentence, what one will know afterwards",
    "text": "its words in every language",
    "feedback": "why, for whoever chose it",
    "explanation": "what to remember, whichever answer was chosen",
    "source": "where it can be checked, with `title`, `url` and `publisher`",
    "review_on": "the day to look at the source again",
    "tip": "the tip that teaches it, the name of a file in content/tips",
    "sender": "who it claims to be from",
    "kind": "sms, email, call, chat, notice or site",
}
TODO = "# TODO"

_PLAIN_START = re.compile(r"[^\W\d_]|[„“«’…(/]")
_RESERVED = frozenset({"null", "true", "false"})
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def write(data: Mapping[str, Any], notes: Sequence[str] = ()) -> str:
    """The text of `content/quizzes/<id>.yaml`; notes stand above it as comments."""
    lines = [f"{TODO} {note}" for note in notes]
    return "\n".join((*lines, *_item(Quiz, data, 0), ""))


def _item(model: type[Item], data: Mapping[str, Any], indent: int) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name in data:
            yield from _field(model, name, data[name], indent)
        elif field.is_required():
            yield f"{' ' * indent}{TODO} {name}: {HINTS.get(name, 'add it')}"


def _field(model: type[Item], name: str, value: Any, indent: int) -> Iterator[str]:
    start = f"{' ' * indent}{name}:"
    match value:
        case list() if name in ITEMS:
            yield start
            for item in value:
                yield from _listed(ITEMS[name], item, indent + 2)
        case list():
            yield f"{start} [{', '.join(_quoted(str(item), in_braces=True) for item in value)}]"
        case dict() if name in ITEMS:
            yield start
            yield from _item(ITEMS[name], value, indent + 2)
        case dict():
            yield from _texts(start, value, indent, one_line=name in ON_ONE_LINE or (model, name) == (Option, "text"))
        case str() if name in ("id", "area", "kind", "review_on", "tip", "pair"):
            yield f"{start} {_word(name, value)}"
        case str():
            yield from _text(start, value, indent)
        case _:
            yield f"{start} {str(value).lower()}"


def _listed(model: type[Item], item: Mapping[str, Any], indent: int) -> Iterator[str]:
    """An item of a list: a dash before its first field, and comments before the dash."""
    lines = list(_item(model, item, indent + 2))
    first = next((place for place, line in enumerate(lines) if not line.lstrip().startswith(TODO)), None)
    if first is None:
        yield f"{' ' * indent}- {{}}"
        yield from lines
        return
    yield from lines[:first]
    yield f"{' ' * indent}- {lines[first].lstrip()}"
    yield from lines[first + 1 :]


def _word(name: str, value: str) -> str:
    """A name or a date, as it stands in the files; numbers and words of YAML's own in quotes."""
    return value if name == "review_on" else _quoted(value)


def _texts(start: str, texts: Mapping[str, str], indent: int, *, one_line: bool) -> Iterator[str]:
    line = f"{start} {{{', '.join(f'{code}: {_quoted(text, in_braces=True)}' for code, text in texts.items())}}}"
    if one_line and len(line) <= WIDTH and not any("\n" in text for text in texts.values()):
        yield line
        return
    yield start
    for code, text in texts.items():
        yield from _text(f"{' ' * (indent + 2)}{code}:", text, indent + 2)


def _text(start: str, text: str, indent: int) -> Iterator[str]:
    line = f"{start} {_quoted(text)}"
    if _can_stand_alone(text) and "\n" in text:
        yield f"{start} |-"
        yield from (f"{' ' * (indent + 2)}{part}".rstrip(" ") for part in text.split("\n"))
    elif _can_stand_alone(text) and len(line) > WIDTH and " " in text:
        yield f"{start} >-"
        yield from _folded(text, " " * (indent + 2))
    else:
        yield line


def _can_stand_alone(text: str) -> bool:
    """Whether a block of lines gives the text back: no spaces at the ends of lines, none at its start."""
    lines = text.split("\n")
    ends = all(line == line.rstrip() for line in lines)
    return bool(lines[0]) and lines[0][0] not in " \t" and bool(lines[-1]) and ends and not _UNPRINTABLE.search(text)


def _folded(text: str, margin: str) -> Iterator[str]:
    """Lines broken at single spaces, which fold back into them."""
    line = margin
    for word in re.split(r"(?<=[^ \t]) (?=[^ \t])", text):
        longer = f"{line} {word}" if line.strip() else margin + word
        if len(longer) > WIDTH and line.strip():
            yield line
            line = margin + word
        else:
            line = longer
    yield line


def _quoted(text: str, *, in_braces: bool = False) -> str:
    return text if _is_plain(text, in_braces=in_braces) else f'"{_escaped(text)}"'


def _is_plain(text: str, *, in_braces: bool) -> bool:
    return (
        bool(_PLAIN_START.match(text))
        and text == text.strip()
        and text.lower() not in _RESERVED
        and not re.search(r":(\s|$)|\s#|[\t\n]", text)
        and not (in_braces and re.search(r"[,\[\]{}:]", text))
        and not _UNPRINTABLE.search(text)
    )


def _escaped(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return _UNPRINTABLE.sub(lambda found: f"\\U{ord(found[0]):08X}", quoted)
