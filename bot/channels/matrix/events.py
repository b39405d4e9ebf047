"""What the homeserver tells, with no library in it: rooms, what happened there, and how far that goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CHANNEL = "matrix"


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """One event of a room, deciphered where it could be. Everything in it is the sender's word: check what you read."""

    id: str
    room: str
    sender: str
    kind: str
    """The event's type: `m.room.message`, `m.reaction`, …"""
    content: Mapping[str, Any]
    state_key: str | None = None
    """Set for state events only."""
    redacts: str | None = None
    """The event that this one takes back."""
    encrypted: bool = False
    """It came encrypted, from a device whose keys are its sender's."""
    was: str | None = None
    """For a membership: what it was before."""
    unreadable: str | None = None
    """It came encrypted and its key is missing: the name of the key's session."""


@dataclass(frozen=True, slots=True)
class RoomNews:
    """What happened in a room that we are in, oldest first."""

    room: str
    events: tuple[RoomEvent, ...]
    gap_before: str | None = None
    """Older events are missing: where to read on backwards from."""
    state: tuple[RoomEvent, ...] = ()
    """What has changed in the room's state before the first of these events."""


@dataclass(frozen=True, slots=True)
class Invite:
    """Somebody asks us into a room."""

    room: str
    inviter: str
    direct: bool
    """They mean it as a conversation of two."""
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """The answer to one sync."""

    token: str
    """Where the next one goes on."""
    joined: tuple[RoomNews, ...] = ()
    invites: tuple[Invite, ...] = ()
    left: tuple[str, ...] = ()
    """Rooms that we are no longer in."""
