"""What a resident's turn costs, from the bytes of an update to the reply that has left."""

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot import accounts
from bot.channels.telegram.channel import TelegramChannel
from bot.dialogue.actions import encode
from bot.dialogue.engine import Engine
from bot.domain import actions as do
from bot.domain.messages import Button, Event, Reply
from scheduler.pacing import NullPacer
from tests.bench import machine, product
from tests.bench.figures import median
from tests.bench.report import Section, at_most
from tests.bench.server import bot_api

WARM, TURNS, ROUNDS = 200, 1000, 3
CPU_MS = 2.0
QUESTION = "co zrobić gdy kliknąłem w link z smsa"
OK = 200

CHAT = {"id": 42, "type": "private", "first_name": "A"}
PERSON = {"id": 42, "is_bot": False, "first_name": "A", "language_code": "pl"}
DATE = 1_790_000_000

_nonce = itertools.count(10_000)


class Noting(Engine):
    """The conversation, with its last reply kept: whose buttons are there to press."""

    reply: Reply | None = None

    async def turn(self, event: Event) -> Reply:
        """Answer, and keep the answer."""
        self.reply = await super().turn(event)
        return self.reply


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one turn."""

    seconds: float
    cpu_s: float


def measure() -> list[Section]:
    """A quiz answered again and again, and questions asked."""
    cores = machine.cores()
    with bot_api() as api, machine.on_core(cores[0] if cores else None):
        costs = product.run(_costs(api.base_url))
    rows = [(name, f"{1 / cost.seconds:,.0f}", f"{1000 * cost.cpu_s:.2f}") for name, cost in costs.items()]
    return [
        Section(
            "One turn",
            ("what a resident does", "a second", "CPU ms each"),
            tuple(rows),
            tuple(at_most(name, 1000 * cost.cpu_s, CPU_MS, "ms of CPU") for name, cost in costs.items()),
            (
                "From the bytes of the update: decode, handle, commit, render, and the requests of the reply over "
                "loopback (a press has two: its answer, and the message changed). One after another, SQLite.",
            ),
        )
    ]


async def _costs(base_url: str) -> dict[str, Cost]:
    async with product.house(base_url) as house:
        engine = Noting(house.database, house.shelf, house.tools, house.clock)
        channel = accounts.telegram_channel(house, engine, NullPacer())
        costs = {
            "answers a quiz": await _measured(channel, _presses(engine)),
            "asks in their own words": await _measured(channel, _questions()),
        }
        await channel.close()
    return costs


async def _measured(channel: TelegramChannel, updates: Iterator[dict[str, Any]]) -> Cost:
    await _take(channel, updates, WARM)
    costs = [await _take(channel, updates, TURNS) for _ in range(ROUNDS)]
    return Cost(median([one.seconds for one in costs]), median([one.cpu_s for one in costs]))


async def _take(channel: TelegramChannel, updates: Iterator[dict[str, Any]], count: int) -> Cost:
    webhook = channel.webhook
    begun, cpu = time.perf_counter(), machine.cpu_s()
    for update in itertools.islice(updates, count):
        # Making the bytes is Telegram's work; at some microseconds it is left in.
        raw = json.dumps(update).encode()
        if await webhook.handle(json.loads(raw), webhook.secret) != OK:
            raise RuntimeError("an update was refused")
    return Cost((time.perf_counter() - begun) / count, (machine.cpu_s() - cpu) / count)


def _presses(engine: Noting) -> Iterator[dict[str, Any]]:
    for number in itertools.count(1):
        message = {"message_id": 1, "date": DATE, "chat": CHAT, "text": "A"}
        query = {"id": f"q{number}", "from": PERSON, "chat_instance": "1", "message": message}
        yield {"update_id": number, "callback_query": query | {"data": answering(engine.reply)}}


def _questions() -> Iterator[dict[str, Any]]:
    for number in itertools.count(100_000):
        message = {"message_id": number, "date": DATE, "chat": CHAT, "from": PERSON, "text": QUESTION}
        yield {"update_id": number, "message": message}


def answering(reply: Reply | None) -> str:
    """Press the first button that goes on, beginning again after each result."""
    rows = reply.screen.rows if reply else ()
    forward = [one for row in rows for one in row if isinstance(one, Button) and not isinstance(one.action, do.Home)]
    if not forward or isinstance(forward[0].action, do.SetConsent | do.RepeatMissed):
        return encode(do.StartMix("", "", 5, next(_nonce)))
    return encode(forward[-1].action if len(forward) > 1 and len(rows) == 1 else forward[0].action)
