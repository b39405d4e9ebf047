"""The program runs on uvloop where it is installed: what works with the standard loop's timers has to work with its."""

import asyncio
from collections.abc import Callable

import pytest

from scheduler.model import Lane
from scheduler.pacing import Pacer

uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed on this system")


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("rate", [200, 5000])  # a wait of whole milliseconds, and one of less
def test_everybody_gets_a_turn(loop: Callable[[], asyncio.AbstractEventLoop], rate: float) -> None:
    async def main() -> int:
        pacer, given = Pacer(rate), 0

        async def ask(lane: Lane, recipient: int) -> None:
            nonlocal given
            await pacer.turn(lane, recipient)
            given += 1

        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            for recipient in range(100):
                group.create_task(ask(Lane.CAMPAIGN, recipient))
            await asyncio.sleep(0.01)
            group.create_task(ask(Lane.REPLY, 1))
        return given

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(main()) == 101
