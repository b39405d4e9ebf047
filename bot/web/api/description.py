"""The OpenAPI description, taken apart for a page that people read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.web.api.kinds import KINDS

_TYPES = {"string": "text", "date-time": "instant", "uri": "address"}
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "from {} characters",
    "maxLength": "up to {} characters",
    "maxItems": "up to {} of them",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter, a header, or a field of a body."""

    name: str
    type: str
    needed: bool
    about: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back."""

    status: str
    about: str
    headers: tuple[str, ...]
    shape: str
    """The name of the schema of its body."""
    kinds: tuple[str, ...]
    """Slugs of problems."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that can be asked."""

    id: str
    method: str
    path: str
    summary: str
    about: str
    scopes: tuple[str, ...]
    parameters: tuple[Row, ...]
    body: str
    """The name of the schema of what is sent; empty: nothing is."""
    example: str
    """Of what is sent."""
    answer: str
    """Of what comes back."""
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """The schema of a body."""

    name: str
    about: str
    rows: tuple[Row, ...]
    values: tuple[str, ...]


def operations(found: Mapping[str, Any], tag: str) -> Iterator[Operation]:
    """What can be asked under a tag."""
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield _operation(method.upper(), path, operation)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Operation:
    sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [one["value"] for one in sent.get("examples", {}).values()]
    return Operation(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        about=operation.get("description", ""),
        scopes=tuple(scope for need in operation["security"] for scopes in need.values() for scope in scopes),
        parameters=tuple(_parameter(one) for one in operation.get("parameters", ())),
        body=_name(sent.get("schema", {})),
        example=_json(examples[0]) if examples else "",
        answer=next((_json(one) for one in _examples(operation["responses"])), ""),
        answers=tuple(_answer(status, one) for status, one in sorted(operation["responses"].items())),
    )


def _examples(answers: Mapping[str, Any]) -> Iterator[Any]:
    for answer in answers.values():
        if "example" in (json_ := answer.get("content", {}).get("application/json", {})):
            yield json_["example"]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _parameter(found: Mapping[str, Any]) -> Row:
    schema = found["schema"]
    about = _about({**schema, "description": found.get("description", schema.get("description", ""))})
    return Row(f"{found['name']} ({found['in']})", type_of(schema), found.get("required", False), about)


def _answer(status: str, found: Mapping[str, Any]) -> Answer:
    content = found.get("content", {})
    shape = next((_name(one.get("schema", {})) for one in content.values()), "")
    kinds = tuple(slug for one in content.values() for slug in one.get("examples", {}) if slug in KINDS)
    return Answer(status, found.get("description", ""), tuple(found.get("headers", ())), shape, kinds)


def shapes(found: Mapping[str, Any]) -> Iterator[Shape]:
    """The schemas of all bodies, by name."""
    for name, schema in sorted(found["components"]["schemas"].items()):
        needed = schema.get("required", ())
        rows = tuple(
            Row(field, type_of(one), field in needed, _about(one))
            for field, one in schema.get("properties", {}).items()
        )
        yield Shape(name, schema.get("description", ""), rows, tuple(map(str, schema.get("enum", ()))))


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def type_of(schema: Mapping[str, Any]) -> str:
    """A schema in a few words: `integer`, `list of Part`, `text by language`."""
    if "$ref" in schema:
        return _name(schema)
    if choices := schema.get("anyOf"):
        return " or ".join(map(type_of, choices))
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return " or ".join(map(json.dumps, values))
    return _plain_type(schema)


def _plain_type(schema: Mapping[str, Any]) -> str:
    name = str(schema.get("type", "any value"))
    if name == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if schema.get("additionalProperties") == {"type": "string"}:
        return "text by language"
    return _TYPES.get(schema.get("format", name), name)


def _about(schema: Mapping[str, Any]) -> str:
    """What a schema says beside its type, as one line of Markdown."""
    told = [str(schema["description"]).strip()] if schema.get("description") else []
    bounds = {
        "minimum": "at least",
        "maximum": "at most",
        "minLength": "from",
        "maxLength": "up to",
        "maxItems": "up to",
    }
    units = {"minLength": " characters", "maxLength": " characters", "maxItems": " of them"}
    limits = [f"{word} {schema[key]}{units.get(key, '')}" for key, word in bounds.items() if key in schema]
    if limits:
        told.append(f"{', '.join(limits).capitalize()}.")
    if schema.get("default") is not None:
        told.append(f"If not given: `{json.dumps(schema['default'])}`.")
    return " ".join(told)
