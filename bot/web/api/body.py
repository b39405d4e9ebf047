"""Bodies of requests: JSON, read strictly (a number is no text, a word no number), and within a size."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from bot.web.api.problems import Fault, Refused, pointer, refusal_of_body
from bot.web.guard import read_body

LIMIT = 64 * 1024
"""Bytes of a body."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Sent(Generic[M]):
    """What a body says."""

    value: M
    fingerprint: str
    """Of the whole request: by it a repeated one is told from another."""


def body_of(model: type[M]) -> Callable[[Request], Awaitable[Sent[M]]]:
    """A dependency that reads the body as a model. Raises Refused (400, 415, 422) and HTTPException (413)."""

    async def read(request: Request) -> Sent[M]:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise Refused("unsupported-media-type")
        raw = await read_body(request, LIMIT)
        try:
            value = model.model_validate_json(raw, strict=True)
        except ValidationError as error:
            raise refusal_of_body(error) from error
        if unfit := [Fault(detail="A NUL cannot be stored; leave it out", pointer=at) for at in _nul(value)]:
            raise Refused("invalid", "Some of the body is not right.", errors=unfit)
        return Sent(value, fingerprint_of(request, raw))

    return read


def fingerprint_of(request: Request, raw: bytes = b"") -> str:
    """What a request asks for, as a hash."""
    return sha256(f"{request.method} {request.url.path}\n".encode() + raw).hexdigest()


def _nul(model: BaseModel) -> Iterator[str]:
    """Where there are characters that a database refuses."""
    return (pointer(place) for place, text in _texts(model.model_dump(mode="json")) if "\x00" in text)


def _texts(value: Any, place: tuple[int | str, ...] = ()) -> Iterator[tuple[tuple[int | str, ...], str]]:
    match value:
        case str():
            yield place, value
        case dict():
            for key, inner in value.items():
                yield (*place, key), str(key)
                yield from _texts(inner, (*place, key))
        case list():
            for index, inner in enumerate(value):
                yield from _texts(inner, (*place, index))
        case _:
            return


def described(model: type[BaseModel], **examples: Any) -> dict[str, Any]:
    """What OpenAPI says of such a body; `examples`: name → the value."""
    named = {name: {"summary": name.replace("_", " "), "value": value} for name, value in examples.items()}
    content = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}, "examples": named}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}
