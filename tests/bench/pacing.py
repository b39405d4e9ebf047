"""The account's limit, seen from the other side: when messages arrive, and how long replies take meanwhile."""

import asyncio
from dataclasses import dataclass

from bot import wiring
from tests.bench import machine, product
from tests.bench.figures import between, busiest, percentile, rate
from tests.bench.report import Promise, Section, at_least, at_most
from tests.bench.server import Remote, Watched, bot_api

QUESTION = "co zrobić gdy kliknąłem w link z smsa"
TURNS = 5.0
"""How often a resident writes, a second."""
IDLE_S = 20.0
WARM_S = 5.0
LET_END_S = 3.0

REPLIES_MS = 50.0
ACHIEVED = 0.99

FLOOD_CAP, FLOOD_COUNT = 300, 13_000
FLOOD_AT_S, FLOOD_S, SPAN_S = 8.0, 1.0, 5.0


@dataclass(frozen=True, slots=True)
class Case:
    """A cap, and so many messages under it that the run is long enough."""

    cap: int
    count: int

    @property
    def seconds(self) -> float:
        """How long it takes at least."""
        return self.count / self.cap


CASES = (Case(30, 750), Case(300, 6_000), Case(1000, 20_000))


@dataclass(frozen=True, slots=True)
class Paced:
    """What was seen under one cap."""

    case: Case
    idle: Watched
    loaded: Watched

    @property
    def span(self) -> list[float]:
        """All arrivals from the broadcast's first to its last, replies among them: they share the limit."""
        broadcast = self.loaded.broadcast
        return [at for at in self.loaded.instants if broadcast[0] <= at <= broadcast[-1]]

    def p99_ms(self, seen: Watched) -> float:
        """The 99th percentile of the replies' times."""
        return 1000 * percentile(seen.replies_s, 0.99)


def measure() -> list[Section]:
    """Each cap in turn, then a flood of 429s."""
    cores = machine.cores()
    with bot_api() as api, machine.on_core(cores[0] if cores else None):
        paced = [_steadied(api, case) for case in CASES]
        flooded = product.run(_flooded(api))
    return [_section(paced), _flood_section(*flooded)]


def _steadied(api: Remote, case: Case) -> Paced:
    """One run; when a hiccup of the machine broke a promise, the middle one of three, by its fullest second."""
    first = product.run(_paced(api, case))
    if all(promise.kept for promise in _promises(first)):
        return first
    again = [product.run(_paced(api, case)) for _ in range(2)]
    return sorted((first, *again), key=lambda one: busiest(one.loaded.instants))[1]


async def _paced(api: Remote, case: Case) -> Paced:
    async with product.house(api.base_url, rate=case.cap) as house, product.on(house):
        await _write(api, TURNS * 2, WARM_S)
        idle = await _write(api, TURNS, IDLE_S)
        await _begin(house, case.count)
        await asyncio.sleep(LET_END_S)
        api.people(TURNS, case.seconds - 2 * LET_END_S, QUESTION)
        await product.until_sent(house, case.seconds)
        return Paced(case, idle, _complete(api.watched()))


async def _write(api: Remote, per_second: float, seconds: float) -> Watched:
    api.watched()
    api.people(per_second, seconds, QUESTION)
    await asyncio.sleep(seconds + LET_END_S)
    return _complete(api.watched())


def _complete(seen: Watched) -> Watched:
    if seen.unanswered or not seen.replies_s:
        raise RuntimeError(f"{seen.unanswered} people were not answered, {len(seen.replies_s)} were")
    return seen


async def _begin(house: wiring.House, count: int) -> None:
    async with house.database.begin() as conn:
        await product.fill(conn, count, house.clock())
        await product.open_run(conn, house.clock())


def _section(paced: list[Paced]) -> Section:
    return Section(
        "Pacing, seen from the server",
        ("cap", "seconds", "messages/s", "of the cap", "busiest second", "replies p99, idle", "p99 meanwhile"),
        tuple(_row(one) for one in paced),
        tuple(promise for one in paced for promise in _promises(one)),
        (
            "All of the product but the web server: planner, ledger, deliverer, and the channel by long polling.",
            f"People ask in their own words, {TURNS:g} times a second: from the instant their update is ready at the "
            "server to the arrival of the reply there. Replies share the cap and are counted in it.",
            "The busiest second is the fullest of all windows of one second, wherever they begin, by arrival.",
            "A hiccup of the server's core looks like one of the sender's: a broken run is taken twice more, and the "
            "middle one of the three counts.",
            "At 30 a second each turn takes 33 ms, and a reply waits at most for the one that is under way: that wait "
            "is part of what is measured, and of the 50 ms.",
        ),
    )


def _row(one: Paced) -> tuple[str, ...]:
    achieved = rate(one.span)
    return (
        f"{one.case.cap:,}/s",
        f"{one.span[-1] - one.span[0]:.1f}",
        f"{achieved:,.2f}",
        f"{achieved / one.case.cap:.1%}",
        f"{busiest(one.loaded.instants):,}",
        f"{one.p99_ms(one.idle):.1f} ms",
        f"{one.p99_ms(one.loaded):.1f} ms",
    )


def _promises(one: Paced) -> tuple[Promise, ...]:
    cap = one.case.cap
    slower = one.p99_ms(one.loaded) - one.p99_ms(one.idle)
    return (
        at_least(f"{cap:,}/s: share of the cap", rate(one.span) / cap, ACHIEVED, "of it", digits=4),
        at_most(f"{cap:,}/s: the busiest second", busiest(one.loaded.instants), cap, "messages", digits=0),
        at_most(f"{cap:,}/s: replies' p99 over the idle one", slower, REPLIES_MS, "ms", digits=1),
    )


# --- after a flood


async def _flooded(api: Remote) -> tuple[float, Watched]:
    """When the refusals began, and everything that was taken."""
    async with product.house(api.base_url, rate=FLOOD_CAP) as house, product.on(house):
        api.watched()
        await _begin(house, FLOOD_COUNT)
        await asyncio.sleep(FLOOD_AT_S)
        begun = api.refuse(FLOOD_S)
        await product.until_sent(house, FLOOD_COUNT / FLOOD_CAP)
        return begun, api.watched()


def _flood_section(begun: float, seen: Watched) -> Section:
    arrivals = seen.broadcast
    again = next(at for at in arrivals if at > begun + FLOOD_S)
    spans = {
        "before": (begun - SPAN_S, begun),
        "right after": (again, again + SPAN_S),
        "at the end": (arrivals[-1] - SPAN_S, arrivals[-1]),
    }
    rates = {name: len(between(arrivals, *span)) / SPAN_S for name, span in spans.items()}
    recovered_at = _recovered_at(arrivals, again, rates["before"])
    rows = [(f"{name}, {SPAN_S:g} s", f"{figure:,.1f}/s") for name, figure in rates.items()]
    rows.insert(1, ("silence after the first 429", f"{again - begun:.2f} s"))
    rows.insert(3, ("back at 99 % of the rate before", f"{recovered_at - again:.0f} s later"))
    before = rates["before"]
    return Section(
        f"One second of 429 at {FLOOD_CAP}/s (retry_after 1)",
        ("when", "measured"),
        tuple(rows),
        (
            at_most("slower at first", rates["right after"] / before, 0.75, "of the rate before"),
            at_least("recovered at the end", rates["at the end"] / before, ACHIEVED, "of the rate before"),
            at_most("everybody once", abs(len(arrivals) - FLOOD_COUNT), 0, "messages too many or too few", digits=0),
        ),
    )


def _recovered_at(arrivals: list[float], again: float, before: float) -> float:
    """The begin of the first second that is nearly as full as those before, or the last arrival."""
    for offset in range(int(arrivals[-1] - again)):
        if len(between(arrivals, again + offset, again + offset + 1)) >= ACHIEVED * before:
            return again + offset
    return arrivals[-1]
