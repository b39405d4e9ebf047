"""Takes what a sync tells: invitations, rooms left, events; each event counts once, and none is passed over."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from bot.channels.matrix import incoming
from bot.channels.matrix.conversation import Conversation, Spoken
from bot.channels.matrix.events import CHANNEL, Batch, Invite, RoomEvent, RoomNews
from bot.channels.matrix.groups import Groups
from bot.channels.matrix.incoming import CameIn, MovedOn, Nothing, Said, Sent, Stirred, Tapped, Unreadable, Voted
from bot.channels.matrix.kit import Kit
from bot.channels.matrix.replies import Replies
from bot.channels.matrix.rooms import Rooms
from bot.channels.patience import pause
from bot.domain.errors import Blocked, Rejected, Throttled, Unanswered, Unreachable
from bot.domain.messages import say
from bot.domain.residents import Address
from bot.storage import matrix, residents
from bot.storage.matrix import Room
from scheduler.ledger import FAULTS

TRIES = 5
"""An event whose turn failed this often is given up, if the fault seems to be its own."""
KEY_COMES_S = 4.0
"""A key often comes a little after what it opens."""
NOT_OURS = (Throttled, Unreachable, Unanswered, *FAULTS)
"""Troubles of the homeserver or the database: they say nothing against an event."""

Part = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


class Reader:
    """Takes batches, one after the other."""

    def __init__(
        self, kit: Kit, rooms: Rooms, conversation: Conversation, groups: Groups, replies: Replies
    ) -> None:
        self._kit = kit
        self._rooms = rooms
        self._conversation = conversation
        self._groups = groups
        self._replies = replies
        self._failures: dict[str, int] = {}
        self._shown: list[asyncio.Task[None]] = []

    async def take(self, batch: Batch, since: str | None, stop: asyncio.Event) -> list[asyncio.Task[None]]:
        """Commit everything a batch tells, as often as it takes; returns the tasks that show the answers.

        `since`: where the batch goes on from. A first sync has no news, only what was there long before.
        """
        self._shown = []
        parts: list[Part] = [partial(self._invited, one) for one in batch.invites]
        if since is not None:
            parts += [partial(self._left, room) for room in batch.left]
            parts += [partial(self._news, news, since) for news in batch.joined]
        tries = 0
        while parts and not stop.is_set():
            tries += 1
            fine = await asyncio.gather(*(self._whole(part, tries) for part in parts))
            parts = [part for part, done in zip(parts, fine, strict=True) if not done]
            if parts:
                await pause(stop, self._kit.patience.pause_after(tries))
        return self._shown

    @staticmethod
    async def _whole(part: Part, tries: int) -> bool:
        """Whether a part is done with; if not, it is taken again: what is committed of it, is."""
        try:
            await part()
        except NOT_OURS as error:
            _log.warning("matrix.taken_again", kind=type(error).__name__)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on; a traceback may hold words
            given_up = tries >= TRIES
            _log.error("matrix.news_failed", kind=type(error).__name__, given_up=given_up)
            return given_up
        return True

    # --- rooms

    async def _invited(self, invite: Invite) -> None:
        try:
            if invite.encrypted and not self._kit.homeserver.encrypts:
                words = self._kit.words()
                reason = words.label(say("matrix.only_unencrypted"), words.choose(""))
                await self._kit.homeserver.leave(invite.room, reason)
            else:
                await self._kit.homeserver.join(invite.room)
        except (Blocked, Rejected) as error:  # taken back meanwhile, or its homeserver is gone
            _log.info("matrix.invitation_lapsed", kind=type(error).__name__)

    async def _left(self, room: str) -> None:
        known = await self._rooms.known(room)
        if known:
            await self._rooms.gone(known)

    # --- events

    async def _news(self, news: RoomNews, since: str) -> None:
        try:
            events = await self._all_of(news, since)
            room = await self._room(news)
        except (Blocked, Rejected):  # we are not there any more; the next sync says so
            return
        async with self._kit.database.read() as conn:
            handled = await matrix.handled(conn, [event.id for event in events])
        last = next((event.id for event in reversed(events) if event.id in handled), None)
        for event in events:
            again = event.id in handled
            if again and not (event.id == last and handled[event.id]):
                continue
            after = await self._event(room, event, again=again)
            if after is None:
                return
            room = after
        if events and room.person:
            self._seen(room, events[-1])

    async def _room(self, news: RoomNews) -> Room:
        """The room as it is kept, if nothing can have changed there unseen."""
        known = await self._rooms.known(news.room)
        changed = news.gap_before or any(event.kind == "m.room.encryption" for event in news.state)
        return known if known and not changed else await self._rooms.look(news.room)

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

    def _seen(self, room: Room, event: RoomEvent) -> None:
        self._replies.aside(room, lambda: self._kit.homeserver.read_up_to(room.id, event.id))

    async def _event(self, room: Room, event: RoomEvent, *, again: bool) -> Room | None:
        """Take one event; returns the room as it is after it, None if we are not in it any more.

        `again`: its turn is committed, and only its answer is shown once more.
        """
        try:
            return await self._act(room, event, again=again)
        except NOT_OURS:
            raise
        except Exception as error:
            self._failures[event.id] = tries = self._failures.get(event.id, 0) + 1
            if tries < TRIES:
                raise
            _log.error("matrix.turn_failed", kind=type(error).__name__, given_up=True)
            del self._failures[event.id]
            await self._handled(room, event)
            return room

    async def _act(self, room: Room, event: RoomEvent, *, again: bool = False) -> Room | None:
        match meaning := incoming.read(event, self._kit.homeserver.user):
            case Stirred():
                return await self._look_again(room, event, again=again)
            case MovedOn(successor):
                await self._follow(successor)
            case Unreadable(session):
                if event.sender == room.person:
                    self._shown.append(
                        self._replies.aside(room, lambda: self._unread(room, event, session), queue="unread")
                    )
            case CameIn():
                room = await self._rooms.look(room.id)
                await self._spoken(room, event, meaning, again=again)
            case Said() | Sent() | Tapped() | Voted():
                await self._spoken(room, event, meaning, again=again)
            case Nothing():
                pass
        return room

    async def _spoken(self, room: Room, event: RoomEvent, meaning: Spoken, *, again: bool) -> None:
        """Something for the dialogue, if it is said by whom the room belongs to, and as the room wants it said."""
        if room.encrypted and not (event.encrypted or isinstance(meaning, Tapped | CameIn)):
            return  # it may be anybody's who has the homeserver
        if room.person is None:
            self._show(await self._groups.hear(room, event, meaning, again=again))
            return
        if not (event.sender == room.person or isinstance(meaning, CameIn)):
            return
        shown = await self._conversation.turn(room, event, meaning, again=again)
        if shown:
            self._shown.append(shown)
        else:
            await self._handled(room, event)

    async def _handled(self, room: Room, event: RoomEvent) -> None:
        async with self._kit.database.begin() as conn:
            await matrix.note_handled(conn, event.id, room.id, self._kit.clock(), again=False)

    def _show(self, shown: asyncio.Task[None] | None) -> None:
        if shown:
            self._shown.append(shown)

    async def _look_again(self, room: Room, event: RoomEvent, *, again: bool) -> Room | None:
        try:
            now = await self._rooms.look(room.id)
        except Blocked:  # it was we who had to go
            await self._rooms.gone(room)
            return None
        if now.empty:
            await self._kit.homeserver.leave(room.id)
            await self._rooms.gone(room)
            return None
        if now.person is None:
            self._show(await self._groups.company(room, event, await self._language(room), again=again))
        return now

    async def _follow(self, successor: str) -> None:
        try:
            await self._kit.homeserver.join(successor)
        except (Blocked, Rejected) as error:  # we are invited there, or nobody wants us
            _log.info("matrix.room_not_followed", kind=type(error).__name__)

    async def _language(self, room: Room) -> str:
        """The language of whoever is alone with us there."""
        async with self._kit.database.read() as conn:
            resident = await residents.find(conn, Address(CHANNEL, room.person or ""))
        return resident.language if resident else self._kit.words().choose("")

    async def _unread(self, room: Room, event: RoomEvent, session: str) -> None:
        """Try once more when the key may have come; otherwise say, once for each key, that we could not read it."""
        await self._kit.sleep(KEY_COMES_S)
        with_key = await self._kit.homeserver.event(room.id, event.id)
        if with_key is not None and with_key.unreadable is None:
            await self._act(room, with_key)
            return
        text = self._kit.words().label(say("matrix.no_key"), await self._language(room))
        content = {"msgtype": "m.notice", "body": text}
        await self._replies.say(room, "m.room.message", content, f"unreadable:{session}")
