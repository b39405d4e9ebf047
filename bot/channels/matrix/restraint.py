"""How much is said in one room at most: nobody's bot, or joker, makes us flood it.

The result of a poll is neither counted nor held: there is one for each, and the poll was counted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

BURST = 3
"""Answers at once."""
REFILLED_IN = timedelta(seconds=10)
"""After so long there is one more: six a minute."""
ROOMS_KEPT = 1000


class Turn(Enum):
    """What may be said now."""

    ANSWER = auto()
    LAST_WORD = auto()
    """That we fall silent for a while."""
    SILENCE = auto()


@dataclass(frozen=True, slots=True)
class _State:
    left: float
    at: datetime
    silent: bool = False


class Restraint:
    """Counts the answers in each room; a restart forgets them."""

    def __init__(self) -> None:
        self._rooms: dict[str, _State] = {}

    def turn(self, room: str, now: datetime) -> Turn:
        """Whether a room gets an answer; if so, it is counted."""
        before = self._rooms.pop(room, _State(BURST, now))
        left = min(float(BURST), before.left + max(timedelta(0), now - before.at) / REFILLED_IN)
        answered = left >= 1
        self._rooms[room] = _State(left - answered, now, silent=not answered)
        while len(self._rooms) > ROOMS_KEPT:
            del self._rooms[next(iter(self._rooms))]
        if answered:
            return Turn.ANSWER
        return Turn.SILENCE if before.silent else Turn.LAST_WORD
