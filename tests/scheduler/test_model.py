import pytest

from scheduler.model import Balance, DeliveryState, Kind, Lane, lane_of, minds_quiet_hours, resends_uncertain


def test_lanes_put_people_before_alerts_before_campaigns_before_tips() -> None:
    assert sorted(Lane) == [Lane.REPLY, Lane.ALERT, Lane.CAMPAIGN, Lane.TIP]
    assert lane_of(Kind.ALERT) is Lane.ALERT
    assert {lane_of(kind) for kind in (Kind.NEWS, Kind.QUIZ, Kind.WORKSHOP, Kind.REMINDER)} == {Lane.CAMPAIGN}
    assert {lane_of(kind) for kind in (Kind.TIP, Kind.DAILY_TIP)} == {Lane.TIP}


@pytest.mark.parametrize("kind", Kind)
def test_only_what_must_arrive_is_sent_again_when_uncertain(kind: Kind) -> None:
    assert resends_uncertain(kind) is (kind in {Kind.ALERT, Kind.REMINDER, Kind.NOTICE})


@pytest.mark.parametrize("kind", Kind)
def test_only_alerts_and_word_to_staff_ignore_quiet_hours(kind: Kind) -> None:
    assert minds_quiet_hours(kind) is (kind not in {Kind.ALERT, Kind.NOTICE})


def test_a_balance_that_lost_somebody_does_not_hold() -> None:
    counts = {DeliveryState.SENT: 3, DeliveryState.WAITING: 1, DeliveryState.SENDING: 1}
    assert Balance(5, counts).holds
    assert Balance(5, counts).open == 2
    assert Balance(5, counts).settled == 3
    assert not Balance(6, counts).holds
