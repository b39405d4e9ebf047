"""A room whose other side never stops is not answered without end: two programs may have met there."""

from datetime import datetime, timedelta

MOST = 100
"""Turns of one room, from its first in `WITHIN` on; whoever comes back after a day away has missed fewer."""
WITHIN = timedelta(minutes=1)
ROOMS_KEPT = 10_000


class LoopGuard:
    """Counts the turns of each room; a restart forgets them."""

    def __init__(self) -> None:
        self._rooms: dict[str, tuple[datetime, int]] = {}

    def turns(self, room: str, now: datetime) -> int:
        """Count one more turn of a room; returns how many it has had lately, this one included."""
        begun, turns = self._rooms.get(room, (now, 0))
        if now - begun >= WITHIN:
            begun, turns = now, 0
        self._rooms.pop(room, None)
        self._rooms[room] = (begun, turns + 1)
        while len(self._rooms) > ROOMS_KEPT:
            del self._rooms[next(iter(self._rooms))]
        return turns + 1
