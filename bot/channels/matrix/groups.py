"""Rooms of several: a question put to all as a poll, when somebody asks for one, and what came out.

There we are silent unless spoken to, and nothing is anybody's own. What was asked for, and every vote, is committed
before anything is shown; what is not shown, or not told when its time has come, is found in the database again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

import structlog

from bot.catalogue.library import Library
from bot.channels.matrix import asked, group_screens, polls
from bot.channels.matrix.asked import Ask, Help, Quiz, Results
from bot.channels.matrix.events import RoomEvent
from bot.channels.matrix.incoming import CameIn, Said, Sent, Tapped, Voted
from bot.channels.matrix.kit import Kit
from bot.channels.matrix.letters import MESSAGE
from bot.channels.matrix.replies import Postman, Replies
from bot.channels.matrix.restraint import Restraint, Turn
from bot.channels.patience import pause
from bot.domain.errors import Blocked, Rejected, StaleAction
from bot.domain.messages import Block, say
from bot.services import learning, room_quiz
from bot.services.links import matrix_to
from bot.services.room_quiz import Busy, NothingFits, Wanted
from bot.storage import matrix, room_polls
from bot.storage.database import Connection
from bot.storage.matrix import Room
from bot.storage.room_polls import Poll
from bot.storage.vault import Vault

LOOK_S = 2.0
"""How often we look whether a poll is to be closed."""
SHOWING_S = 5.0
"""A vote waits this long for its poll's name to be known."""

Tasks = set[asyncio.Task[None]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Teaching:
    """What rooms are taught from: the library of the moment, and the key that hides who votes."""

    library: Callable[[], Library]
    vault: Vault


# --- what follows from what was said


@dataclass(frozen=True, slots=True)
class Show:
    """Put this question."""

    poll: Poll


@dataclass(frozen=True, slots=True)
class Close:
    """Say what came out of it."""

    poll: Poll


@dataclass(frozen=True, slots=True)
class Line:
    """Say this, once for each key."""

    words: Block
    language: str
    key: str
    thread: str | None = None


Step = Show | Close | Line


class Groups:
    """The rooms of several of one account; without `teaching` they hear nothing."""

    def __init__(self, kit: Kit, postman: Postman, replies: Replies, teaching: Teaching | None) -> None:
        self._kit = kit
        self._postman = postman
        self._replies = replies
        self._teaching = teaching
        self._restraint = Restraint()
        self._under_way: dict[tuple[type[Step], int], asyncio.Task[None]] = {}

    # --- in

    async def hear(
        self, room: Room, event: RoomEvent, meaning: Said | Sent | Tapped | Voted | CameIn
    ) -> asyncio.Task[None] | None:
        """Commit what was said in a room; the task returned shows the answer, None if there is none."""
        if self._teaching is None:
            return None
        match meaning:
            case Voted(poll=poll, choice=choice):
                await self._vote(self._teaching, room, event.sender, poll, choice)
                return None
            case Said(text=text, thread=thread):
                us, languages = self._kit.homeserver.user, self._kit.words().languages
                ask = asked.read(text, event.content, us, languages)
                step = await self._turn(self._teaching, room, event.id, ask, thread) if ask else None
                return self._do(self._teaching, room, step) if step else None
            case Sent() | Tapped() | CameIn():
                return None

    async def company(self, room: Room, event: RoomEvent, language: str) -> asyncio.Task[None] | None:
        """Somebody came into a room, and it is one of several now: whose room it was is told so, once."""
        async with self._kit.database.begin() as conn:
            again = (await matrix.handled(conn, [event.id])).get(event.id)
            if room.person is None and not again:
                return None
            await matrix.note_handled(conn, event.id, room.id, self._kit.clock(), again=True)
        words = say("matrix.not_alone", link=matrix_to(self._kit.homeserver.user))
        return self._say(room, Line(words, language, event.id))

    async def _turn(
        self, teaching: Teaching, room: Room, key: str, ask: Ask, thread: str | None
    ) -> Step | None:
        """Commit the turn of an event. One that comes again begins nothing: it says again what there was to say."""
        now, words = self._kit.clock(), self._kit.words()
        async with self._kit.database.begin() as conn:
            again = key in await matrix.handled(conn, [key])
            last = await room_polls.newest(conn, room.id)
            language = words.choose(ask.language or (last.language if last else ""))
            turn = Turn.ANSWER if again else self._restraint.turn(room.id, now)
            match turn:
                case Turn.ANSWER:
                    wanted = Wanted(room.id, key, language, ask.topic if isinstance(ask, Quiz) else "", thread)
                    step = await self._decide(conn, teaching.library(), ask, wanted, now=now, again=again)
                case Turn.LAST_WORD:
                    step = Line(say("room.too_much"), language, key, thread)
                case Turn.SILENCE:
                    step = None
            await matrix.note_handled(conn, key, room.id, now, again=isinstance(step, Show | Line))
        return step

    async def _decide(
        self, conn: Connection, library: Library, ask: Ask, wanted: Wanted, *, now: datetime, again: bool
    ) -> Step | None:
        def line(words: Block, key: str = wanted.key) -> Line:
            return Line(words, wanted.language, key, wanted.thread)

        match ask:
            case Quiz():
                found = await room_quiz.ask(conn, library, wanted, now=now, anew=not again)
                match found:
                    case room_quiz.Asked(poll):
                        return Show(poll)
                    case Busy(poll):
                        return line(say("room.busy"), f"{poll.key}:busy")  # once, whoever asks and how often
                    case NothingFits():
                        return line(say("room.nothing"))
                    case None:
                        return None
            case Results():
                poll = None if again else await room_quiz.close_now(conn, wanted.room, now)
                return Close(poll) if poll else line(say("room.none_open"))
            case Help():
                return line(say("room.help", link=matrix_to(self._kit.homeserver.user)))
            case _:
                assert_never(ask)

    async def _vote(self, teaching: Teaching, room: Room, voter: str, poll: str, choice: str) -> None:
        async def count() -> bool:
            async with self._kit.database.begin() as conn:
                return await room_quiz.vote(conn, teaching.library(), teaching.vault, room.id, poll, voter, choice)

        if await count():
            return
        async with self._kit.database.read() as conn:
            newest = await room_polls.newest(conn, room.id)
        if newest and newest.event is None and newest.closed_at is None:  # they may have been quicker than our note
            await asyncio.wait({self._do(teaching, room, Show(newest))}, timeout=SHOWING_S)
            await count()

    # --- out

    def _do(self, teaching: Teaching, room: Room, step: Step) -> asyncio.Task[None]:
        match step:
            case Show(poll):
                return self._once(step, room, lambda: self._show(teaching, room, poll))
            case Close(poll):
                return self._once(step, room, lambda: self._close(teaching, room, poll))
            case Line():
                return self._say(room, step)
            case _:
                assert_never(step)

    def _say(self, room: Room, line: Line) -> asyncio.Task[None]:
        content = group_screens.notice([line.words], line.language, self._kit.words(), line.thread)
        return self._replies.say(room, MESSAGE, content, line.key)

    def _once(
        self, step: Show | Close, room: Room, doing: Callable[[], Awaitable[object]]
    ) -> asyncio.Task[None]:
        """Begin something with a poll, unless it is under way."""
        place = type(step), step.poll.id
        if place not in self._under_way:
            task = self._under_way[place] = self._replies.aside(room, doing)
            task.add_done_callback(lambda _: self._under_way.pop(place, None))
        return self._under_way[place]

    async def _show(self, teaching: Teaching, room: Room, poll: Poll) -> None:
        try:
            question = learning.find_question(teaching.library(), poll.ref)
            content = group_screens.question(poll, question, self._kit.words())
            event = await self._send(room, polls.START, content, poll.key)
        except (StaleAction, Blocked, Rejected):
            await self._finish(poll)
            raise
        now = self._kit.clock()
        async with self._kit.database.begin() as conn:
            await room_polls.note_event(conn, poll.id, event, now + room_quiz.OPEN_FOR)

    async def _close(self, teaching: Teaching, room: Room, poll: Poll) -> None:
        """End the poll and say what came out. What is not said in the end is counted, and said, anew."""
        words, event = self._kit.words(), poll.event or ""
        async with self._kit.database.read() as conn:
            tally = await room_quiz.tally(conn, teaching.library(), poll)
        try:
            ended = polls.ended(event, words.label(say("room.poll_ended"), poll.language))
            await self._send(room, polls.END, ended, f"{poll.key}:end")
            if tally:
                await self._send(room, MESSAGE, group_screens.result(poll, tally, words), f"{poll.key}:result")
        except (Blocked, Rejected):
            await self._finish(poll)
            raise
        await self._finish(poll)

    async def _send(self, room: Room, kind: str, content: dict[str, object], key: str) -> str:
        return await self._replies.insist(lambda: self._postman.say(room, kind, content, key))

    async def _finish(self, poll: Poll) -> None:
        async with self._kit.database.begin() as conn:
            await room_polls.finish(conn, poll.id, self._kit.clock())

    # --- by the clock

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Close polls when their time has come, until `stop`; not before what was missed is read: votes count."""
        await ready.wait()
        failures = 0
        while not stop.is_set():
            try:
                left = await self.look()
            except Exception as error:  # noqa: BLE001 - the database is away for now; a traceback may hold words
                _log.warning("matrix.polls_not_seen", kind=type(error).__name__)
                left = 1
            failures = failures + 1 if left else 0
            await pause(stop, max(LOOK_S, self._kit.patience.pause_after(failures) if failures else 0))

    async def look(self) -> int:
        """Show and close what is to be; returns how much of it was not to be done."""
        begun = await self._due()
        if begun:
            await asyncio.wait(begun)
        return len(await self._due(begin=False)) if begun else 0
