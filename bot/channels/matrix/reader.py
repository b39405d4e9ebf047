"""Takes what a sync tells: invitations, rooms left, events; each event counts once, and none is passed over."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import structlog

from bot.channels.matrix import incoming
from bot.channels.matrix.conversation import Conversation, Spoken
from bot.channels.matrix.events import CHANNEL, Invite, RoomEvent, RoomNews
from bot.channels.matrix.groups import Groups
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.incoming import CameIn, MovedOn, Nothing, Said, Sent, Stirred, Tapped, Unreadable, Voted
from bot.channels.matrix.kit import Kit
from bot.channels.matrix.loops import MOST, LoopGuard
from bot.channels.matrix.replies import Replies
from bot.channels.matrix.rooms import Rooms
from bot.domain.errors import Blocked, BotError, Rejected, Throttled, Unanswered, Unreachable
from bot.domain.messages import say
from bot.domain.residents import Address
from bot.storage import matrix, residents
from bot.storage.matrix import Room
from scheduler.ledger import FAULTS

TRIES = 5
"""After so many failed turns in a room, an event that fails is given up, if the fault seems to be its own."""
KEY_COMES_S = 4.0
"""A key often comes a little after what it opens."""
NOT_OURS = (Throttled, Unreachable, Unanswered, *FAULTS)
"""Troubles of the homeserver or the database: they say nothing against an event."""

_log = structlog.get_logger(__name__)


class TurnFailed(BotError):
    """The turn of an event failed; it is taken again."""


@dataclass(slots=True)
class Progress:
    """How far something that was told of a room has come: the answers begun, and the turns that failed."""

    answers: list[asyncio.Task[None]] = field(default_factory=list)
    failures: int = 0
    ahead: bool = False
    """Something in it was answered for the first time: what follows was written before that answer was there."""

    def show(self, answer: asyncio.Task[None] | None) -> None:
        """An answer is on its way, if there is one."""
        if answer:
            self.answers.append(answer)


class Reader:
    """Takes one thing that is told of a room. It may be taken again: what is committed, is."""

    def __init__(self, kit: Kit, rooms: Rooms, conversation: Conversation, groups: Groups, replies: Replies) -> None:
        self._kit = kit
        self._rooms = rooms
        self._conversation = conversation
        self._groups = groups
        self._replies = replies
        self._loops = LoopGuard()

    # --- rooms

    async def invited(self, invite: Invite, progress: Progress) -> None:
        """Somebody asks us in."""
        room = Room(invite.room, None, invite.encrypted)
        progress.show(self._replies.aside(room, lambda: self._enter(room), queue="entering"))

    async def _enter(self, room: Room, *, again: bool = False) -> None:
        """Accept an invitation. A far homeserver may take its time, or be gone: nobody else waits for it."""
        try:
            await (self._replies.insist(lambda: self._accept(room)) if again else self._accept(room))
        except SignedOut:
            raise
        except (Blocked, Rejected) as error:  # taken back meanwhile, or nobody wants us
            _log.info("matrix.room_not_entered", kind=type(error).__name__)
        except BotError as error:
            if again:
                _log.warning("matrix.room_not_entered", kind=type(error).__name__)
            else:
                self._replies.aside(room, lambda: self._enter(room, again=True), queue="entering")

    async def _accept(self, room: Room) -> None:
        if self._speaks_in(room):
            await self._kit.homeserver.join(room.id)
        else:
            await self._kit.homeserver.leave(room.id, self._why_not())

    def _speaks_in(self, room: Room) -> bool:
        return self._kit.homeserver.encrypts or not room.encrypted

    def _why_not(self) -> str:
        words = self._kit.words()
        return words.label(say("matrix.only_unencrypted"), words.choose(""))

    async def _leave(self, room: Room, now: Room) -> None:
        """Nobody is there now, or we cannot speak there: in an encrypted room we say nothing that is not."""
        await self._kit.homeserver.leave(room.id, "" if self._speaks_in(now) else self._why_not())
        await self._rooms.gone(room)

    async def left(self, room: str, progress: Progress) -> None:  # noqa: ARG002 - nobody is there to be answered
        """We are no longer in a room. If nothing is kept of it, whose it was is erased, or it was nobody's."""
        known = await self._rooms.known(room)
        await self._rooms.gone(known or Room(room, None, encrypted=False))

    # --- events

    async def news(self, news: RoomNews, since: str, progress: Progress) -> None:
        """Something happened in a room, after `since`."""
        try:
            events = await self._all_of(news, since)
            async with self._kit.database.read() as conn:
                handled = await matrix.handled(conn, [event.id for event in events])
                erased = await matrix.erasures(conn, handled)
            begun = max((place for place, event in enumerate(events) if event.id in erased), default=0)
            room = await self._room(news, [event for event in events[begun:] if event.id not in handled])
        except (Blocked, Rejected):  # we are not there any more; the next sync says so
            return
        if not self._speaks_in(room):
            await self._leave(room, room)
            return
        last = next((event.id for event in reversed(events) if handled.get(event.id)), None)
        for event in events[begun:]:  # nobody may come back to life by what they said before they were erased
            again = event.id in handled
            if again and event.id != last:
                continue
            after = await self._event(room, event, progress, again=again)
            if after is None:
                return
            room = after
        if room.person:
            self._seen(room, events)

    async def _room(self, news: RoomNews, fresh: list[RoomEvent]) -> Room:
        """The room as it is kept, if nothing can have changed there unseen; `fresh` is what had no turn yet.

        Of whoever was erased there nothing is kept again before they do something.
        """
        meanings = (incoming.read(event, self._kit.homeserver.user) for event in fresh)
        new = any(not isinstance(meaning, Nothing | Stirred) for meaning in meanings)
        known = await self._rooms.known(news.room)
        changed = news.gap_before or any(event.kind == "m.room.encryption" for event in news.state)
        return known if known and not changed else await self._rooms.look(news.room, new=new)

    async def _all_of(self, news: RoomNews, since: str) -> tuple[RoomEvent, ...]:
        """The events with those that did not fit into the sync; nothing of what was before we came in."""
        events = news.events
        if news.gap_before and self._entrance(events) is None:
            events = (*await self._kit.homeserver.earlier(news.room, news.gap_before, since), *events)
        return events[self._entrance(events) or 0 :]

    def _entrance(self, events: tuple[RoomEvent, ...]) -> int | None:
        us = self._kit.homeserver.user
        places = (place for place, one in enumerate(events) if isinstance(incoming.read(one, us), CameIn))
        return max(places, default=None)

    def _seen(self, room: Room, events: tuple[RoomEvent, ...]) -> None:
        """Show that the last thing said was read; nobody misses it if that fails."""
        said = next((one for one in reversed(events) if one.sender == room.person), None)

        async def show(last: RoomEvent) -> None:
            with suppress(BotError):
                await self._kit.homeserver.read_up_to(room.id, last.id)

        if said:
            self._replies.aside(room, partial(show, said))

    async def _event(self, room: Room, event: RoomEvent, progress: Progress, *, again: bool) -> Room | None:
        """Take one event; returns the room as it is after it, None if we are not in it any more.

        `again`: its turn is committed, and only its answer is shown once more.
        """
        try:
            return await self._act(room, event, progress, again=again)
        except (*NOT_OURS, SignedOut):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it comes again; a traceback may hold words
            progress.failures += 1
            given_up = progress.failures >= TRIES
            _log.error("matrix.turn_failed", kind=type(error).__name__, given_up=given_up)
            if not given_up:
                raise TurnFailed from None
            await self._handled(room, event)
            return room

    async def _act(self, room: Room, event: RoomEvent, progress: Progress, *, again: bool) -> Room | None:
        match meaning := incoming.read(event, self._kit.homeserver.user):
            case Stirred():
                return await self._look_again(room, event, progress, again=again)
            case MovedOn(successor):
                await self.invited(Invite(successor, event.sender, direct=False, encrypted=False), progress)
            case Unreadable(session):
                if event.sender == room.person:
                    progress.show(self._replies.aside(room, lambda: self._unread(room, event, session), queue="unread"))
            case CameIn():
                return await self._came_in(room, event, meaning, progress, again=again)
            case Said() | Sent() | Tapped() | Voted():
                progress.show(await self._spoken(room, event, meaning, progress, again=again))
            case Nothing():
                pass
        return room

    async def _spoken(
        self, room: Room, event: RoomEvent, meaning: Spoken, progress: Progress, *, again: bool
    ) -> asyncio.Task[None] | None:
        """Something for the dialogue, if it is said by whom the room belongs to, and as the room wants it said."""
        if room.encrypted and not (event.encrypted or isinstance(meaning, Tapped | CameIn)):
            return None  # it may be anybody's who has the homeserver
        if room.person is None:
            return await self._groups.hear(room, event, meaning, again=again)
        if not (event.sender == room.person or isinstance(meaning, CameIn)):
            return None
        shown = None
        if again or self._in_measure(room):
            shown = await self._conversation.turn(room, event, meaning, again=again, ahead=progress.ahead)
            progress.ahead |= not again and shown is not None
        if shown is None:
            await self._handled(room, event)
        return shown

    def _in_measure(self, room: Room) -> bool:
        """Whether a room has had no more turns lately than people have."""
        turns = self._loops.turns(room.id, self._kit.clock())
        if turns == MOST + 1:
            _log.warning("matrix.room_too_loud", turns=MOST)
        return turns <= MOST

    async def _handled(self, room: Room, event: RoomEvent) -> None:
        async with self._kit.database.begin() as conn:
            await matrix.note_handled(conn, event.id, room.id, self._kit.clock(), again=False)

    async def _came_in(
        self, room: Room, event: RoomEvent, meaning: CameIn, progress: Progress, *, again: bool
    ) -> Room | None:
        now = await self._rooms.look(room.id)
        if not self._speaks_in(now):
            await self._leave(room, now)
            return None
        progress.show(await self._spoken(now, event, meaning, progress, again=again))
        return now

    async def _look_again(self, room: Room, event: RoomEvent, progress: Progress, *, again: bool) -> Room | None:
        try:
            now = await self._rooms.look(room.id, new=False)
        except Blocked:  # it was we who had to go
            await self._rooms.gone(room)
            return None
        if now.empty or not self._speaks_in(now):
            await self._leave(room, now)
            return None
        if now.person is None:
            progress.show(await self._groups.company(room, event, await self._language(room), again=again))
        return now

    async def _language(self, room: Room) -> str:
        """The language of whoever is alone with us there."""
        async with self._kit.database.read() as conn:
            resident = await residents.find(conn, Address(CHANNEL, room.person or ""))
        return resident.language if resident else self._kit.words().choose("")

    async def _unread(self, room: Room, event: RoomEvent, session: str) -> None:
        """Try once more when the key may have come; otherwise say, once for each key, that we could not read it."""
        await self._kit.sleep(KEY_COMES_S)
        with_key = await self._replies.insist(lambda: self._kit.homeserver.event(room.id, event.id))
        meaning = incoming.read(with_key or event, self._kit.homeserver.user)
        if with_key and isinstance(meaning, Spoken):
            await self._opened(room, with_key)
        if not isinstance(meaning, Unreadable):
            return
        text = self._kit.words().label(say("matrix.no_key"), await self._language(room))
        content = {"msgtype": "m.notice", "body": text}
        await self._replies.say(room, "m.room.message", content, f"unreadable:{session}")

    async def _opened(self, room: Room, event: RoomEvent) -> None:
        """Take what could be read late, as often as it takes: no batch brings it again before a crash does."""
        progress = Progress()
        for tries in count(1):
            try:
                await self._event(room, event, progress, again=False)
                break
            except (*NOT_OURS, TurnFailed):
                await self._kit.sleep(self._kit.patience.pause_after(tries))
        await asyncio.gather(*progress.answers)
