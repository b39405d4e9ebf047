"""Rooms of several: a question put to all as a poll, when somebody asks for one, and what came out.

There we are silent unless spoken to, and nothing is anybody's own. What was asked for, and every vote, is committed
before anything is shown; what is not shown, or not told when its time has come, is found in the database again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

import structlog

from bot.catalogue.library import Library
from bot.channels.matrix import asked, group_screens, polls
from bot.channels.matrix.asked import Ask, Help, Quiz, Results
from bot.channels.matrix.conversation import Spoken
from bot.channels.matrix.events import RoomEvent
from bot.channels.matrix.incoming import CameIn, Said, Sent, Tapped, Voted
from bot.channels.matrix.kit import Kit
from bot.channels.matrix.letters import MESSAGE
from bot.channels.matrix.render import Content
from bot.channels.matrix.replies import Postman, Replies
from bot.channels.matrix.restraint import Restraint, Turn
from bot.channels.patience import pause
from bot.domain.errors import Blocked, Rejected, StaleAction
from bot.domain.messages import Block, say
from bot.services import learning, room_quiz
from bot.services.links import matrix_to
from bot.services.room_quiz import Busy, NothingFits, Vote, Wanted
from bot.storage import matrix, room_polls
from bot.storage.database import Connection
from bot.storage.matrix import Room
from bot.storage.room_polls import Poll
from bot.storage.vault import Vault

SHOWING_S = 5.0
"""A vote waits this long for its poll's name to be known."""

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


def _line(wanted: Wanted, words: Block) -> Line:
    return Line(words, wanted.language, wanted.key, wanted.thread)


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
        self, room: Room, event: RoomEvent, meaning: Spoken, *, again: bool = False
    ) -> asyncio.Task[None] | None:
        """Commit what was said in a room; the task returned shows the answer, None if there is none.

        `again`: it is committed, and only its answer is shown once more.
        """
        if self._teaching is None:
            return None
        match meaning:
            case Voted(poll=poll, choice=choice):
                await self._vote(self._teaching, room, Vote(room.id, poll, event.sender, choice))
                return None
            case Said(text=text, thread=thread):
                us, languages = self._kit.homeserver.user, self._kit.words().languages
                ask = asked.read(text, event.content, us, languages)
                if ask is None:
                    return None
                wanted = Wanted(room.id, event.id, "", ask.topic if isinstance(ask, Quiz) else "", thread)
                step = await self._turn(self._teaching, ask, wanted, again=again)
                return self._do(self._teaching, room, step) if step else None
            case Sent() | Tapped() | CameIn():
                return None

    async def company(
        self, room: Room, event: RoomEvent, language: str, *, again: bool = False
    ) -> asyncio.Task[None] | None:
        """Somebody came into a room: whose it was alone is told, once, that it is one of several now."""
        if room.person is None and not again:
            return None
        async with self._kit.database.begin() as conn:
            await matrix.note_handled(conn, event.id, room.id, self._kit.clock(), again=True)
        words = say("matrix.not_alone", link=matrix_to(self._kit.homeserver.user))
        return self._say(room, Line(words, language, event.id))

    async def _turn(self, teaching: Teaching, ask: Ask, wanted: Wanted, *, again: bool) -> Step | None:
        """Commit a turn. One that comes again begins nothing: it says again what there was to say."""
        now = self._kit.clock()
        async with self._kit.database.begin() as conn:
            last = await room_polls.newest(conn, wanted.room)
            language = ask.language or (last.language if last else "")
            wanted = replace(wanted, language=self._kit.words().choose(language))
            closing = None if again else await self._closing(conn, ask, wanted.room, now)
            match Turn.ANSWER if again or closing else self._restraint.turn(wanted.room, now):
                case Turn.ANSWER:
                    step = closing or await self._decide(conn, teaching.library(), ask, wanted, now=now, again=again)
                case Turn.LAST_WORD:
                    step = _line(wanted, say("room.too_much"))
                case Turn.SILENCE:
                    step = None
            await matrix.note_handled(conn, wanted.key, wanted.room, now, again=isinstance(step, Show | Line))
        return step

    async def _closing(self, conn: Connection, ask: Ask, room: str, now: datetime) -> Close | None:
        """The end of the poll that stands in a room, if it is asked for. It is owed, so restraint has no say in it."""
        poll = await room_quiz.close_now(conn, room, now) if isinstance(ask, Results) else None
        return Close(poll) if poll else None

    async def _decide(
        self, conn: Connection, library: Library, ask: Ask, wanted: Wanted, *, now: datetime, again: bool
    ) -> Step | None:
        match ask:
            case Quiz():
                found = await room_quiz.ask(conn, library, wanted, now=now, anew=not again)
                match found:
                    case room_quiz.Asked(poll):
                        return Show(poll)
                    case Busy(poll):
                        return replace(_line(wanted, say("room.busy")), key=f"{poll.key}:busy")  # once, however often
                    case NothingFits():
                        return _line(wanted, say("room.nothing"))
                    case None:
                        return None
            case Results():
                return _line(wanted, say("room.none_open"))
            case Help():
                return _line(wanted, say("room.help", link=matrix_to(self._kit.homeserver.user)))
            case _:
                assert_never(ask)

    async def _vote(self, teaching: Teaching, room: Room, vote: Vote) -> None:
        async def count() -> bool:
            async with self._kit.database.begin() as conn:
                return await room_quiz.vote(conn, teaching.library(), teaching.vault, vote)

        if await count():
            return
        async with self._kit.database.read() as conn:
            newest = await room_polls.newest(conn, room.id)
        if newest is None or newest.closed_at:
            return
        if newest.event is None:  # they may have been quicker than our note of its name
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

    def _once(self, step: Show | Close, room: Room, doing: Callable[[], Awaitable[object]]) -> asyncio.Task[None]:
        """Begin something with a poll, unless it is under way."""
        place = type(step), step.poll.id
        if place not in self._under_way:
            task = self._under_way[place] = self._replies.aside(room, doing)
            task.add_done_callback(lambda _: self._under_way.pop(place, None))
        return self._under_way[place]

    async def _show(self, teaching: Teaching, room: Room, begun: Poll) -> None:
        poll = await self._now(begun)
        if poll is None or poll.event:
            return
        try:
            question = learning.find_question(teaching.library(), poll.ref)
        except StaleAction:  # the library has dropped it meanwhile
            await self._finish(poll)
            return
        content = group_screens.question(poll, question, self._kit.words())
        event = await self._insist(room, poll, polls.START, content, poll.key)
        async with self._kit.database.begin() as conn:
            await room_polls.note_event(conn, poll.id, event, self._kit.clock() + room_quiz.OPEN_FOR)

    async def _close(self, teaching: Teaching, room: Room, begun: Poll) -> None:
        """End the poll and say what came out. If that fails for now, it is counted and said anew, later."""
        poll = await self._now(begun)
        if poll is None or poll.event is None:
            return
        words, event = self._kit.words(), poll.event
        async with self._kit.database.read() as conn:
            tally = await room_quiz.tally(conn, teaching.library(), poll)
        ended = polls.ended(event, words.label(say("room.poll_ended"), poll.language))
        await self._insist(room, poll, polls.END, ended, f"{poll.key}:end")
        if tally:
            await self._insist(room, poll, MESSAGE, group_screens.result(poll, tally, words), f"{poll.key}:result")
        await self._finish(poll)

    async def _now(self, poll: Poll) -> Poll | None:
        """The poll as it is by now; None if it is done with."""
        async with self._kit.database.read() as conn:
            now = await room_polls.find(conn, poll.id)
        return now if now and now.closed_at is None else None

    async def _insist(self, room: Room, poll: Poll, kind: str, content: Content, key: str) -> str:
        """Send something of a poll; where that cannot be, it is done with."""
        try:
            return await self._replies.insist(lambda: self._postman.say(room, kind, content, key))
        except (Blocked, Rejected):
            await self._finish(poll)
            raise

    async def _finish(self, poll: Poll) -> None:
        async with self._kit.database.begin() as conn:
            await room_polls.finish(conn, poll.id, self._kit.clock())

    # --- by the clock

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Close polls when their time has come, until `stop`; not before what was missed is read: votes count."""
        await ready.wait()
        patience, failures = self._kit.patience, 0
        while not stop.is_set():
            failures = 0 if await self._looked() else failures + 1
            await pause(stop, max(patience.polls, patience.pause_after(failures) if failures else 0.0))

    async def _looked(self) -> bool:
        try:
            return await self.look()
        except Exception as error:  # noqa: BLE001 - whatever it is, we look again; a traceback may hold words
            _log.warning("matrix.polls_not_seen", kind=type(error).__name__)
            return False

    async def look(self) -> bool:
        """Show, and close, what is to be; returns whether all of it could be done."""
        due = await self._due()
        if self._teaching is None or not due:
            return True
        await asyncio.wait({self._do(self._teaching, room, step) for room, step in due})
        return not await self._due()

    async def _due(self) -> list[tuple[Room, Show | Close]]:
        now = self._kit.clock()
        async with self._kit.database.read() as conn:
            open_ones = await room_polls.untold(conn)
            rooms = await matrix.rooms(conn, {poll.room for poll in open_ones})
        due: list[tuple[Room, Show | Close]] = []
        for poll in open_ones:
            room = rooms.get(poll.room)
            if room is None or (poll.event is None and poll.opened_at + room_quiz.SHOWN_WITHIN <= now):
                await self._finish(poll)
            elif poll.event is None:
                due.append((room, Show(poll)))
            elif room_quiz.is_due(poll, now):
                due.append((room, Close(poll)))
        return due
