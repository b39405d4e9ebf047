"""Many questions at once, asked as one."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Together(Generic[Key, Value]):
    """Answers single questions by asking for all that wait in one go: while one look-up is under way, the next gathers.

    Args:
        load: finds the values of some keys; what it raises, everybody who asked is told.
    """

    def __init__(self, load: Callable[[Collection[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        self._load = load
        self._waiting: list[tuple[Key, asyncio.Future[Value | None]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def get(self, key: Key) -> Value | None:
        """The value of a key, or None if there is none."""
        answer: asyncio.Future[Value | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                await self._answer(asked)
        finally:
            self._asking = None

    async def _answer(self, asked: list[tuple[Key, "asyncio.Future[Value | None]"]]) -> None:
        try:
            found = await self._load({key for key, _ in asked})
        except Exception as error:  # noqa: BLE001 - whoever asked decides what it means
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            return
        for key, answer in asked:
            if not answer.done():  # they may have stopped waiting
                answer.set_result(found.get(key))
