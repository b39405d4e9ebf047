import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import StaleAction, WorkshopFull
from bot.domain.reminders import Occasion, Reminder, read_reminder


@given(st.builds(Reminder, st.sampled_from(Occasion), st.integers(1, 10**9), st.none() | st.integers(1, 10**9)))
def test_a_reminder_comes_back_from_its_subject(reminder: Reminder) -> None:
    assert read_reminder(reminder.subject) == reminder


@pytest.mark.parametrize("subject", ["", "24h", "soon:1", "24h:x", "moved:1:y"])
def test_another_subject_is_no_reminder(subject: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, it is not one of ours
        read_reminder(subject)


def test_an_errors_docstring_is_its_message() -> None:
    assert str(WorkshopFull()) == "All places in this workshop are taken."
    assert str(StaleAction("other words")) == "other words"
