"""Long polling: asks for updates, and confirms them only after their turns are committed."""

import asyncio
from itertools import groupby
from typing import Any, cast

import structlog
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.channels.patience import Patience, pause, unless
from bot.channels.telegram.faults import explain, note
from bot.channels.telegram.incoming import UPDATES, BadUpdate, Received, Taker
from bot.channels.telegram.replies import Replies
from bot.channels.trouble import Faults

POLL_S = 30
"""How long Telegram holds an unanswered request for updates."""
BATCH = 100
MANY_REPLIES = 500
"""With this many replies under way, no more updates are asked for."""
CONFIRM_S = 0.5
"""For the last confirmation; without it the next start sees these updates again, which does no harm."""
TRIES = 5
"""An update that failed this often is given up, if others got through meanwhile (so that the fault is its own)."""
TRIES_ALONE = 50
"""Or this often in any case: about 25 minutes."""

_log = structlog.get_logger(__name__)
Update = dict[str, Any]


class Polling:
    """The loop: ask, take each update of the batch, confirm."""

    def __init__(self, channel: Taker, bot: Bot, replies: Replies, patience: Patience) -> None:
        self._channel = channel
        self._bot = bot
        self._replies = replies
        self._patience = patience
        self._faults = Faults("telegram", patience)
        self._ledger = Ledger()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, or until the token is no longer valid."""
        while not stop.is_set():
            try:
                updates = await unless(stop, self._ask(POLL_S if self._ledger.clean else 0))
            except InvalidToken as error:
                _log.error("telegram.off", reason=explain(error))
                return
            except TelegramError as error:
                await pause(stop, note(self._faults, error))
                continue
            self._faults.worked()
            await self._take(updates or [], stop)
        await self._confirm()

    async def _ask(self, timeout_s: int) -> list[Update]:
        """Fetch a batch as it is, for one update the library cannot read must not hide the others.

        The method's name is in lower case, as the Bot API allows, for the library to let it through uninterpreted.
        """
        asked = {"offset": self._ledger.offset, "timeout": timeout_s, "limit": BATCH, "allowed_updates": list(UPDATES)}
        read_s = (self._bot.request.read_timeout or 0) + timeout_s
        answer = await self._bot.do_api_request("getupdates", api_kwargs=asked, read_timeout=read_s)
        if not isinstance(answer, list) or not all(isinstance(one, dict) and "update_id" in one for one in answer):
            raise TelegramError("the answer is not a list of updates; check BEZPIECZNY_TELEGRAM__BASE_URL")
        return cast("list[Update]", answer)

    async def _take(self, updates: list[Update], stop: asyncio.Event) -> None:
        received = self._read(self._ledger.unsettled(updates))
        queues = groupby(sorted(received, key=lambda one: (one.person, one.number)), key=lambda one: one.person)
        turns = [asyncio.create_task(self._turns(list(queue))) for _, queue in queues]
        if turns:
            await unless(stop, asyncio.wait(turns))
            done, late = await asyncio.wait(turns, timeout=self._patience.last_turns)
            for turn in late:
                turn.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            if not stop.is_set():
                await self._let_reply([reply for turn in done for reply in turn.result()])
        await self._after_failures(stop)

    def _read(self, updates: list[Update]) -> list[Received]:
        """Those that can be read; the others are done with."""
        received = []
        for update in updates:
            try:
                received.append(self._channel.read(update))
            except BadUpdate as error:
                _log.warning("telegram.update_unreadable", update=update["update_id"], kind=str(error))
                self._ledger.settled(update["update_id"])
        return received

    async def _turns(self, queue: list[Received]) -> list["asyncio.Task[None]"]:
        """One person's turns, in order; returns the tasks of their replies. After one that fails, the rest wait."""
        replies = []
        for received in queue:
            try:
                reply = await self._channel.take(received)
            except Exception as error:  # noqa: BLE001 - whatever it is, the update comes again; a traceback may hold words
                given_up = self._ledger.failed(received.number)
                _log.error("telegram.turn_failed", update=received.number, kind=type(error).__name__, given_up=given_up)
                break
            self._ledger.settled(received.number)
            replies += [reply] if reply else []
        return replies

    async def _let_reply(self, replies: list["asyncio.Task[None]"]) -> None:
        if replies:
            await asyncio.wait(replies, timeout=self._patience.batch_replies)
        await self._replies.wait_for_room(MANY_REPLIES)

    async def _after_failures(self, stop: asyncio.Event) -> None:
        """With turns that failed, Telegram answers at once: wait a little ourselves."""
        if not self._ledger.clean:
            await pause(stop, self._patience.pause_after(self._ledger.worst))

    async def _confirm(self) -> None:
        """Tell Telegram what is done, so that the next start does not see it again."""
        try:
            await asyncio.wait_for(self._ask(0), CONFIRM_S)
        except (TelegramError, TimeoutError):
            _log.debug("telegram.not_confirmed")


class Ledger:
    """Which updates are done: all below `offset`, and some above it behind one that failed."""

    def __init__(self) -> None:
        self.offset = 0
        self._done: set[int] = set()
        self._seen: list[int] = []
        self._failures: dict[int, int] = {}
        self._got_through: set[int] = set()

    @property
    def clean(self) -> bool:
        """Whether nothing waits to be tried again."""
        return not self._failures

    @property
    def worst(self) -> int:
        """How often the unluckiest update has failed."""
        return max(self._failures.values(), default=0)

    def unsettled(self, updates: list[Update]) -> list[Update]:
        """Those of a batch that still have to be taken."""
        self._seen = sorted(update["update_id"] for update in updates)
        self._failures = {number: tries for number, tries in self._failures.items() if number in self._seen}
        return [update for update in updates if update["update_id"] not in self._done]

    def settled(self, number: int) -> None:
        """A turn is committed."""
        self._failures.pop(number, None)
        self._got_through |= self._failures.keys()
        self._done.add(number)
        self._advance()

    def failed(self, number: int) -> bool:
        """A turn failed; returns whether it is given up."""
        tries = self._failures[number] = self._failures.get(number, 0) + 1
        given_up = tries >= (TRIES if number in self._got_through else TRIES_ALONE)
        if given_up:
            self.settled(number)
        return given_up

    def _advance(self) -> None:
        """Everything up to the first update not done can be confirmed."""
        while self._seen and self._seen[0] in self._done:
            self.offset = self._seen.pop(0) + 1
        self._done = {number for number in self._done if number >= self.offset}
        self._got_through &= self._failures.keys()
