"""YAML 1.2 read with the place of every value, so that a complaint can point at file, line and column.

There are two ways in. `parse` and `value` know every place and refuse what is doubtful (a key that stands twice, a tab,
a second document). `quick` reads some fifty times faster and knows no places; what it cannot read is read again slowly.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import yaml12
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

Place = tuple[int, int]
"""Line and column, from 1, as editors count."""
DEEPEST = 20
"""Levels of nesting; a quiz has eight."""
_ANCHOR = re.compile(rb"[\s\[{,]&\w")


class SourceError(Exception):
    """A file cannot be read as our YAML."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


def quick(content: bytes) -> Any:
    """The data of a file, without places. Raises ValueError if it is better read slowly.

    Anchors are: a few lines of them can stand for more data than there is memory.
    """
    if b"&" in content and _ANCHOR.search(content):
        raise ValueError("anchors")
    documents = yaml12.parse_yaml(content.decode("utf-8-sig"), multi=True)
    if len(documents) != 1:
        raise ValueError("a file holds one document")
    return documents[0]


@lru_cache(maxsize=2)
def parse(content: bytes) -> Node:
    """The nodes of a file. Raises SourceError where it is not UTF-8 or not YAML.

    The last files are remembered: whoever asks for one place in a file mostly asks for another.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(_place_in(content, error.start), "the file is not UTF-8; save it as UTF-8") from error
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise SourceError(place, _explain(error)) from error
    except ReaderError as error:
        place = _place_in(text.encode(), len(text[: error.position].encode()))
        raise SourceError(place, f"the character {_shown(error.character)} cannot stand in YAML; remove it") from error
    except YAMLError as error:
        raise SourceError((1, 1), f"this is not YAML: {error}") from error
    if not isinstance(node, MappingNode):
        raise SourceError((1, 1), "the file should be fields with values, such as `id: my-quiz`")
    return node


def value(node: Node, depth: int = 0) -> Any:
    """The data of a node, as plain Python. Raises SourceError for duplicate keys, tags and what holds itself."""
    if depth > DEEPEST:
        raise SourceError(place_of(node), "this is nested too deeply; does an alias (`*`) stand within its own anchor?")
    match node:
        case MappingNode():
            return _mapping(node, depth)
        case SequenceNode():
            return [value(item, depth + 1) for item in node.value]
        case ScalarNode():
            return _scalar(node)
        case _:
            raise SourceError(place_of(node), "this is neither a text, nor a list, nor fields with values")


def place_of(node: Node) -> Place:
    """Where a node starts."""
    return node.start_mark.line + 1, node.start_mark.column + 1


def locate(root: Node, location: Sequence[int | str]) -> Place:
    """Where a value stands (`("questions", 2, "text", "pl")`), or the nearest thing around it that is there.

    A last part `[key]` asks for the place of the key itself.
    """
    node = root
    wants_key = bool(location) and location[-1] == "[key]"
    for depth, part in enumerate(location[:-1] if wants_key else location):
        pair = _child(node, part)
        if pair is None:
            break
        key, node = pair
        if wants_key and depth == len(location) - 2:
            return place_of(key)
    return place_of(node)


def _child(node: Node, part: int | str) -> tuple[Node, Node] | None:
    if isinstance(node, MappingNode):
        return next(((key, item) for key, item in node.value if key.value == str(part)), None)
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _mapping(node: MappingNode, depth: int) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key_node, item in node.value:
        if not isinstance(key_node, ScalarNode):
            raise SourceError(place_of(key_node), "a field's name should be a word")
        key = key_node.value
        if key in result:
            raise SourceError(place_of(key_node), f"`{key}` stands here twice; keep one")
        result[key] = value(item, depth + 1)
    return result


def _scalar(node: ScalarNode) -> Any:
    tag = str(node.tag).removeprefix("tag:yaml.org,2002:")
    read = _SCALARS.get(tag)
    if read is None:
        raise SourceError(place_of(node), f"the tag {tag!r} is not used here; remove it")
    try:
        return read(node.value)
    except ValueError as error:
        raise SourceError(place_of(node), f"{node.value!r} is no number; put it in quotes") from error


def _integer(text: str) -> int:
    return int(text, 0 if text.lstrip("+-").startswith(("0x", "0o")) else 10)


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "timestamp": str,
    "int": _integer,
    "float": float,
    "bool": lambda text: text.lower() == "true",
    "null": lambda _text: None,
}


def _explain(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "this is not YAML")
    if "mapping values are not allowed" in problem:
        return "a colon inside a text; put the text in quotes"
    if "'\\t'" in problem:
        return "a tab; indent with spaces"
    return f"this is not YAML: {problem}; check quotes, brackets and indentation just above"


def _shown(character: str | int) -> str:
    code = character if isinstance(character, int) else ord(character)
    return f"U+{code:04X}"


def _place_in(content: bytes, position: int) -> Place:
    before = content[:position]
    return before.count(b"\n") + 1, position - (before.rfind(b"\n") + 1) + 1
