"""One person's affairs in order, different people's side by side."""

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary


class InOrder:
    """A queue for each person, which lasts as long as somebody stands in it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    def of(self, person: Hashable) -> asyncio.Lock:
        """A lock that is given in the order of asking: `async with order.of(person)`."""
        return self._locks.setdefault(person, asyncio.Lock())
