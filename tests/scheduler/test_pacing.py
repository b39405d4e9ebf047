import asyncio
from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scheduler.model import Lane
from scheduler.pacing import CATCH_UP_S, RECOVERY_S, NullPacer, Pacer
from tests.scheduler.world import in_virtual_time

RATES = st.sampled_from([0.2, 1.0, 1.5, 7.0, 30.0, 250.0])
LATENESS = st.lists(st.sampled_from([0.0, 0.0004, 0.003, 0.02]), min_size=1, max_size=20)
ASKED = st.lists(st.tuples(st.floats(0, 3), st.sampled_from(Lane), st.integers(1, 20)), min_size=1, max_size=60)


def now() -> float:
    return asyncio.get_running_loop().time()


def most_in_a_second(times: list[float]) -> int:
    """The most turns in any window [t, t + 1)."""
    return max(bisect_left(times, at + 1 - 1e-9) - index for index, at in enumerate(times))


async def ask(pacer: Pacer, log: list[tuple[float, Lane, int]], wait_s: float, lane: Lane, recipient: int) -> None:
    await asyncio.sleep(wait_s)
    await pacer.turn(lane, recipient)
    log.append((now(), lane, recipient))


async def ask_all(pacer: Pacer, asked: Iterable[tuple[float, Lane, int]]) -> list[tuple[float, Lane, int]]:
    log: list[tuple[float, Lane, int]] = []
    await asyncio.gather(*(ask(pacer, log, *one) for one in asked))
    return log


async def flood(pacer: Pacer, count: int, lane: Lane = Lane.CAMPAIGN) -> list[float]:
    return [at for at, _, _ in await ask_all(pacer, [(0.0, lane, recipient) for recipient in range(count)])]


@settings(deadline=None)
@given(RATES, ASKED, LATENESS)
def test_no_second_has_more_turns_than_the_rate(rate: float, asked: list[Any], late_s: list[float]) -> None:
    log = in_virtual_time(ask_all(Pacer(rate, spacing_s=0.0), asked), *late_s)
    assert len(log) == len(asked)
    assert most_in_a_second([at for at, _, _ in log]) <= max(1, -(-rate // 1))


@settings(deadline=None)
@given(ASKED, LATENESS)
def test_bulk_to_one_recipient_keeps_its_distance(asked: list[Any], late_s: list[float]) -> None:
    log = in_virtual_time(ask_all(Pacer(30), asked), *late_s)
    for who in {recipient for _, _, recipient in log}:
        turns = [(at, lane) for at, lane, recipient in log if recipient == who]
        for (earlier, _), (later, lane) in pairwise(turns):
            assert lane is Lane.REPLY or later - earlier >= 1 - 1e-9


@settings(deadline=None)
@example([(0.0, Lane.REPLY, 1), (0.0, Lane.ALERT, 1), (1.0, Lane.REPLY, 1)])
@given(ASKED)
def test_nobody_goes_before_a_waiting_reply(asked: list[Any]) -> None:
    """A reply waits from the instant after it asked: what goes at that very instant may have been before it."""
    pacer, waiting, violations = Pacer(5), dict[int, float](), list[int]()

    async def one(number: int, wait_s: float, lane: Lane, recipient: int) -> None:
        await asyncio.sleep(wait_s)
        asked_at = now()
        if lane is Lane.REPLY:
            waiting[number] = asked_at
        await pacer.turn(lane, recipient)
        waiting.pop(number, None)
        if lane is not Lane.REPLY and now() > asked_at:
            violations.extend(reply for reply, since in waiting.items() if since < now())

    async def main() -> None:
        await asyncio.gather(*(one(number, *details) for number, details in enumerate(asked)))

    in_virtual_time(main())
    assert not violations


@pytest.mark.parametrize("rate", [30.0, 1000.0])
@pytest.mark.parametrize(
    "late_s",
    [[0.0], [0.0005], [0.002], [0.0, 0.004, 0.0005], [*[0.0] * 1500, 0.009]],
    ids=["exact", "late", "later", "uneven", "rare stalls"],
)
def test_a_flood_reaches_the_rate_without_a_burst_even_with_late_timers(rate: float, late_s: list[float]) -> None:
    count = int(rate * 10)
    times = in_virtual_time(flood(Pacer(rate), count), *late_s)
    assert (count - 1) / (times[-1] - times[0]) >= 0.99 * rate
    assert most_in_a_second(times) <= rate
    assert bisect_left(times, times[0] + 0.1) <= rate * (0.1 + CATCH_UP_S) + 1, "a burst at the start"


def test_idle_time_earns_nothing() -> None:
    async def main() -> list[float]:
        pacer = Pacer(10)
        await flood(pacer, 3)
        await asyncio.sleep(60)
        return await flood(pacer, 10)

    gaps = [later - earlier for earlier, later in pairwise(in_virtual_time(main()))]
    assert min(gaps) >= 0.1


def test_a_reply_waits_at_most_one_gap_while_a_broadcast_runs() -> None:
    async def main() -> list[float]:
        pacer = Pacer(30)
        broadcast = asyncio.create_task(flood(pacer, 300))
        waits = []
        for number in range(20):
            await asyncio.sleep(0.3)
            asked_at = now()
            await pacer.turn(Lane.REPLY, 1000 + number)
            waits.append(now() - asked_at)
        await broadcast
        return waits

    assert max(in_virtual_time(main())) <= 1.01 / 30


def test_lanes_go_in_order_and_each_lane_first_come_first_served() -> None:
    lanes = [Lane.TIP, Lane.CAMPAIGN, Lane.TIP, Lane.ALERT, Lane.CAMPAIGN, Lane.REPLY]
    asked = [(0.0, Lane.TIP, 0), *((0.01 * number, lane, number) for number, lane in enumerate(lanes, 1))]
    log = in_virtual_time(ask_all(Pacer(2), asked))
    assert [recipient for _, _, recipient in log] == [0, 6, 4, 2, 5, 1, 3]


def test_a_recipient_who_must_wait_holds_up_nobody_else() -> None:
    log = in_virtual_time(ask_all(Pacer(10), [(0.0, Lane.TIP, who) for who in (1, 1, 2, 3)]))
    assert [recipient for _, _, recipient in log] == [1, 2, 3, 1]


def test_silence_asked_for_is_kept_by_everyone_and_no_burst_follows() -> None:
    async def main() -> tuple[float, list[float]]:
        pacer = Pacer(30)
        broadcast = asyncio.create_task(flood(pacer, 200))
        reply = asyncio.create_task(asyncio.sleep(2.5))
        await asyncio.sleep(2)
        started = now()
        pacer.hold_for(7)
        await reply
        await pacer.turn(Lane.REPLY, 999)
        assert now() >= started + 7
        return started, await broadcast

    started, times = in_virtual_time(main())
    assert not [at for at in times if started < at < started + 7]
    assert most_in_a_second(times) <= 30


def test_after_a_complaint_it_speaks_slower_and_recovers() -> None:
    async def main() -> list[float]:
        pacer = Pacer(100)
        for _ in range(3):  # three answers to the same burst slow down once
            pacer.hold_for(1)
        held = now() + 1
        return [at - held for at in await flood(pacer, 20_000)]

    times = in_virtual_time(main())
    assert bisect_left(times, 1.0) == pytest.approx(50, abs=3)
    assert bisect_left(times, RECOVERY_S + 1) - bisect_left(times, RECOVERY_S) == pytest.approx(99, abs=2)


def test_complaints_slow_down_only_so_far() -> None:
    async def main() -> list[float]:
        pacer = Pacer(100)
        for _ in range(20):
            pacer.hold_for(0)
        held = now()
        return [at - held for at in await flood(pacer, 50)]

    assert bisect_left(in_virtual_time(main()), 1.0) == pytest.approx(21, abs=3)


def test_those_who_leave_cost_the_others_nothing() -> None:
    async def main() -> tuple[list[float], float]:
        pacer = Pacer(10)
        await flood(pacer, 1)
        start = now()
        gone = [asyncio.create_task(pacer.turn(Lane.ALERT, who)) for who in range(10, 60)]
        stays = asyncio.create_task(flood(pacer, 2, Lane.TIP))
        await asyncio.sleep(0)
        for task in gone:
            task.cancel()
        results = await asyncio.gather(*gone, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        return await stays, start

    times, start = in_virtual_time(main())
    assert times[-1] - start <= 0.21 + 1.0  # recipient 0 was written to at the start


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Pacer(0)


async def test_no_limit_means_no_wait() -> None:
    pacer = NullPacer()
    pacer.hold_for(60)
    pacer.hold_until(now() + 60)
    async with asyncio.timeout(1):
        await pacer.turn(Lane.TIP, 1)
    assert pacer.rate is None
