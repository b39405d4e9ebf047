"""A broadcast whose process is killed, under a messenger that fails: from an empty database to the evidence."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot import wiring
from bot.storage.database import Database
from scheduler.model import Kind, RunState
from tests.acceptance.conftest import Program
from tests.chaos import killer
from tests.chaos.city import City, announce, arrived, settle
from tests.chaos.killer import Moment
from tests.chaos.messengers import Messenger, OnTelegram
from tests.chaos.program import Clock
from tests.chaos.promises import Evidence, Wreck, survey
from tests.chaos.sight import Sight, look, look_at_wreck
from tests.telegram_api import Dropped, Fault, Lost, ServerError, Slow, TooMany, Weather

RATE, LATENCY_S = 300, 0.08
"""Messages a second, and how long each answer takes: some two dozen are in flight at any moment."""
NOBODY_WAITS_S = 22.0
"""Longer than the program waits for an answer."""
FAULTS: Mapping[Fault, float] = {
    Dropped(): 0.05,
    ServerError(500): 0.02,
    ServerError(502): 0.02,
    Lost(): 0.04,
    Slow(0.4): 0.063,
    Slow(NOBODY_WAITS_S): 0.003,
    TooMany(1): 0.004,
}
"""What a fifth of the requests meet. Each 429 silences the account for a second, so they are few."""
WORST = 2
"""How often the same resident may meet trouble: each further try waits three times as long."""
STALLED_S = 400.0
"""A message whose fourth try is refused waits for 270 seconds; with nothing new for longer, it will never end."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One broadcast: to whom, of what kind, how fast, when it is killed, what the messenger does to its requests.

    `clock` is the program's, if not everybody's. `on` makes the messenger that it goes through.
    """

    kind: Kind
    city: City
    seed: int
    moments: Sequence[Moment] = ()
    faults: Mapping[Fault, float] = field(default_factory=dict)
    rate: int = RATE
    clock: Clock | None = None
    on: Callable[[], Messenger] = OnTelegram


@dataclass(slots=True)
class Stage:
    """A city with its messenger and the program, which is not running yet."""

    city: City
    messenger: Messenger
    program: Program
    now: Callable[[], datetime]
    """The program's clock."""

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The program's database, opened by the side of it."""
        database = Database(f"sqlite:///{killer.database_of(self.program)}")
        try:
            yield database
        finally:
            await database.close()

    def arrived(self) -> dict[int, int]:
        """How many messages each resident has."""
        return arrived(self.messenger, self.city)


@asynccontextmanager
async def staged(
    folder: Path,
    city: City,
    *,
    rate: int = RATE,
    clock: Clock | None = None,
    on: Callable[[], Messenger] = OnTelegram,
) -> AsyncIterator[Stage]:
    """Build a stage; whatever still runs at the end is killed."""
    messenger = on()
    async with messenger.server as server:
        server.latency_s = LATENCY_S
        program = Program(folder, **messenger.settings(rate))
        stage = Stage(city, messenger, program, clock or wiring.utc_now)
        if clock:
            program.started_with = ("-m", "tests.chaos.program", str(clock))
        await program.cli("database", "upgrade")
        async with stage.database() as database, database.begin() as conn:
            await settle(conn, messenger, city, stage.now())
        try:
            yield stage
        finally:
            if program.process:
                await program.stop(signal.SIGKILL)


async def broadcast(folder: Path, plan: Plan) -> Evidence:
    """Let it happen."""
    async with staged(folder, plan.city, rate=plan.rate, clock=plan.clock, on=plan.on) as stage:
        async with stage.database() as database, database.begin() as conn:
            await announce(conn, plan.kind, stage.now())
        if plan.faults:
            stage.messenger.server.weather = Weather(plan.seed, plan.faults, worst=WORST)
        wrecks = [await _killed(stage, moment) for moment in plan.moments]
        await stage.program.start()
        end = await finished(stage)
        await stage.program.stop()
        return evidence(stage, plan.kind, end, wrecks)


async def _killed(stage: Stage, moment: Moment) -> Wreck:
    """One life of the program, and what is left of it."""
    await stage.program.spawn()
    await killer.wait_for(moment, stage.program, stage.messenger)
    await stage.program.stop(signal.SIGKILL)
    return survey(await look_at_wreck(killer.database_of(stage.program)), stage.arrived(), stage.city.agreed)


async def finished(stage: Stage) -> Sight:
    """Wait for the end of the run, or until nothing happens any more; what the ledger says then."""
    loop = asyncio.get_running_loop()
    seen, since = -1, loop.time()
    async with stage.database() as database:
        while True:
            async with database.read() as conn:
                sight = await look(conn)
            if (sight.run and sight.run.state is RunState.FINISHED) or loop.time() - since > STALLED_S:
                return sight
            if stage.messenger.requests > seen:
                seen, since = stage.messenger.requests, loop.time()
            await asyncio.sleep(0.5)


def evidence(stage: Stage, kind: Kind, end: Sight, wrecks: Sequence[Wreck] = ()) -> Evidence:
    """Everything that is known at the end."""
    weather = stage.messenger.server.weather
    met = weather.met if weather else {}
    sending = {fault: count for (method, fault), count in met.items() if method == stage.messenger.sending}
    unanswered = {fault: count for fault, count in sending.items() if is_unanswered(fault)}
    refused = {fault: count for fault, count in sending.items() if isinstance(fault, ServerError | TooMany)}
    return Evidence(
        kind,
        stage.city.agreed,
        end,
        stage.arrived(),
        tuple(wrecks),
        unanswered=sum(unanswered.values()),
        refused=sum(refused.values()),
        keyed=stage.messenger.keyed,
    )


def is_unanswered(fault: Fault) -> bool:
    """Whether whoever asked is left without an answer, and cannot know whether it was processed."""
    return isinstance(fault, Dropped | Lost) or (isinstance(fault, Slow) and fault.seconds >= NOBODY_WAITS_S)
