"""People with a client: they invite the bot, write to it, tap, vote, and read what it says.

A real client (matrix-nio with encryption) speaks for each of them; a loop of its own keeps reading in the background.
"""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nio
from nio.crypto.attachments import decrypt_attachment

from tests.acceptance.conftest import PATIENCE_S
from tests.matrix.synapse import PASSWORD, Synapse

POLL = "org.matrix.msc3381.poll"
SPOKEN = ("m.room.message", f"{POLL}.start", f"{POLL}.end")
ENCRYPTED = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
CHOICE = re.compile(r"(?:^|· )[ \t]*(?:[☐☑]\s)?(\d+|[A-Z])\. (.*?)(?=[ \t]*· (?:\d+|[A-Z])\. |$)", re.MULTILINE)
TIMELINE = {"room": {"timeline": {"limit": 500}}}
Content = Mapping[str, Any]


class NotHeard(AssertionError):
    """What was waited for did not come."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of a room, as a client got it."""

    event: str
    sender: str
    kind: str
    content: Content
    encrypted: bool
    """It came encrypted, and could be read."""
    state_key: str | None = None
    redacts: str | None = None

    @property
    def relation(self) -> Content:
        """What it says of another event: `rel_type`, `event_id`, …"""
        relation: Content = self.content.get("m.relates_to") or {}
        return relation

    @property
    def edits(self) -> str | None:
        """The event whose place it takes."""
        return self.relation.get("event_id") if self.relation.get("rel_type") == "m.replace" else None

    @property
    def thread(self) -> str | None:
        """The event whose thread it is in."""
        return self.relation.get("event_id") if self.relation.get("rel_type") == "m.thread" else None

    @property
    def shown(self) -> Content:
        """What it shows; for an edit, what is to be shown now."""
        now: Content = self.content.get("m.new_content") or self.content
        return now

    @property
    def body(self) -> str:
        """Its plain words; a poll's question with its answers."""
        if self.kind == f"{POLL}.start":
            return "\n".join((_text(self.poll["question"]), *self.answers.values()))
        return str(self.shown.get("body") or self.shown.get("org.matrix.msc1767.text") or "")

    @property
    def html(self) -> str:
        """Its formatted words."""
        return str(self.shown.get("formatted_body") or "")

    @property
    def poll(self) -> Content:
        """Question and answers, of a poll."""
        poll: Content = self.content[f"{POLL}.start"]
        return poll

    @property
    def answers(self) -> dict[str, str]:
        """The answers of a poll by their names."""
        return {answer["id"]: _text(answer) for answer in self.poll["answers"]}

    @property
    def choices(self) -> dict[str, str]:
        """What its last lines offer, and what to write for it: the words → "2" or "B"."""
        paragraphs = map(CHOICE.findall, self.body.split("\n\n"))
        return {label.strip(): mark for mark, label in next(filter(None, reversed(list(paragraphs))), [])}

    @property
    def offers(self) -> bool:
        """Whether there is something to choose."""
        return self.kind == f"{POLL}.start" or bool(self.choices)


def _text(part: Content) -> str:
    return str(part.get("org.matrix.msc1767.text") or part.get("body") or "")


def is_from(user: str) -> Callable[[Heard], bool]:
    """What somebody says, but for taps, edits of the past and the like."""
    return lambda heard: heard.sender == user and heard.kind in SPOKEN


class Resident:
    """Somebody with a client. `room` is where they talk, `bot` with whom; `joins` and `invites` set both."""

    def __init__(self, client: nio.AsyncClient, homeserver: Synapse) -> None:
        self.user: str = client.user_id
        self.room = ""
        self.bot = ""
        self._client = client
        self._homeserver = homeserver
        self._rooms: dict[str, list[Heard]] = defaultdict(list)
        self._read: dict[str, int] = defaultdict(int)
        self._news = asyncio.Condition()
        client.add_event_callback(self._take, (nio.Event, nio.UnknownBadEvent))

    # --- reading

    async def _take(self, room: nio.MatrixRoom, event: nio.Event) -> None:
        if isinstance(room, nio.MatrixInvitedRoom):
            return
        source = event.source
        heard = Heard(
            event=source["event_id"],
            sender=source["sender"],
            kind=source["type"],
            content=source["content"],
            encrypted=bool(getattr(event, "decrypted", False)),
            state_key=source.get("state_key"),
            redacts=source.get("redacts") or source["content"].get("redacts"),
        )
        async with self._news:
            self._rooms[room.room_id].append(heard)
            self._news.notify_all()

    def events(self, room: str = "") -> list[Heard]:
        """All that happened in a room since they are there."""
        return list(self._rooms[room or self.room])

    def said(self, room: str = "") -> list[Heard]:
        """All that the bot said in a room, edits too."""
        return list(filter(is_from(self.bot), self.events(room)))

    def screens(self, room: str = "") -> list[Heard]:
        """What of it stands there now: the last edit of each message, without what was taken back."""
        standing: dict[str, Heard] = {}
        gone = {event.redacts for event in self.events(room)}
        for heard in self.said(room):
            standing[heard.edits or heard.event] = heard
        return [heard for event, heard in standing.items() if event not in gone]

    async def sees(self, right: Callable[[Heard], bool], what: str, room: str = "") -> Heard:
        """Wait for an event; it may have come already. Fails with all there was."""
        return await self._wait(room or self.room, right, what, 0)

    async def hears(self, *words: str, room: str = "", by: str = "") -> Heard:
        """The next of the bot's messages that holds these words; those before it are read, too."""
        room = room or self.room
        speaks = is_from(by or self.bot)

        def right(heard: Heard) -> bool:
            return speaks(heard) and all(word in heard.body for word in words)

        heard = await self._wait(room, right, f"a message with {words}", self._read[room])
        self._read[room] = self._rooms[room].index(heard) + 1
        return heard

    async def is_asked(self, *words: str, room: str = "") -> Heard:
        """The next of the bot's messages that holds these words and offers a choice."""
        while not (heard := await self.hears(*words, room=room)).offers:
            pass
        return heard

    async def sees_tapped(self, event: str, *emoji: str, room: str = "") -> None:
        """Wait until the bot has put these reactions on an event."""
        for one in emoji:
            await self.sees(partial(_taps, user=self.bot, event=event, key=one), f"{one} on {event}", room)

    async def _wait(self, room: str, right: Callable[[Heard], bool], what: str, start: int) -> Heard:
        def found() -> Heard | None:
            return next(filter(right, self._rooms[room][start:]), None)

        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S), self._news:
                await self._news.wait_for(lambda: found() is not None)
        heard = found()
        if heard is None:
            raise NotHeard(f"{self.user} waited for {what}; there was:\n{self.transcript(room)}")
        return heard

    def transcript(self, room: str = "") -> str:
        """What happened in a room, to be read."""
        return "\n".join(map(_line, self.events(room)))

    # --- rooms

    async def invites(self, *users: str, encrypted: bool, direct: bool = True) -> str:
        """Make a room and ask somebody into it; returns its name. The first of them is whom they will listen to."""
        made = await self._client.room_create(
            is_direct=direct,
            preset=nio.RoomPreset.trusted_private_chat if direct else nio.RoomPreset.private_chat,
            invite=users,
            initial_state=[ENCRYPTED] if encrypted else [],
        )
        self.room, self.bot = _ok(made).room_id, users[0]
        return self.room

    async def meets(self, bot: str, *, encrypted: bool) -> str:
        """Ask the bot into a room of two, and wait until it is there; returns the room's name."""
        await self.invites(bot, encrypted=encrypted)
        await self.sees_joining(bot)
        return self.room

    async def sees_joining(self, user: str, room: str = "") -> None:
        """Wait until somebody is in the room."""
        await self.sees(lambda heard: _joined(heard, user), f"{user} joining", room)

    async def joins(self, room: str, bot: str) -> None:
        """Accept an invitation."""
        self.room, self.bot = room, bot
        _ok(await self._client.join(room))
        await self.sees_joining(self.user)

    async def leaves(self, room: str = "") -> None:
        """Leave a room."""
        _ok(await self._client.room_leave(room or self.room))

    async def asks_back(self, user: str, room: str = "") -> None:
        """Ask somebody into a room that is there already."""
        _ok(await self._client.room_invite(room or self.room, user))

    async def encrypts(self, room: str = "") -> None:
        """From now on, all that is said in a room is encrypted."""
        room = room or self.room
        _ok(await self._client.room_put_state(room, ENCRYPTED["type"], ENCRYPTED["content"]))
        await self.sees(lambda heard: heard.kind == ENCRYPTED["type"], "the room's encryption", room)

    # --- writing

    async def says(self, text: str, room: str = "", more: Content | None = None) -> str:
        """Write something, with `more` in the event; returns its name."""
        return await self.sends("m.room.message", {"msgtype": "m.text", "body": text, **(more or {})}, room)

    async def picks(self, label: str, room: str = "") -> str:
        """Write the number, or the letter, of what is to choose on the newest screen."""
        choices = next((heard.choices for heard in reversed(self.screens(room)) if heard.choices), {})
        assert label in choices, f"{label!r} is not among {list(choices)}:\n{self.transcript(room)}"
        return await self.says(choices[label], room)

    async def taps(self, emoji: str, event: str, room: str = "") -> str:
        """React to an event."""
        relation = {"rel_type": "m.annotation", "event_id": event, "key": emoji}
        return await self.sends("m.reaction", {"m.relates_to": relation}, room)

    async def votes(self, answer: str, poll: Heard, room: str = "") -> str:
        """Vote for the answer that begins with these words."""
        chosen = next(name for name, words in poll.answers.items() if words.startswith(answer))
        vote = {"m.relates_to": {"rel_type": "m.reference", "event_id": poll.event}}
        return await self.sends(f"{POLL}.response", {**vote, f"{POLL}.response": {"answers": [chosen]}}, room)

    async def redacts(self, event: str, room: str = "") -> None:
        """Take an event back."""
        _ok(await self._client.room_redact(room or self.room, event))

    async def sends(self, kind: str, content: Content, room: str = "") -> str:
        """Send an event, encrypted where the room is; returns its name."""
        if self._client.should_query_keys:
            await self._client.keys_query()
        sent = await self._client.room_send(room or self.room, kind, dict(content), ignore_unverified_devices=True)
        return str(_ok(sent).event_id)

    async def raw(self, kind: str, content: Content, room: str = "") -> str:
        """Send an event as it is, in plain even where the room is encrypted; returns its name, "" if it is refused."""
        room = room or self.room
        method, path, data = nio.Api.room_send("", room, kind, content, f"raw-{len(self._rooms[room])}-{id(content)}")
        headers = {"Authorization": f"Bearer {self._client.access_token}", "Content-Type": "application/json"}
        answer = await self._client.send(method, path.partition("?")[0], data, headers)
        said = json.loads(await answer.read())
        return str(said.get("event_id", ""))

    # --- files and keys

    async def downloads(self, heard: Heard) -> bytes:
        """What is in a file that was sent; deciphered, if it has its keys with it."""
        sealed = heard.content.get("file")
        got = _ok(await self._client.download((sealed or heard.content)["url"]))
        if sealed is None:
            return bytes(got.body)
        return bytes(decrypt_attachment(got.body, sealed["key"]["k"], sealed["hashes"]["sha256"], sealed["iv"]))

    def devices_of(self, user: str) -> set[str]:
        """The devices of somebody that their client knows."""
        return {device.id for device in self._client.device_store.active_user_devices(user)}

    def loses_keys(self, room: str = "") -> None:
        """What they say next is encrypted with a key that nobody gets."""
        room = room or self.room
        olm = self._client.olm
        olm.create_outbound_group_session(room)
        olm.outbound_group_sessions[room].shared = True

    def finds_keys(self, room: str = "") -> None:
        """What they say next is encrypted with a new key, that all get."""
        self._client.invalidate_outbound_session(room or self.room)


def _taps(heard: Heard, user: str, event: str, key: str) -> bool:
    relation = heard.relation
    about = (heard.kind, heard.sender, relation.get("event_id"), relation.get("key"))
    return about == ("m.reaction", user, event, key)


def _ok(answer: Any) -> Any:
    assert not isinstance(answer, nio.ErrorResponse), answer
    return answer


def _joined(heard: Heard, user: str) -> bool:
    is_member = heard.kind == "m.room.member" and heard.state_key == user
    return is_member and heard.content.get("membership") == "join"


def _line(heard: Heard) -> str:
    what = heard.body or heard.content.get("membership") or heard.relation.get("key") or heard.redacts or "…"
    marks = f"{heard.kind.removeprefix('m.room.')}{' 🔒' * heard.encrypted}{' (edit)' * bool(heard.edits)}"
    return f"  {heard.sender} [{marks}] {what}".replace("\n", "\n      ")


@asynccontextmanager
async def person(homeserver: Synapse, name: str, folder: Path) -> AsyncIterator[Resident]:
    """Somebody new, who is signed in for the block; their keys are kept in the folder."""
    user = homeserver.newcomer(name)
    async with client_of(homeserver, user, folder / user.strip("@").replace(":", "_")) as client:
        someone = Resident(client, homeserver)
        await client.sync(full_state=True, sync_filter=TIMELINE)
        await client.keys_upload()
        reading = asyncio.create_task(client.sync_forever(timeout=30_000, sync_filter=TIMELINE))
        try:
            yield someone
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading


@asynccontextmanager
async def client_of(homeserver: Synapse, user: str, folder: Path) -> AsyncIterator[nio.AsyncClient]:
    """A client that is signed in for the block."""
    folder.mkdir(parents=True, exist_ok=True)
    config = nio.AsyncClientConfig(encryption_enabled=True, store_sync_tokens=False)
    client = nio.AsyncClient(homeserver.url, user, store_path=str(folder), config=config)
    try:
        _ok(await client.login(PASSWORD))
        yield client
    finally:
        await client.close()
