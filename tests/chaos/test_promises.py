"""Each check finds what it is there for: ledgers doctored so that one promise is broken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.model import Balance, DeliveryState, Kind, Run, RunState
from tests.chaos import promises
from tests.chaos.promises import Evidence, Verdict, Wreck, survey
from tests.chaos.sight import Row, Sight
from tests.support import NOON

SENT, WAITING, SENDING = DeliveryState.SENT, DeliveryState.WAITING, DeliveryState.SENDING
UNCERTAIN, FAILED = DeliveryState.UNCERTAIN, DeliveryState.FAILED
RUN = Run(1, "campaign:1", Kind.ALERT, 1, "", NOON, NOON + timedelta(days=1), RunState.FINISHED, 4, NOON, NOON)


def sight(*rows: Row, state: RunState = RunState.FINISHED, audience: int | None = None) -> Sight:
    size = len(rows) if audience is None else audience
    counts = {row.state: sum(other.state is row.state for other in rows) for row in rows}
    return Sight(replace(RUN, state=state, audience=size), Balance(size, counts), rows)


def calm(kind: Kind = Kind.ALERT, **changes: object) -> Evidence:
    """Four residents, of whom one was in flight at a kill and got the message again; nothing is wrong."""
    rows = (Row(1, SENT, 1, 0), Row(2, SENT, 1, 0), Row(3, SENT, 2, 1), Row(4, SENT, 2, 1))
    evidence = Evidence(
        kind,
        frozenset({1, 2, 3, 4}),
        sight(*rows),
        {1: 1, 2: 1, 3: 2, 4: 1},
        (Wreck(frozenset({(3, 1)}), unmarked=0, strangers=0),),
        unanswered=1,
    )
    return replace(evidence, **changes)  # type: ignore[arg-type]


def ended(*rows: Row, kind: Kind = Kind.ALERT, arrived: dict[int, int] | None = None, refused: int = 0) -> Evidence:
    """A run of these rows, in which everybody who is said to got one message."""
    told = {row.recipient: 1 for row in rows if row.state is SENT} if arrived is None else arrived
    expected = frozenset(row.recipient for row in rows)
    return calm(kind, expected=expected, end=sight(*rows), arrived=told, refused=refused)


def test_when_nothing_is_wrong_every_promise_is_kept() -> None:
    assert [verdict for verdict in promises.judge(calm()) if not verdict.kept] == []


def test_where_messages_have_keys_one_promise_more_is_asked_for() -> None:
    once = calm(arrived={1: 1, 2: 1, 3: 1, 4: 1}, keyed=True)
    assert [verdict for verdict in promises.judge(once) if not verdict.kept] == []
    assert len(promises.judge(once)) == len(promises.judge(calm())) + 1


def test_uncertain_and_given_up_with_a_reason_are_honest_ends() -> None:
    news = ended(Row(1, SENT, 1, 0), Row(2, UNCERTAIN, 1, 1), kind=Kind.NEWS)
    refused = ended(Row(1, SENT, 1, 0), Row(2, FAILED, 8, 0), refused=8)
    for evidence in (news, refused):
        assert [verdict for verdict in promises.judge(evidence) if not verdict.kept] == []


BROKEN: list[tuple[Callable[[Evidence], Verdict], Evidence]] = [
    (promises.the_balance_holds, calm(end=sight(Row(1, SENT, 1, 0), audience=2))),
    (promises.the_balance_holds, calm(end=sight(Row(1, WAITING, 1, 0)))),
    (promises.the_balance_holds, calm(end=sight(Row(1, SENT, 1, 0), state=RunState.PAUSED))),
    (promises.the_balance_holds, calm(end=Sight(None, Balance(0), ()))),
    (promises.the_audience_is_whole, calm(expected=frozenset({1, 2, 3, 4, 5}))),
    (promises.the_audience_is_whole, calm(expected=frozenset({1, 2, 3}))),
    (promises.the_audience_is_whole, calm(wrecks=(Wreck(frozenset(), unmarked=0, strangers=1),))),
    (promises.nobody_was_missed, ended(Row(1, SENT, 1, 0), arrived={})),
    (promises.nobody_was_missed, ended(Row(1, WAITING, 0, 0))),
    (promises.nobody_was_missed, ended(Row(1, DeliveryState.EXPIRED, 0, 0))),
    (promises.nobody_was_missed, ended(Row(1, UNCERTAIN, 1, 1))),  # an alert has to be sent again
    (promises.nobody_was_missed, ended(Row(1, UNCERTAIN, 1, 0), kind=Kind.NEWS)),
    (promises.nobody_was_missed, ended(Row(1, FAILED, 1, 0), refused=8)),
    (promises.nobody_was_missed, ended(Row(1, FAILED, 8, 0), refused=5)),
    (promises.nothing_left_unmarked, calm(arrived={1: 2, 2: 1, 3: 1, 4: 1})),
    (promises.nothing_left_unmarked, calm(arrived={1: 1, 2: 1, 3: 1, 4: 1, 5: 1})),
    (promises.nothing_left_unmarked, calm(wrecks=(Wreck(frozenset(), unmarked=1, strangers=0),))),
    (promises.twice_only_in_doubt, calm(arrived={1: 2, 2: 1, 3: 1, 4: 1})),
    (promises.twice_only_in_doubt, calm(arrived={1: 1, 2: 1, 3: 3, 4: 1})),
    (promises.twice_only_in_doubt, calm(Kind.NEWS)),
    (promises.doubts_were_in_flight, calm(unanswered=0)),
    (promises.doubts_were_in_flight, calm(wrecks=())),
    (promises.everybody_has_it_once, ended(Row(1, SENT, 1, 0), arrived={})),
    (promises.everybody_has_it_once, ended(Row(1, SENT, 2, 1), arrived={1: 2})),
    (promises.everybody_has_it_once, ended(Row(1, UNCERTAIN, 1, 1), arrived={1: 1})),
    (promises.flight_is_bounded, calm(wrecks=(Wreck(frozenset((n, 1) for n in range(129)), 0, 0),))),
]


@pytest.mark.parametrize(("check", "evidence"), BROKEN)
def test_a_broken_promise_is_found(check: Callable[[Evidence], Verdict], evidence: Evidence) -> None:
    verdict = check(evidence)
    assert not verdict.kept
    assert any(letter.isdigit() for letter in verdict.found), "the counts say what is wrong"


def test_every_check_is_shown_to_fail() -> None:
    assert {check for check, _ in BROKEN} == {*promises.CHECKS, *promises.KEYED_CHECKS}


def test_a_wreck_shows_who_was_in_flight_and_what_must_not_be() -> None:
    rows = (Row(1, SENT, 1, 0), Row(2, SENDING, 3, 1), Row(3, WAITING, 0, 0))
    everybody = frozenset({1, 2, 3})
    assert survey(sight(*rows), {1: 1, 2: 3}, everybody) == Wreck(frozenset({(2, 3)}), unmarked=0, strangers=0)
    assert survey(sight(*rows), {3: 1}, everybody).unmarked == 1
    assert survey(sight(*rows), {}, everybody | {4}).strangers == 1
    assert survey(sight(*rows, audience=5), {}, everybody).strangers == 2
    nothing = Sight(None, Balance(0), ())
    assert survey(nothing, {}, everybody) == Wreck(frozenset(), unmarked=0, strangers=0)
    assert survey(Sight(None, Balance(0), rows), {}, everybody).strangers == 3


def test_what_was_in_flight_at_two_kills_counts_once() -> None:
    same = Wreck(frozenset({(3, 1)}), 0, 0)
    assert calm(wrecks=(same, same)).in_flight == 1
    assert calm(wrecks=(same, Wreck(frozenset({(3, 2)}), 0, 0))).in_flight == 2
