from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import lifecycle
from scheduler.calendar import ZONE, next_slots
from scheduler.errors import (
    BadCron,
    DayInPast,
    NeverFires,
    NotAllowed,
    NotAWindow,
    NothingToSkip,
    OnlyAlerts,
    OwnCampaign,
    ReasonNeeded,
    RunOpen,
    SlotInPast,
)
from scheduler.model import Campaign, CampaignState, Kind, OneOff, Recurring
from tests.scheduler.world import DAY, HOUR, NOON

S = CampaignState
DRAFT = lifecycle.draft(kind=Kind.ALERT, title="t", content={}, audience={}, author="ada", now=NOON)
LATER = NOON + timedelta(minutes=5)
CHRISTMAS_EVE = date(2026, 12, 24)
WHY = "The river rises faster than anybody can be called."

STEPS: dict[str, Callable[[Campaign], Campaign]] = {
    "revise": lambda c: lifecycle.revise(c, title="new", now=LATER),
    "submit": lambda c: lifecycle.submit(c, LATER),
    "reject": lambda c: lifecycle.reject(c, "too long", LATER),
    "approve": lambda c: lifecycle.approve(c, "bob", LATER),
    "break_glass": lambda c: lifecycle.break_glass(c, WHY, LATER),
    "schedule": lambda c: lifecycle.schedule(c, OneOff(LATER), LATER),
    "unschedule": lambda c: lifecycle.unschedule(c, LATER),
    "skip": lambda c: lifecycle.skip(c, CHRISTMAS_EVE, LATER),
    "start": lambda c: lifecycle.start(c, LATER),
    "miss": lambda c: lifecycle.miss(c, LATER),
    "settle": lambda c: lifecycle.settle(c, LATER),
    "pause": lambda c: lifecycle.pause(c, LATER, "why"),
    "resume": lambda c: lifecycle.resume(c, LATER),
    "retry": lambda c: lifecycle.retry(c, LATER),
    "cancel": lambda c: lifecycle.cancel(c, LATER, "why"),
}

# (step, from) → to; every pair that is not here is refused.
TABLE = {
    ("revise", S.DRAFT): S.DRAFT,
    ("revise", S.IN_REVIEW): S.DRAFT,
    ("revise", S.APPROVED): S.DRAFT,
    ("submit", S.DRAFT): S.IN_REVIEW,
    ("reject", S.IN_REVIEW): S.DRAFT,
    ("approve", S.IN_REVIEW): S.APPROVED,
    ("break_glass", S.DRAFT): S.APPROVED,
    ("break_glass", S.IN_REVIEW): S.APPROVED,
    ("schedule", S.APPROVED): S.SCHEDULED,
    ("schedule", S.SCHEDULED): S.SCHEDULED,
    ("unschedule", S.SCHEDULED): S.APPROVED,
    ("unschedule", S.PAUSED): S.APPROVED,
    ("skip", S.SCHEDULED): S.SCHEDULED,
    ("skip", S.RUNNING): S.RUNNING,
    ("skip", S.PAUSED): S.PAUSED,
    ("start", S.SCHEDULED): S.RUNNING,
    ("start", S.RUNNING): S.RUNNING,
    ("miss", S.SCHEDULED): S.SCHEDULED,
    ("miss", S.RUNNING): S.RUNNING,
    ("settle", S.RUNNING): S.FINISHED,
    ("pause", S.SCHEDULED): S.PAUSED,
    ("pause", S.RUNNING): S.PAUSED,
    ("resume", S.PAUSED): S.SCHEDULED,
    ("retry", S.SCHEDULED): S.RUNNING,
    ("retry", S.RUNNING): S.RUNNING,
    ("retry", S.FINISHED): S.RUNNING,
    ("cancel", S.DRAFT): S.CANCELLED,
    ("cancel", S.IN_REVIEW): S.CANCELLED,
    ("cancel", S.APPROVED): S.CANCELLED,
    ("cancel", S.SCHEDULED): S.CANCELLED,
    ("cancel", S.RUNNING): S.CANCELLED,
    ("cancel", S.PAUSED): S.CANCELLED,
}


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("step", STEPS)
def test_every_step_from_every_state(step: str, state: CampaignState) -> None:
    before = replace(DRAFT, state=state, schedule=Recurring("0 12 * * *"))
    expected = TABLE.get((step, state))
    assert lifecycle.may(step, before) is (expected is not None)
    if expected is None:
        with pytest.raises(NotAllowed):
            STEPS[step](before)
        return
    after = STEPS[step](before)
    assert after.state is expected
    assert after.updated_at == LATER
    assert before == replace(DRAFT, state=state, schedule=Recurring("0 12 * * *"))


def test_the_table_names_every_step() -> None:
    assert set(STEPS) == set(lifecycle.ALLOWED)


def test_nobody_approves_their_own_campaign() -> None:
    with pytest.raises(OwnCampaign, match="someone other than its author"):
        lifecycle.approve(lifecycle.submit(DRAFT, NOON), "ada", NOON)


def test_an_edit_voids_the_approval() -> None:
    approved = lifecycle.approve(lifecycle.submit(DRAFT, NOON), "bob", NOON)
    edited = lifecycle.revise(approved, content={"pl": "inaczej"}, now=LATER)
    assert edited.approved_by is None
    assert edited.content == {"pl": "inaczej"}
    assert edited.title == DRAFT.title


def test_a_slot_in_the_past_is_refused_and_now_is_not() -> None:
    approved = replace(DRAFT, state=S.APPROVED)
    with pytest.raises(SlotInPast):
        lifecycle.schedule(approved, OneOff(NOON - timedelta(seconds=1)), NOON)
    assert lifecycle.schedule(approved, OneOff(NOON), NOON).next_at == NOON


def test_rules_are_checked_when_they_are_set() -> None:
    approved = replace(DRAFT, state=S.APPROVED)
    with pytest.raises(NeverFires):
        lifecycle.schedule(approved, Recurring("0 8 30 2 *"), NOON)
    with pytest.raises(BadCron, match="hour: 25"):
        lifecycle.schedule(approved, Recurring("0 25 * * *"), NOON)


def test_a_rule_goes_on_after_each_run_and_a_single_slot_ends() -> None:
    approved = replace(DRAFT, state=S.APPROVED)
    weekly = lifecycle.schedule(approved, Recurring("30 17 * * tue"), NOON)
    running = lifecycle.start(weekly, weekly.next_at or NOON)
    assert weekly.next_at is not None
    assert running.next_at == weekly.next_at + 7 * DAY
    assert lifecycle.settle(running, LATER).state is S.SCHEDULED
    once = lifecycle.start(lifecycle.schedule(approved, OneOff(LATER), NOON), LATER)
    assert once.next_at is None
    assert lifecycle.settle(once, LATER).state is S.FINISHED


def test_a_resume_goes_back_to_where_the_pause_was_taken() -> None:
    for state in (S.SCHEDULED, S.RUNNING):
        paused = lifecycle.pause(replace(DRAFT, state=state), NOON, "why")
        assert paused.reason == "why"
        resumed = lifecycle.resume(paused, LATER)
        assert (resumed.state, resumed.paused_from, resumed.reason) == (state, None, None)


def test_a_resume_lets_passed_slots_of_a_rule_go_but_keeps_a_single_one() -> None:
    approved = replace(DRAFT, state=S.APPROVED)
    daily = lifecycle.schedule(approved, Recurring("0 12 * * *"), NOON)
    resumed = lifecycle.resume(lifecycle.pause(daily, NOON), NOON + 10 * DAY)
    assert resumed.next_at is not None
    assert resumed.next_at > NOON + 10 * DAY
    once = lifecycle.schedule(approved, OneOff(LATER), NOON)
    assert lifecycle.resume(lifecycle.pause(once, NOON), NOON + DAY).next_at == LATER


def test_a_missed_single_slot_ends_with_its_reason_and_a_missed_rule_goes_on() -> None:
    approved = replace(DRAFT, state=S.APPROVED)
    assert lifecycle.miss(lifecycle.schedule(approved, OneOff(NOON), NOON), NOON + DAY).reason == lifecycle.MISSED
    daily = lifecycle.miss(lifecycle.schedule(approved, Recurring("0 12 * * *"), NOON), NOON + 3 * DAY)
    assert daily.state is S.SCHEDULED
    assert daily.next_at is not None
    assert daily.next_at > NOON + 3 * DAY


# --- what a refusal says


@pytest.mark.parametrize(
    ("step", "state", "said"),
    [
        (
            "schedule",
            S.IN_REVIEW,
            "schedule: it is in review; possible now: revise, reject, approve, break-glass, cancel",
        ),
        ("revise", S.SCHEDULED, "revise: it is scheduled; unschedule it first, and have it approved again afterwards"),
        ("revise", S.RUNNING, "revise: it is running; possible now: skip, pause, retry, cancel"),
        ("approve", S.FINISHED, "approve: it is finished; possible now: retry"),
        ("resume", S.CANCELLED, "resume: it is cancelled; possible now: nothing"),
    ],
)
def test_a_refusal_names_the_state_and_what_is_possible(step: str, state: CampaignState, said: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        STEPS[step](replace(DRAFT, state=state, schedule=Recurring("0 12 * * *")))

    assert said in str(refused.value)


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("kind", [Kind.NEWS, Kind.ALERT])
def test_what_is_called_possible_is(state: CampaignState, kind: Kind) -> None:
    campaign = replace(DRAFT, kind=kind, state=state, schedule=OneOff(LATER))

    for step in lifecycle.steps(campaign):
        assert STEPS[step](campaign)
    assert not lifecycle.BY_ITSELF.intersection(lifecycle.steps(campaign))


# --- without a second person


def test_only_an_alert_may_leave_alone_and_only_for_a_reason() -> None:
    with pytest.raises(OnlyAlerts, match="news"):
        lifecycle.break_glass(replace(DRAFT, kind=Kind.NEWS), WHY, NOON)
    for reason in ("", " " * 20, "too short", "x" * 501):
        with pytest.raises(ReasonNeeded):
            lifecycle.break_glass(DRAFT, reason, NOON)

    alone = lifecycle.break_glass(DRAFT, f"  {WHY} ", NOON)

    assert (alone.state, alone.break_glass, alone.approved_by) == (S.APPROVED, WHY, None)


def test_an_edit_voids_that_too() -> None:
    edited = lifecycle.revise(lifecycle.break_glass(DRAFT, WHY, NOON), title="other", now=LATER)

    assert (edited.state, edited.break_glass) == (S.DRAFT, None)


# --- dates to skip, windows, and taking the time away


def weekly(**changes: object) -> Campaign:
    return lifecycle.schedule(replace(DRAFT, state=S.APPROVED), Recurring("30 17 * * thu", **changes), NOON)  # type: ignore[arg-type] # Recurring's own


def days(campaign: Campaign, count: int) -> list[date]:
    assert campaign.schedule is not None
    slots = next_slots(campaign.schedule, count, after=NOON)
    return [slot_at.astimezone(ZONE).date() for slot_at in slots]


def test_dates_to_skip_have_no_slot() -> None:
    assert days(weekly(skip=frozenset({CHRISTMAS_EVE})), 4) == [
        date(2026, 12, 3),
        date(2026, 12, 10),
        date(2026, 12, 17),
        date(2026, 12, 31),
    ]


def test_skipping_the_next_date_moves_on_and_another_changes_nothing_now() -> None:
    campaign = weekly()
    on_the_third = campaign.next_at

    assert lifecycle.skip(campaign, CHRISTMAS_EVE, NOON).next_at == on_the_third
    moved = lifecycle.skip(campaign, date(2026, 12, 3), NOON)
    assert on_the_third is not None
    assert moved.next_at == on_the_third + 7 * DAY
    assert lifecycle.skip(moved, date(2026, 12, 10), NOON).next_at == on_the_third + 14 * DAY


def test_a_date_is_skipped_while_its_slot_waits_for_the_end_of_quiet_hours() -> None:
    night = datetime(2026, 12, 3, 21, 30, tzinfo=UTC)  # 22:30 in Kraków
    nightly = lifecycle.schedule(replace(DRAFT, state=S.APPROVED), Recurring("0 22 * * *"), NOON)
    waiting = replace(nightly, next_at=datetime(2026, 12, 3, 21, tzinfo=UTC))

    assert lifecycle.skip(waiting, date(2026, 12, 3), night).next_at == datetime(2026, 12, 4, 21, tzinfo=UTC)


def test_what_cannot_be_skipped() -> None:
    once = lifecycle.schedule(replace(DRAFT, state=S.APPROVED), OneOff(LATER), NOON)
    with pytest.raises(NothingToSkip):
        lifecycle.skip(once, CHRISTMAS_EVE, NOON)
    with pytest.raises(DayInPast, match="2026-11-30"):
        lifecycle.skip(weekly(), date(2026, 11, 30), NOON)
    with pytest.raises(DayInPast, match="2026-11-30"):
        weekly(skip=frozenset({date(2026, 11, 30), CHRISTMAS_EVE}))
    leap_days = frozenset(date(year, 2, 29) for year in (2032, 2036))
    rare = lifecycle.schedule(replace(DRAFT, state=S.APPROVED), Recurring("0 12 29 2 *", leap_days), NOON)
    with pytest.raises(NeverFires):
        lifecycle.skip(rare, date(2028, 2, 29), NOON)


@given(st.sets(st.dates(date(2026, 12, 1), date(2027, 2, 28)), max_size=40), st.integers(0, 6))
def test_whatever_is_skipped_one_by_one_or_from_the_first_is_the_same(skipped: set[date], weekday: int) -> None:
    rule = Recurring(f"30 17 * * {weekday},{(weekday + 3) % 7}")
    approved = replace(DRAFT, state=S.APPROVED)
    stepwise = lifecycle.schedule(approved, rule, NOON)
    for day in sorted(skipped):
        stepwise = lifecycle.skip(stepwise, day, NOON)

    at_once = lifecycle.schedule(approved, replace(rule, skip=frozenset(skipped)), NOON)

    assert stepwise.next_at == at_once.next_at
    assert stepwise.schedule == at_once.schedule
    assert not skipped.intersection(days(at_once, 10))


def test_a_window_is_kept_until_another_is_given_and_has_its_bounds() -> None:
    approved = replace(DRAFT, state=S.APPROVED)
    narrow = lifecycle.schedule(approved, OneOff(LATER), NOON, window=6 * HOUR)
    assert narrow.window_s == 6 * 3600
    assert lifecycle.schedule(narrow, OneOff(LATER), NOON).window_s == 6 * 3600
    assert lifecycle.revise(approved, window=HOUR, now=NOON).window_s == 3600
    for window in (HOUR - timedelta(seconds=1), 7 * DAY + timedelta(seconds=1)):
        with pytest.raises(NotAWindow):
            lifecycle.schedule(approved, OneOff(LATER), NOON, window=window)


def test_what_has_no_time_any_more_is_approved_as_before_and_may_be_revised() -> None:
    approved = lifecycle.approve(lifecycle.submit(DRAFT, NOON), "bob", NOON)
    scheduled = lifecycle.schedule(approved, Recurring("0 12 * * *"), NOON)

    for one in (scheduled, lifecycle.pause(scheduled, NOON, "why")):
        free = lifecycle.unschedule(one, LATER)
        assert free == replace(approved, updated_at=LATER)
        assert lifecycle.revise(free, now=LATER).approved_by is None


def test_what_is_being_sent_keeps_its_time() -> None:
    running = lifecycle.start(lifecycle.schedule(replace(DRAFT, state=S.APPROVED), OneOff(NOON), NOON), NOON)

    for one in (running, lifecycle.pause(running, NOON)):
        assert not lifecycle.may("unschedule", one)
        with pytest.raises(RunOpen):
            lifecycle.unschedule(one, LATER)


def test_what_is_sent_again_keeps_its_next_slot() -> None:
    daily = lifecycle.schedule(replace(DRAFT, state=S.APPROVED), Recurring("0 12 * * *"), NOON)
    again = lifecycle.retry(daily, LATER)

    assert again.next_at == daily.next_at
    assert lifecycle.settle(again, LATER).state is S.SCHEDULED
    assert lifecycle.settle(lifecycle.retry(replace(DRAFT, state=S.FINISHED), LATER), LATER).state is S.FINISHED
