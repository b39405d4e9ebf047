"""Decides when a run fails so often that somebody should look."""

from collections import deque

from scheduler.model import Blocked, GiveUp, OptedOut, Outcome, Sent

MAX_WATCHED = 64
"""Runs whose failures are watched at once; the oldest is let go first."""


class Failures:
    """A run fails too often when more than `share` of its last `floor` settled messages were refused."""

    def __init__(self, share: float, floor: int) -> None:
        self._share = share
        self._floor = floor
        self._recent: dict[int, deque[str | None]] = {}  # the reason of each failure, None for the rest
        self._failed: dict[int, int] = {}  # how many of them are failures

    def add(self, run_id: int, outcome: Outcome) -> str | None:
        """Count one outcome; returns the reason to pause, once, when it is time. A blocked recipient is no failure."""
        if not isinstance(outcome, Sent | Blocked | OptedOut | GiveUp):
            return None
        recent = self._recent.setdefault(run_id, deque())
        recent.append(outcome.reason if isinstance(outcome, GiveUp) else None)
        gone = recent.popleft() if len(recent) > self._floor else None
        failed = self._failed.get(run_id, 0) + (recent[-1] is not None) - (gone is not None)
        self._failed[run_id] = failed
        if len(self._recent) > MAX_WATCHED:
            self._forget(next(iter(self._recent)))
        if len(recent) < self._floor or failed <= self._share * self._floor:
            return None
        self._forget(run_id)  # after a resume the count starts anew
        reasons = [reason for reason in recent if reason is not None]
        return f"{failed} of the last {self._floor} failed, most often: {max(reasons, key=reasons.count)}"

    def _forget(self, run_id: int) -> None:
        del self._recent[run_id], self._failed[run_id]
