"""A Matrix channel on a homeserver in memory, a real database, and a dialogue that follows a script."""

import asyncio
import gc
import re
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.channels.base import Dialogue
from bot.channels.matrix.channel import MatrixChannel
from bot.channels.patience import Patience
from bot.storage import matrix
from bot.storage.database import Connection, Database
from tests.channels.contract import FakeDialogue
from tests.channels.fakes import Pace, Time
from tests.channels.matrix.homeserver import US, FakeHomeserver, Room
from tests.support import real_words

ANNA = "@anna:example.org"
QUICK = Patience(first_pause=0.001, longest_pause=0.01, batch_replies=0.01, last_replies=1.0, echo=0.001)
KEYCAP = "\ufe0f\u20e3"

Content = dict[str, Any]


class Off(Exception):
    """The power is off."""


@dataclass
class Mains:
    """A database that hangs on a wire."""

    database: Database
    on: bool = True
    busy: int = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Connection]:
        with self._used():
            async with self.database.begin() as conn:
                yield conn
                self._check()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        with self._used():
            async with self.database.read() as conn:
                yield conn

    @contextmanager
    def _used(self) -> Iterator[None]:
        self._check()
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1

    def _check(self) -> None:
        if not self.on:
            raise Off


@dataclass
class World:
    database: Database
    server: FakeHomeserver = field(default_factory=FakeHomeserver)
    dialogue: FakeDialogue = field(default_factory=FakeDialogue)
    time: Time = field(default_factory=lambda: Time(real_s=0.001))
    pace: Pace = field(default_factory=Pace)
    engine: Dialogue | None = None
    """Takes the dialogue's place."""

    def channel(self, **more: Any) -> MatrixChannel:
        settings: dict[str, Any] = {
            "database": self.database,
            "dialogue": self.engine or self.dialogue,
            "words": real_words,
            "pace": self.pace,
            "clock": self.time,
            "sleep": self.time.sleep,
            "patience": QUICK,
        }
        return MatrixChannel(self.server, **settings | more)

    @asynccontextmanager
    async def running(self, **more: Any) -> AsyncIterator[MatrixChannel]:
        """The channel at work, once everything that was there before is taken."""
        channel = self.channel(**more)
        stop = asyncio.Event()
        task = asyncio.create_task(channel.run(stop))
        try:
            await until(lambda: channel.ready.is_set() or task.done())
            yield channel
        finally:
            stop.set()
            await asyncio.wait_for(task, 15)

    async def crash(self, when: Callable[[], Awaitable[object]], **more: Any) -> None:
        """Run a channel until something has happened, and end it as a power cut would: nothing more is written."""
        mains = Mains(self.database)
        task = asyncio.create_task(self.channel(database=mains, **more).run(asyncio.Event()))
        await until_so(when)
        mains.on = False
        await until(lambda: not mains.busy)
        await end_at_once(task)
        self.server.faults.clear()

    def room(self, name: str = "!one:example.org", *people: str, encrypted: bool = False) -> Room:
        """A room with us and these people in it (Anna, if nobody is named), of which nothing is known yet."""
        members = dict.fromkeys((US, *(people or (ANNA,))), "join")
        self.server.rooms[name] = Room(name, encrypted, members)
        return self.server.rooms[name]

    async def known(self, name: str = "!one:example.org", person: str = ANNA, *, encrypted: bool = False) -> "Person":
        """A person whose room we know and have read up to now."""
        self.room(name, person, encrypted=encrypted)
        async with self.database.begin() as conn:
            await matrix.save_room(conn, matrix.Room(name, person, encrypted), self.time.now)
            await matrix.save_token(conn, US, str(self.server.place or 1))
        self.server.place = max(1, self.server.place)
        return Person(self, name, person)

    async def done(self, within_s: float = 10.0) -> None:
        """Wait until everything that happened is taken, and its answers shown."""
        await until_so(self._is_done, within_s)

    async def _is_done(self) -> bool:
        return await self.token() == str(self.server.place)

    async def goes_on_from(self, token: str) -> None:
        """At the next start everything since then comes again."""
        async with self.database.begin() as conn:
            await matrix.save_token(conn, US, token)

    async def token(self) -> str | None:
        async with self.database.read() as conn:
            return await matrix.token(conn, US)


async def end_at_once(task: asyncio.Task[None]) -> None:
    """Break everything off but the test. What a query was about to give back is let go of here, not in a later test."""
    others = asyncio.all_tasks() - {asyncio.current_task(), task}
    for one in (task, *others):
        one.cancel()
    await asyncio.gather(task, *others, return_exceptions=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@dataclass
class Person:
    """Somebody in a room with us."""

    world: World
    room: str = "!one:example.org"
    name: str = ANNA

    @property
    def _server(self) -> FakeHomeserver:
        return self.world.server

    def invites(self, *, encrypted: bool = False) -> None:
        """Open a conversation with the bot."""
        self._server.rooms[self.room] = Room(self.room, encrypted)
        self._server.member(self.room, self.name, "join")
        self._server.member(self.room, US, "invite", by=self.name)

    def sends(self, kind: str, content: Content, **more: Any) -> str:
        """Any event; in an encrypted room it is encrypted, if it is of a kind that can be."""
        sealed = self._server.rooms[self.room].encrypted and kind != "m.reaction"
        return self._server.happens(self.room, self.name, kind, content, **{"encrypted": sealed} | more)

    def says(self, text: str, *, about: str | None = None, thread: str | None = None, **more: Any) -> str:
        """Write something, in answer to an event, or in a thread."""
        content: Content = {"msgtype": "m.text", "body": text}
        if about:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": about}}
        if thread:
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread}
        return self.sends("m.room.message", content, **more)

    def taps(self, number: int, event: str | None = None) -> str:
        """React to a screen, the last if none is named, with a number."""
        relation = {"rel_type": "m.annotation", "event_id": event or self.last, "key": f"{number}{KEYCAP}"}
        return self.sends("m.reaction", {"m.relates_to": relation})

    def votes(self, choice: str, poll: str) -> str:
        """Vote in a poll."""
        relation = {"rel_type": "m.reference", "event_id": poll}
        content = {"m.relates_to": relation, "org.matrix.msc3381.poll.response": {"answers": [choice]}}
        return self.sends("org.matrix.msc3381.poll.response", content)

    # --- what is seen

    @property
    def seen(self) -> list[tuple[str, Content]]:
        """What the bot says that stands in the room, as it reads now: events and contents."""
        standing: dict[str, Content] = {}
        for event in self._server.shown(self.room):
            relation = event.content.get("m.relates_to", {})
            if event.kind == "m.reaction":
                continue
            if relation.get("rel_type") == "m.replace":
                standing[relation["event_id"]] = event.content["m.new_content"]
            else:
                standing[event.id] = dict(event.content)
        return list(standing.items())

    @property
    def bodies(self) -> list[str]:
        """The words of all that stands there, without the choices."""
        return [_said(content["body"]) for _, content in self.seen]

    @property
    def last(self) -> str:
        """The event of what came last."""
        return self.seen[-1][0]

    @property
    def text(self) -> str:
        """The words of what came last, without its choices."""
        return self.bodies[-1]

    @property
    def choices(self) -> list[str]:
        """Its choices, in the order of their numbers."""
        return choices_in(self.seen[-1][1]["body"])


_CHOICE = re.compile(r"(?:\d{1,3}\. )?(.+)")
_FIRST = re.compile(r"(1|A)\. ")


def _parts(body: str) -> tuple[str, str]:
    """A screen's words, and the paragraph of its choices."""
    said, _, last = body.rpartition("\n\n")
    return (said, last) if _FIRST.match(last) else (body, "")


def _said(body: str) -> str:
    return _parts(body)[0]


def choices_in(body: str) -> list[str]:
    """The choices that end a screen."""
    lines = [line for row in _parts(body)[1].split("\n") if row for line in row.split(" · ")]
    return [found[1] for line in lines if (found := _CHOICE.fullmatch(line))]


async def until(what: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait until `what()` is true."""
    async with asyncio.timeout(within_s):
        while not what():  # noqa: ASYNC110 - what is waited for happens in another task
            await asyncio.sleep(0.002)


async def until_so(what: Callable[[], Awaitable[object]], within_s: float = 10.0) -> None:
    """Wait until `what()` says so."""
    async with asyncio.timeout(within_s):
        while not await what():  # noqa: ASYNC110 - what is waited for happens in another task
            await asyncio.sleep(0.002)
