"""A request that comes twice with one `Idempotency-Key` is carried out once, by whichever process it reaches."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import Header
from starlette.responses import Response

from bot.storage import forms
from bot.storage.database import Connection
from bot.web.api.desk import Call
from bot.web.api.problems import Refused

REPLAYED = "Idempotency-Replayed"

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A text of your own, new for each thing to do (a UUID, say). Sent again with the same request "
        "within a day, nothing is done twice: the answer is that of the first time, with the header "
        "`Idempotency-Replayed: true`.",
        pattern=r"^[!-~]{1,255}$",
        examples=["0b0f6c1e-6a54-4d0b-9a53-6f0d5c3f8a11"],
    ),
]


@dataclass(frozen=True, slots=True)
class Once:
    """What came of a request, now or the first time."""

    number: int
    """Of the campaign or workshop."""
    again: bool

    def mark(self, response: Response) -> None:
        """Say so, if it was done before."""
        if self.again:
            response.headers[REPLAYED] = "true"


async def once(
    conn: Connection, call: Call, key: str | None, fingerprint: str, act: Callable[[], Awaitable[int]]
) -> Once:
    """Do something that makes or changes what has a number, unless this key did it before.

    Raises Refused (422) if the key did something else, and whatever `act` raises, which leaves the key unused.
    """
    if key is None:
        return Once(await act(), again=False)
    place = sha256(f"api\n{call.caller.token.id}\n{key}".encode()).hexdigest()
    before = await forms.claim(conn, place, call.now)
    if before is None:
        number = await act()
        await forms.finish(conn, place, f"{fingerprint} {number}")
        return Once(number, again=False)
    known, _, number_then = before.partition(" ")
    if known != fingerprint:
        raise Refused("key-reused")
    return Once(int(number_then), again=True)
