from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import lifecycle
from scheduler.errors import BadCron, NeverFires, NotAllowed, OwnCampaign, SlotInPast
from scheduler.model import Campaign, CampaignState, Kind, OneOff, Recurring
from tests.scheduler.world import DAY, NOON

S = CampaignState
DRAFT = lifecycle.draft(kind=Kind.NEWS, title="t", content={}, audience={}, author="ada", now=NOON)
LATER = NOON + timedelta(minutes=5)

STEPS: dict[str, Callable[[Campaign], Campaign]] = {
    "revise": lambda c: lifecycle.revise(c, title="new", now=LATER),
    "submit": lambda c: lifecycle.submit(c, LATER),
    "reject": lambda c: lifecycle.reject(c, "too long", LATER),
    "approve": lambda c: lifecycle.approve(c, "bob", LATER),
    "schedule": lambda c: lifecycle.schedule(c, OneOff(LATER), LATER),
    "start": lambda c: lifecycle.start(c, LATER),
    "miss": lambda c: lifecycle.miss(c, LATER),
    "settle": lambda c: lifecycle.settle(c, LATER),
    "pause": lambda c: lifecycle.pause(c, LATER, "why"),
    "resume": lambda c: lifecycle.resume(c, LATER),
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
    ("schedule", S.APPROVED): S.SCHEDULED,
    ("schedule", S.SCHEDULED): S.SCHEDULED,
    ("start", S.SCHEDULED): S.RUNNING,
    ("start", S.RUNNING): S.RUNNING,
    ("miss", S.SCHEDULED): S.CANCELLED,
    ("miss", S.RUNNING): S.RUNNING,
    ("settle", S.RUNNING): S.FINISHED,
    ("pause", S.SCHEDULED): S.PAUSED,
    ("pause", S.RUNNING): S.PAUSED,
    ("resume", S.PAUSED): S.SCHEDULED,
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
    before = replace(DRAFT, state=state)
    expected = TABLE.get((step, state))
    assert lifecycle.may(step, before) is (expected is not None)
    if expected is None:
        with pytest.raises(NotAllowed, match=f"{step}: {state}"):
            STEPS[step](before)
        return
    after = STEPS[step](before)
    assert after.state is expected
    assert after.updated_at == LATER
    assert before == replace(DRAFT, state=state)


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
