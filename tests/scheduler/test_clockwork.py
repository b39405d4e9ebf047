import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.calendar import parse_local
from scheduler.clockwork import Clockwork, Job, _trigger
from scheduler.errors import BadCron
from scheduler.leader import NullLeader

TICK = timedelta(milliseconds=10)


class Follower(NullLeader):
    async def leads(self) -> bool:
        return False


async def run_until(clockwork: Clockwork, done: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await clockwork.run(done)


async def test_jobs_are_called_again_and_again_and_one_that_fails_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop, calls, failures = asyncio.Event(), 0, 0

    async def fine() -> None:
        nonlocal calls
        calls += 1
        if calls >= 3 and failures >= 2:
            stop.set()

    async def broken() -> None:
        nonlocal failures
        failures += 1
        raise ValueError("private words")

    with caplog.at_level(logging.WARNING):
        await run_until(Clockwork([Job("fine", TICK, fine), Job("broken", TICK, broken)]), stop)
    assert calls >= 3
    assert caplog.text.count("job broken fails, trying again: ValueError at ") == 1, "a trouble that lasts is told once"
    assert "test_clockwork.py:" in caplog.text
    assert "private words" not in caplog.text


async def test_a_slow_job_is_never_run_twice_at_once_and_the_stop_waits_for_it() -> None:
    stop, at_once, most, finished = asyncio.Event(), 0, 0, 0

    async def slow() -> None:
        nonlocal at_once, most, finished
        at_once += 1
        most = max(most, at_once)
        stop.set()
        await asyncio.sleep(0.1)
        at_once -= 1
        finished += 1

    await run_until(Clockwork([Job("slow", TICK, slow)]), stop)
    assert (most, finished) == (1, 1)


async def test_only_the_leader_plans_but_some_jobs_run_everywhere() -> None:
    stop, called = asyncio.Event(), list[str]()

    async def note(name: str) -> None:
        called.append(name)
        if called.count("everywhere") >= 3:
            stop.set()

    jobs = [
        Job("plan", TICK, lambda: note("plan")),
        Job("everywhere", TICK, lambda: note("everywhere"), everywhere=True),
    ]
    await run_until(Clockwork(jobs, Follower()), stop)
    assert set(called) == {"everywhere"}
    assert await NullLeader().leads()


def test_a_rule_is_read_as_campaigns_read_it() -> None:
    monday = _trigger("30 3 * * 1")
    now = datetime(2026, 12, 1, tzinfo=UTC)
    first = monday.get_next_fire_time(None, now)
    assert first == parse_local("2026-12-07 03:30")
    assert monday.get_next_fire_time(first, first) == parse_local("2026-12-14 03:30")


def test_a_bad_rule_is_refused_at_once() -> None:
    with pytest.raises(BadCron):
        Clockwork([Job("x", "every day", NullLeader().leads)])
