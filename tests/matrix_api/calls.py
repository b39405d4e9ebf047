"""One request, and which path it is for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from tests.matrix_api.limits import Json, Refused


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was understood: who asks, from which device, and for what."""

    user: str
    device: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    raw: bytes = b""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """An answer that is a file."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path: its name, whether it asks for a token, and whether it counts as a message."""

    name: str
    method: str
    parts: tuple[str, ...]
    act: Callable[[Call], Json | list[Json] | Media]
    signed_in: bool = True
    limited: bool = False

    def match(self, method: str, parts: tuple[str, ...]) -> dict[str, str] | None:
        """The path's parts by name, if it is this one."""
        if method != self.method or len(parts) != len(self.parts):
            return None
        found: dict[str, str] = {}
        for wanted, part in zip(self.parts, parts, strict=True):
            if wanted.startswith("{"):
                found[wanted[1:-1]] = unquote(part)
            elif wanted != part:
                return None
        return found


def at(
    name: str, method: str, path: str, act: Callable[[Call], Any], *, signed_in: bool = True, limited: bool = False
) -> Endpoint:
    """An endpoint; the path is what follows `/_matrix/`."""
    return Endpoint(name, method, tuple(path.split("/")), act, signed_in, limited)


def find(table: Iterable[Endpoint], method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """The endpoint of a path as it came, and the path's parts by name. Raises Refused."""
    parts = tuple(path.removeprefix("/_matrix/").split("/")) if path.startswith("/_matrix/") else ()
    for endpoint in table:
        if (found := endpoint.match(method, parts)) is not None:
            return endpoint, found
    others = any(endpoint.match(endpoint.method, parts) is not None for endpoint in table)
    raise Refused(405 if others else 404, "M_UNRECOGNIZED", "Unrecognized request")
