from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.channels.matrix.trouble import Faults
from bot.channels.patience import Patience
from bot.domain.errors import BotError, Rejected, Throttled, Unanswered, Unreachable
from tests.support import NOON

PATIENCE = Patience(first_pause=0.5, longest_pause=3.0)


def test_a_homeserver_that_is_away_is_one_trouble_however_it_fails() -> None:
    faults = Faults(PATIENCE)
    errors = (Unreachable("no route"), Unanswered("502"), Rejected("no sync"), Throttled(NOON), Unreachable("503"))
    with capture_logs() as told:
        pauses = [faults.failed(error, NOON) for error in errors]
        faults.worked()
    assert [line["event"] for line in told] == ["matrix.unavailable", "matrix.available"]
    assert told[0]["reason"] == "no route"
    assert pauses == [0.5, 1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("error", "pause_s"),
    [
        (Throttled(NOON + timedelta(seconds=60)), 60.0),
        (Throttled(NOON + timedelta(seconds=0.1)), 0.5),
        (Throttled(NOON - timedelta(hours=1)), 0.5),
        (Unreachable("503"), 0.5),
    ],
)
def test_who_is_asked_to_wait_waits_at_least_so_long(error: BotError, pause_s: float) -> None:
    assert Faults(PATIENCE).failed(error, NOON) == pause_s
