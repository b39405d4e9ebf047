import pytest
from structlog.testing import capture_logs

from bot.channels.patience import Patience
from bot.channels.trouble import Faults

PATIENCE = Patience(first_pause=0.5, longest_pause=3.0)


def faults() -> Faults:
    return Faults("telegram", PATIENCE)


def test_the_pauses_double_up_to_the_longest_and_begin_anew_after_a_success() -> None:
    counted = faults()
    assert [counted.failed("Away", "no route") for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    counted.worked()
    assert counted.failed("Away", "no route") == 0.5


@pytest.mark.parametrize(("asked_s", "pause_s"), [(0.0, 0.5), (0.2, 0.5), (60.0, 60.0)])
def test_who_is_asked_to_wait_waits_at_least_so_long(asked_s: float, pause_s: float) -> None:
    assert faults().failed("Flooded", "slow down", at_least_s=asked_s) == pause_s


def test_a_lasting_trouble_is_told_once_another_kind_and_the_end_too() -> None:
    counted = faults()
    with capture_logs() as told:
        counted.worked()
        for kind in ("Away", "Away", "Conflict", "Conflict", "Away"):
            counted.failed(kind, f"it was {kind}")
        counted.worked()
        counted.worked()
        counted.failed("Away", "again")
    unavailable = {"event": "telegram.unavailable", "log_level": "warning"}
    assert told == [
        {**unavailable, "kind": "Away", "reason": "it was Away"},
        {**unavailable, "kind": "Conflict", "reason": "it was Conflict"},
        {**unavailable, "kind": "Away", "reason": "it was Away"},
        {"event": "telegram.available", "log_level": "info", "failures": 5},
        {**unavailable, "kind": "Away", "reason": "again"},
    ]
