"""Whatever happens, in whatever order: each event has its turn exactly once, and the last answer is shown."""

import asyncio
import tempfile
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from math import inf
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy.exc import OperationalError

from bot.channels.matrix.channel import MatrixChannel
from bot.domain.errors import Throttled, Unanswered, Unreachable
from bot.domain.messages import Event, Reply, Text
from bot.storage import matrix
from tests.channels.contract import FakeDialogue, screen
from tests.channels.matrix.homeserver import US, Fault
from tests.channels.matrix.world import Content, Mains, Person, World, end_at_once, until, until_so
from tests.support import NOON, open_database

ROOMS = {"!a:x": "@anna:x", "!b:x": "@jan:x"}
TROUBLES = {"away": Unreachable("503"), "in doubt": Unanswered(), "busy": Throttled(NOON)}


class Remembering(FakeDialogue):
    """Knows an event that comes again, as the engine does; may fail before or after its turn is committed."""

    def __init__(self) -> None:
        super().__init__(otherwise=lambda event: screen(event.input.text if isinstance(event.input, Text) else "?"))
        self.committed: dict[str, Reply] = {}
        self.fails: list[str] = []

    async def turn(self, event: Event) -> Reply:
        fails = self.fails.pop() if self.fails else ""
        if fails == "before":
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        if event.key not in self.committed:
            self.committed[event.key] = await super().turn(event)
        if fails == "after":
            raise OperationalError("COMMIT", {}, Exception("the connection is lost"))
        return self.committed[event.key]


class Conversations(RuleBasedStateMachine):
    """People who speak, a homeserver in trouble, a database that fails, a program that is killed."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.stack = AsyncExitStack()
        self.said: dict[str, list[str]] = {room: [] for room in ROOMS}
        self.task: asyncio.Task[None] | None = None
        self._do(self._begin())

    async def _begin(self) -> None:
        database = await self.stack.enter_async_context(open_database(Path(self.folder.name)))
        self.dialogue = Remembering()
        self.world = World(database, dialogue=self.dialogue)
        self.world.server.limit = 3
        self.people = [await self.world.known(room, person) for room, person in ROOMS.items()]

    def _do(self, doing: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await doing

        return self.runner.run(done())

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self._do(self._end())
            self.folder.cleanup()
            self.runner.close()

    async def _end(self) -> None:
        try:
            await self._run_to_the_end()
        finally:
            if self.task:
                await self._killed()
            await self.stack.aclose()

    # --- what happens

    @rule(person=st.integers(0, 1), times=st.integers(1, 8))
    def somebody_speaks(self, person: int, times: int) -> None:
        speaker = self.people[person]
        for _ in range(times):
            words = f"nr {len(self.said[speaker.room])}"
            speaker.says(words)
            self.said[speaker.room].append(words)

    @rule(person=st.integers(0, 1))
    def somebody_taps_on_nothing(self, person: int) -> None:
        self.people[person].taps(1, "$nothing")

    @rule(
        what=st.sampled_from(["sync", "send", "earlier", "members", "connect"]),
        trouble=st.sampled_from(sorted(TROUBLES)),
        after=st.booleans(),
        times=st.integers(1, 3),
    )
    def the_homeserver_is_in_trouble(self, what: str, trouble: str, after: bool, times: int) -> None:
        late = after and what in {"send", "sync"}
        self.world.server.faults[what].clear()  # what lasts longer than our patience is another matter
        self.world.server.fail(what, *[TROUBLES[trouble]] * times, after=late)

    @rule(fails=st.lists(st.sampled_from(["before", "after"]), min_size=1, max_size=4))
    def the_database_fails(self, fails: list[str]) -> None:
        self.dialogue.fails += fails

    @rule(steps=st.integers(0, 60))
    def the_program_runs_and_is_killed(self, steps: int) -> None:
        self._do(self._run_and_kill(steps))

    async def _run_and_kill(self, steps: int) -> None:
        self._start()
        for _ in range(steps):
            await asyncio.sleep(0.0003)
        await self._killed()

    @rule(person=st.integers(0, 1))
    def the_program_is_killed_before_its_answers_arrive(self, person: int) -> None:
        self.somebody_speaks(person, 1)
        self._do(self._run_unheard())
        self._do(self._run_to_the_end())

    async def _run_unheard(self) -> None:
        self.world.server.faults.clear()
        self.world.server.faults["send"] += [Fault(gate=asyncio.Event()) for _ in range(100)]
        self._start()
        await until_so(self._all_noted)
        for _ in range(50):  # whatever the loop does next, wrongly perhaps, it has done
            await asyncio.sleep(0.001)
        await self._killed()
        self.world.server.faults.clear()

    @rule(person=st.integers(0, 1))
    def the_program_is_killed_before_it_hears_that_its_answer_arrived(self, person: int) -> None:
        self._do(self._run_to_the_end())
        self.somebody_speaks(person, 1)
        self._do(self._run_deaf(self.people[person]))

    async def _run_deaf(self, speaker: Person) -> None:
        server, before = self.world.server, len(speaker.bodies)
        send = server.send

        async def unheard(room: str, kind: str, content: Content, *, key: str, encrypted: bool) -> str:
            await send(room, kind, content, key=key, encrypted=encrypted)
            return await asyncio.Future[str]()

        server.send = unheard  # type: ignore[method-assign, assignment]
        self._start()
        await until(lambda: len(speaker.bodies) > before)
        await self._killed()
        server.send = send  # type: ignore[method-assign]

    async def _all_noted(self) -> bool:
        events = [name for person in self.people for name in self._words(person)]
        async with self.world.database.read() as conn:
            return len(await matrix.handled(conn, events)) == len(events)

    def _words(self, person: Person, up_to: float = inf) -> list[str]:
        """The events of what somebody has said."""
        history = self.world.server.rooms[person.room].history
        events = [event for place, event in history if place <= up_to and event.sender == person.name]
        return [event.id for event in events if event.kind == "m.room.message"]

    def _start(self) -> MatrixChannel:
        self.mains = Mains(self.world.database)
        channel = self.world.channel(database=self.mains)
        self.task = asyncio.create_task(channel.run(asyncio.Event()))
        return channel

    async def _killed(self) -> None:
        assert self.task
        self.mains.on = False
        await until(lambda: not self.mains.busy)
        await end_at_once(self.task)
        self.task = None

    @rule()
    def the_program_runs_until_all_is_done(self) -> None:
        self._do(self._run_to_the_end())

    async def _run_to_the_end(self) -> None:
        self.world.server.faults.clear()
        self._start()
        await self.world.done()
        await self._killed()
        for person in self.people:
            assert self._heard(person) == self.said[person.room]
            assert person.bodies[-1:] == self.said[person.room][-1:]

    # --- what always holds

    def _heard(self, person: Person) -> list[str]:
        events = [event for event in self.dialogue.events if event.address.id == person.name]
        return [event.input.text for event in events if isinstance(event.input, Text)]

    @invariant()
    def each_turn_is_taken_once_in_order(self) -> None:
        if hasattr(self, "people"):
            for person in self.people:
                heard = self._heard(person)
                assert heard == self.said[person.room][: len(heard)]

    @invariant()
    def nothing_is_said_twice(self) -> None:
        if hasattr(self, "people"):
            for person in self.people:
                assert len(person.bodies) == len(set(person.bodies))

    @invariant()
    def what_counts_as_read_has_had_its_turn(self) -> None:
        if hasattr(self, "people"):
            self._do(self._read_is_turned())

    async def _read_is_turned(self) -> None:
        async with self.world.database.read() as conn:
            token = int(await matrix.token(conn, US) or 0)
        for person in self.people:
            assert set(self._words(person, token)) <= set(self.dialogue.committed)


TestConversations = Conversations.TestCase
TestConversations.settings = settings(
    max_examples=12,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
