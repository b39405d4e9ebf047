"""What the ledger promises, each as a check of what was found. No fact here names anybody: they are counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scheduler.model import DeliveryState, Kind, RunState, resends_uncertain
from tests.chaos.sight import Row, Sight

CONCURRENCY = 128
"""Requests a deliverer has in flight at most."""
TRIES = 8
"""Refusals, or answers that do not come, until a message is given up."""


@dataclass(frozen=True, slots=True)
class Wreck:
    """What one kill left: who was in flight at which attempt, and what must be none."""

    in_flight: frozenset[tuple[int, int]]
    unmarked: int
    """Messages at the messenger that the ledger does not know to have left."""
    strangers: int
    """How far an audience is from either whole or not there."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One broadcast from its opening to its end, and what the messenger can tell about it."""

    kind: Kind
    expected: frozenset[int]
    """Whom it had to reach."""
    end: Sight
    arrived: Mapping[int, int]
    """Messages in each resident's chat."""
    wrecks: tuple[Wreck, ...] = ()
    unanswered: int = 0
    """Requests the messenger took and left without an answer in time, processed or not."""
    refused: int = 0
    """Requests it answered with a refusal."""
    keyed: bool = False
    """Whether it knows a message by its key, and takes it once however often it is sent."""

    @property
    def in_flight(self) -> int:
        """Deliveries that a kill caught in flight."""
        return len(frozenset[tuple[int, int]]().union(*(wreck.in_flight for wreck in self.wrecks)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a promise was kept, and the counts that say so."""

    promise: str
    kept: bool
    found: str


def survey(sight: Sight, arrived: Mapping[int, int], expected: frozenset[int]) -> Wreck:
    """Go through what a kill left. `arrived` is what the messenger had by then."""
    return Wreck(
        frozenset((row.recipient, row.attempt) for row in sight.rows if row.state is DeliveryState.SENDING),
        _unmarked(sight, arrived),
        _strangers(sight, expected) if sight.run else len(sight.rows),
    )


def _unmarked(sight: Sight, arrived: Mapping[int, int]) -> int:
    marks = {row.recipient: row.attempt for row in sight.rows}
    return sum(max(0, count - marks.get(number, 0)) for number, count in arrived.items())


def _strangers(sight: Sight, expected: frozenset[int]) -> int:
    written = {row.recipient for row in sight.rows}
    return len(written ^ expected) + abs(sight.balance.audience - len(written))


def judge(evidence: Evidence) -> list[Verdict]:
    """Every promise, kept or not."""
    return [check(evidence) for check in (*CHECKS, *(KEYED_CHECKS if evidence.keyed else ()))]


def the_balance_holds(evidence: Evidence) -> Verdict:
    run, balance = evidence.end.run, evidence.end.balance
    counts = ", ".join(f"{count:,} {state.value}" for state, count in sorted(balance.counts.items()))
    finished = run is not None and run.state is RunState.FINISHED and not balance.open
    return Verdict("the balance holds", finished and balance.holds, f"{balance.audience:,} = {counts or 'nothing'}")


def the_audience_is_whole(evidence: Evidence) -> Verdict:
    missing = _strangers(evidence.end, evidence.expected)
    wrong = sum(wreck.strangers > 0 for wreck in evidence.wrecks)
    found = f"{missing:,} too many or too few, {wrong} of {len(evidence.wrecks)} kills left a part"
    return Verdict("an audience is written whole or not at all", not missing and not wrong, found)


def nobody_was_missed(evidence: Evidence) -> Verdict:
    reached = {number for number, count in evidence.arrived.items() if count}
    rows = {row.recipient: row for row in evidence.end.rows}
    untold = {
        number for number in evidence.expected - reached if number not in rows or not _is_honest(evidence, rows[number])
    }
    lies = sum(row.state is DeliveryState.SENT and row.recipient not in reached for row in evidence.end.rows)
    given_up = sum(row.state is DeliveryState.FAILED for row in evidence.end.rows)
    explained = given_up * TRIES <= evidence.refused + evidence.unanswered
    found = f"{len(evidence.expected & reached):,} reached, {len(untold):,} missed, {lies:,} only said to be sent"
    return Verdict("nobody was missed", not untold and not lies and explained, found)


def _is_honest(evidence: Evidence, row: Row) -> bool:
    """Whether the ledger may end like this for somebody who got nothing."""
    match row.state:
        case DeliveryState.UNCERTAIN:
            return row.doubts > 0 and (row.attempt >= TRIES or not resends_uncertain(evidence.kind))
        case DeliveryState.FAILED:
            return row.attempt >= TRIES
        case _:
            return False


def nothing_left_unmarked(evidence: Evidence) -> Verdict:
    at_kills = max((wreck.unmarked for wreck in evidence.wrecks), default=0)
    at_end = _unmarked(evidence.end, evidence.arrived)
    uninvited = sum(count for number, count in evidence.arrived.items() if number not in evidence.expected)
    found = f"{at_kills:,} unmarked after a kill, {at_end:,} at the end, {uninvited:,} to those who did not agree"
    return Verdict("nothing leaves unrecorded", not (at_kills or at_end or uninvited), found)


def twice_only_in_doubt(evidence: Evidence) -> Verdict:
    again = evidence.keyed or resends_uncertain(evidence.kind)
    doubts = {row.recipient: row.doubts for row in evidence.end.rows}
    twice = {number: count - 1 for number, count in evidence.arrived.items() if count > 1}
    undoubted = sum(max(0, more - (doubts.get(number, 0) if again else 0)) for number, more in twice.items())
    found = (
        f"{sum(twice.values()):,} came again, {undoubted:,} of them without a doubt; {sum(doubts.values()):,} doubts"
    )
    policy = "sent again only if uncertain" if again else "never sent again"
    return Verdict(f"{evidence.kind.value}: {policy}", not undoubted, found)


def doubts_were_in_flight(evidence: Evidence) -> Verdict:
    doubts = sum(row.doubts for row in evidence.end.rows)
    found = f"{doubts:,} doubts; {evidence.in_flight:,} in flight at kills, {evidence.unanswered:,} unanswered"
    return Verdict("only what was in flight is uncertain", doubts <= evidence.in_flight + evidence.unanswered, found)


def flight_is_bounded(evidence: Evidence) -> Verdict:
    most = max((len(wreck.in_flight) for wreck in evidence.wrecks), default=0)
    return Verdict(f"at most {CONCURRENCY} are in flight", most <= CONCURRENCY, f"{most} at the worst kill")


def everybody_has_it_once(evidence: Evidence) -> Verdict:
    missed = sum(evidence.arrived.get(number, 0) == 0 for number in evidence.expected)
    twice = sum(max(0, count - 1) for count in evidence.arrived.values())
    unsure = sum(row.state is not DeliveryState.SENT for row in evidence.end.rows)
    found = f"{missed:,} without it, {twice:,} too many, {unsure:,} of whom the ledger does not say that it was sent"
    return Verdict("everybody has it once, and the ledger knows", not (missed or twice or unsure), found)


CHECKS: tuple[Callable[[Evidence], Verdict], ...] = (
    the_balance_holds,
    the_audience_is_whole,
    nobody_was_missed,
    nothing_left_unmarked,
    twice_only_in_doubt,
    doubts_were_in_flight,
    flight_is_bounded,
)
KEYED_CHECKS = (everybody_has_it_once,)
"""Where a message can be sent again without a doubt, nothing is left open."""
