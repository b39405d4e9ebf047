"""What the channel asks of a homeserver. `account` is the real one; tests bring their own."""

from collections.abc import Mapping
from typing import Any, Protocol

from bot.channels.matrix.events import Batch, RoomEvent
from bot.domain.errors import BotError


class SignedOut(BotError):
    """The homeserver does not know this account or its token; check BEZPIECZNY_MATRIX__USER and what goes with it."""


class Homeserver(Protocol):
    """One account on one homeserver.

    Every method raises Throttled (asked to wait), Blocked (we are not in that room), Rejected (and would be again),
    Unreachable or Unanswered (a try with the same key does no harm), or SignedOut. Nothing is tried twice in here.
    """

    @property
    def user(self) -> str:
        """Our own name, `@bot:example.org`."""
        ...

    @property
    def said(self) -> int:
        """How many events we have sent since the start."""
        ...

    @property
    def encrypts(self) -> bool:
        """Whether it can speak in encrypted rooms."""
        ...

    async def connect(self) -> None:
        """Sign in, load the keys, and see to it that others can trust this device."""
        ...

    async def sync(self, since: str | None, *, wait_s: float, echoes: bool = True) -> Batch:
        """What happened since a token; waits up to `wait_s` for something. The first call reads all rooms' state.

        Without `echoes`, which must not wait, what we said ourselves may be left out: the homeserver works a third.
        """
        ...

    async def earlier(self, room: str, start: str, end: str | None) -> tuple[RoomEvent, ...]:
        """The events between `start` and the older `end` (None: as far as there is patience), oldest first."""
        ...

    async def event(self, room: str, name: str) -> RoomEvent | None:
        """One event, read with the keys of this moment; None if it is not there."""
        ...

    async def members(self, room: str) -> frozenset[str]:
        """Who is in a room or invited, ourselves included."""
        ...

    async def is_encrypted(self, room: str) -> bool:
        """Whether what is said in a room must be encrypted."""
        ...

    async def join(self, room: str) -> None:
        """Accept an invitation; joined already is fine."""
        ...

    async def leave(self, room: str, reason: str = "") -> None:
        """Leave a room, or decline an invitation; not being there is fine."""
        ...

    async def send(self, room: str, kind: str, content: Mapping[str, Any], *, key: str, encrypted: bool) -> str:
        """Send an event; returns its name. In a room that is `encrypted`, it is sent encrypted or not at all.

        The same key again, within a day and from the same device, is the same event: nothing is said twice.
        """
        ...

    async def redact(self, room: str, event: str, *, key: str) -> None:
        """Take an event back."""
        ...

    async def upload(self, content: bytes, name: str, media_type: str, *, encrypted: bool) -> dict[str, Any]:
        """Store a file; returns what shows it in a message: `{"url": …}`, or `{"file": {…}}` if encrypted."""
        ...

    async def typing(self, room: str, on: bool) -> None:
        """Show that an answer is on its way, or no longer."""
        ...

    async def read_up_to(self, room: str, event: str) -> None:
        """Show that everything up to an event was read."""
        ...

    async def forget_people(self, *, but: frozenset[str]) -> None:
        """Keep the keys of nobody's devices but of these people's; see `Crypto.forget_people`."""
        ...

    async def forget_room(self, room: str) -> None:
        """We are no longer in a room: keep no key of it."""
        ...

    async def forget_rooms_left(self) -> None:
        """Keep no key of rooms that we were not in either when this was last asked for."""
        ...

    async def close(self) -> None:
        """Close the connections and the keys."""
        ...
