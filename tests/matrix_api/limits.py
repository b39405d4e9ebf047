"""What a homeserver refuses: what is not JSON, what is too large, what comes too often."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]
EVENT_BYTES = 65_536
"""The largest event, with everything the homeserver adds to what was sent."""
ADDED_BYTES = 1_000
"""What it adds: names, hashes, signatures."""
WHOLE = 2**53 - 1
"""The largest number that every reader of JSON reads alike."""


class Refused(Exception):
    """An answer other than 200: its status, code, words, and what else stands in it."""

    def __init__(self, status: int, code: str, words: str, **more: Any) -> None:
        super().__init__(words)
        self.status = status
        self.answer: Json = {"errcode": code, "error": words, **more}


class Bucket:
    """Synapse's limit of messages, `rc_message`: each fills a bucket that leaks `per_second`, and holds `burst`."""

    def __init__(self, per_second: float, burst: int = 10) -> None:
        self._per_second = per_second
        self._burst = burst
        self._empty_at: dict[str, float] = {}

    def wait_s(self, account: str, now: float) -> float:
        """How long an account has to wait at `now`, in seconds of any clock; 0: it may send, and that counts."""
        empty_at = max(self._empty_at.get(account, 0.0), now)
        wait_s = empty_at - now - (self._burst - 1) / self._per_second
        if wait_s > 1e-9:
            return wait_s
        self._empty_at[account] = empty_at + 1 / self._per_second
        return 0.0


def body(raw: bytes) -> Json:
    """A request's JSON. Raises Refused."""
    if not raw:
        return {}
    try:
        read = json.loads(raw)
    except ValueError:
        raise Refused(400, "M_NOT_JSON", "Content not JSON.") from None
    if not isinstance(read, dict):
        raise Refused(400, "M_BAD_JSON", "Content must be a JSON object.")
    return read


def event(kind: str, content: Json) -> None:
    """What may be said in a room. Raises Refused."""
    for name in ("body", "msgtype") if kind == "m.room.message" else ():
        if name not in content:
            raise Refused(400, "M_UNKNOWN", f"'{name}' not in content")
        if not isinstance(content[name], str):
            raise Refused(400, "M_UNKNOWN", f"'{name}' not a string type")
    _check_numbers(content)
    if len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()) + ADDED_BYTES > EVENT_BYTES:
        raise Refused(413, "M_TOO_LARGE", "event too large")


def _check_numbers(content: Json) -> None:
    for number in _numbers(content):
        if isinstance(number, float):
            raise Refused(400, "M_BAD_JSON", "Bad JSON value: float")
        if abs(number) > WHOLE:
            raise Refused(400, "M_BAD_JSON", "JSON integer out of range")


def _numbers(value: Any) -> Iterable[int | float]:
    match value:
        case bool() | str() | None:
            pass
        case int() | float():
            yield value
        case dict():
            for part in value.values():
                yield from _numbers(part)
        case _:
            for part in value:
                yield from _numbers(part)


def number(query: Mapping[str, str], name: str, default: int) -> int:
    """A whole number in an address. Raises Refused."""
    try:
        return int(query.get(name, default))
    except ValueError:
        raise Refused(400, "M_INVALID_PARAM", f"Query parameter {name} must be an integer") from None


def choice(query: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    """One of several words in an address. Raises Refused."""
    found = query.get(name, default)
    if found not in allowed:
        raise Refused(400, "M_INVALID_PARAM", f"Query parameter '{name}' must be one of {list(allowed)}")
    return found
