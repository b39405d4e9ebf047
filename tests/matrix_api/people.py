"""People: they ask the bot into a room, write, react, vote, leave; and they hear what it says there."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.matrix_api.limits import Json
from tests.matrix_api.state import MEMBER, Account, Event, Room, World

PATIENCE_S = 10.0
POLL = "org.matrix.msc3381.poll.start"
SAYING = ("m.room.message", POLL, "m.poll.start")
MEGOLM = {"algorithm": "m.megolm.v1.aes-sha2"}


@dataclass(frozen=True, slots=True)
class Heard:
    """Something the bot said, as it was said."""

    event: str
    kind: str
    content: Mapping[str, Any]

    @property
    def body(self) -> str:
        """The plain words; of a poll, its question."""
        poll = self.content.get(POLL, {})
        return str(self.content.get("body") or poll.get("question", {}).get("org.matrix.msc1767.text", ""))

    @property
    def html(self) -> str | None:
        """The formatted words, if there are any."""
        return self.content.get("formatted_body")

    @property
    def replaces(self) -> str | None:
        """The event that this one stands in place of."""
        relation = self.content.get("m.relates_to", {})
        return relation.get("event_id") if relation.get("rel_type") == "m.replace" else None


def heard(event: Event) -> Heard:
    """An event, as somebody hears it."""
    return Heard(event.id, event.json["type"], event.json["content"])


class Person:
    """One person, and the room they share with the bot.

    What a person does is done at once; `hears` waits for what the bot says next.
    """

    def __init__(self, account: Account, world: World, bot: str) -> None:
        self.account = account
        self._world = world
        self._bot = bot
        self._room: Room | None = None
        self._told = 0
        """Events of the room that they have heard of."""

    @property
    def name(self) -> str:
        """`@anna:city.test`."""
        return self.account.name

    @property
    def room(self) -> Room:
        """The room they are in."""
        if self._room is None:
            raise AssertionError(f"{self.name} is in no room yet")
        return self._room

    # --- coming and going

    def invites_bot(self, *, encrypted: bool = False, direct: bool = True) -> Room:
        """Make a room and ask the bot into it."""
        more = [("m.room.encryption", MEGOLM)] if encrypted else []
        self._room, self._told = self._world.make_room(self.account, more=more), 0
        self._world.invite(self.room, self.name, self._world.accounts[self._bot], direct=direct)
        return self.room

    def meets_bot(self) -> Room:
        """The bot is in a room with them since long."""
        room = self.invites_bot()
        self._world.enter(room, self._world.accounts[self._bot])
        return room

    def enters(self, room: Room) -> None:
        """Come into somebody else's room."""
        self._room, self._told = room, len(room.events)
        self._world.enter(room, self.account)

    def leaves(self) -> None:
        """Leave the room."""
        self.does(MEMBER, {"membership": "leave"}, state_key=self.name)

    # --- saying

    def does(self, kind: str, content: Json, *, state_key: str | None = None) -> str:
        """Send any event; returns its name."""
        return self._world.put(self.room, self.name, kind, content, state_key=state_key).id

    def says(self, text: str, **more: Any) -> str:
        """Write something."""
        return self.does("m.room.message", {"msgtype": "m.text", "body": text, **more})

    def taps(self, emoji: str, event: str) -> str:
        """React to an event."""
        relation = {"rel_type": "m.annotation", "event_id": event, "key": emoji}
        return self.does("m.reaction", {"m.relates_to": relation})

    def votes(self, words: str, poll: Heard) -> str:
        """Choose the answer of a poll that says these words."""
        for answer in poll.content[POLL]["answers"]:
            if words in answer["org.matrix.msc1767.text"]:
                relation = {"rel_type": "m.reference", "event_id": poll.event}
                chosen = {"answers": [answer["id"]]}
                kind = "org.matrix.msc3381.poll.response"
                return self.does(kind, {"m.relates_to": relation, kind: chosen})
        raise AssertionError(f"no answer {words!r} in {poll}")

    def redacts(self, event: str) -> None:
        """Take an event back."""
        by = self._world.put(self.room, self.name, "m.room.redaction", {"redacts": event}, redacts=event)
        self._world.redact(self.room, event, by)

    # --- hearing

    @property
    def messages(self) -> list[Heard]:
        """Everything the bot has said in the room, in order."""
        return [heard(event) for event in self.room.events if self._is_said(event)]

    async def hears(self, within_s: float = PATIENCE_S) -> Heard:
        """What the bot says next; fails when it says nothing."""
        try:
            async with asyncio.timeout(within_s):
                while (said := self._next()) is None:
                    await self._world.news(self.name).wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} heard nothing more; before: {self.messages[-3:]}") from None
        return said

    def _next(self) -> Heard | None:
        while self._told < len(self.room.events):
            event = self.room.events[self._told]
            self._told += 1
            if self._is_said(event):
                return heard(event)
        return None

    def _is_said(self, event: Event) -> bool:
        return event.json["sender"] == self._bot and event.json["type"] in SAYING
