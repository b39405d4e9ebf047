from datetime import timedelta

import pytest

from bot.channels.insisting import PATIENCE_S, Insisting
from bot.domain.errors import Blocked, BotError, Rejected, Throttled, Unanswered, Unreachable
from scheduler.model import Lane
from tests.channels.fakes import Pace, Time
from tests.support import NOON

PAUSES = (1.0, 2.0)


class Requests:
    """A request that fails so, try after try, and then is done; with the time and the pace of its account."""

    def __init__(self, *errors: Exception) -> None:
        self.time, self.pace = Time(), Pace()
        self.left = list(errors)
        self.tries = 0

    async def __call__(self) -> str:
        self.tries += 1
        assert self.tries == len(self.pace.turns)  # none leaves without its turn
        if self.left:
            raise self.left.pop(0)
        return "done"

    async def made(self, *, twice: bool = False) -> str:
        insisting = Insisting(self.pace, now=self.time, sleep=self.time.sleep, pauses=PAUSES)
        return await insisting.insist(self, recipient=7, twice=twice)


def throttled(seconds: float) -> Throttled:
    return Throttled(NOON + timedelta(seconds=seconds))


async def test_what_was_not_processed_is_tried_again_each_time_in_its_turn() -> None:
    requests = Requests(Unreachable(), Unreachable())
    assert await requests.made() == "done"
    assert requests.time.waited == [1, 2]
    assert requests.pace.turns == [(Lane.REPLY, 7)] * 3


async def test_after_the_last_pause_it_is_given_up() -> None:
    requests = Requests(*[Unreachable()] * 5)
    with pytest.raises(Unreachable):
        await requests.made()
    assert requests.tries == len(PAUSES) + 1


async def test_what_may_have_been_processed_is_tried_again_only_where_that_does_no_harm() -> None:
    once, twice = Requests(Unanswered()), Requests(Unanswered())
    with pytest.raises(Unanswered):
        await once.made()
    assert await twice.made(twice=True) == "done"
    assert (once.tries, twice.tries) == (1, 2)
    assert twice.time.waited == [1]


@pytest.mark.parametrize("error", [Blocked(), Rejected(), BotError("else"), ValueError("a fault of ours")])
async def test_what_no_other_try_would_mend_is_raised_at_once(error: Exception) -> None:
    requests = Requests(error)
    with pytest.raises(type(error)):
        await requests.made(twice=True)
    assert requests.tries == 1
    assert requests.time.waited == []


@pytest.mark.parametrize("seconds", [7.0, PATIENCE_S])
async def test_a_silence_holds_the_whole_account_and_is_waited_for(seconds: float) -> None:
    requests = Requests(throttled(seconds))
    assert await requests.made() == "done"
    assert requests.pace.held == requests.time.waited == [seconds]


async def test_a_silence_too_long_holds_the_account_and_gives_the_reply_up() -> None:
    requests = Requests(throttled(PATIENCE_S + 1))
    with pytest.raises(Throttled):
        await requests.made()
    assert requests.pace.held == [PATIENCE_S + 1]
    assert requests.time.waited == []


async def test_a_silence_that_is_over_is_none() -> None:
    requests = Requests(throttled(-5))
    assert await requests.made() == "done"
    assert requests.pace.held == requests.time.waited == [0]
