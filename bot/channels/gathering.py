"""One look at the database for what many ask at about the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

MOST = 200
"""Asked at once."""

K = TypeVar("K")
V = TypeVar("V")


class Gathering(Generic[K, V]):
    """Asks for one are answered together: while one look is under way, those for the next gather.

    Args:
        look: answers many, in their order. If it fails for several, each is asked for alone: none pays for another.
    """

    def __init__(self, look: Callable[[Sequence[K]], Awaitable[Sequence[V]]]) -> None:
        self._look = look
        self._waiting: list[tuple[K, asyncio.Future[V]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def ask(self, one: K) -> V:
        """The answer for one. Whoever stops waiting for it disturbs nobody."""
        answer: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, answer))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            if wanted := [one for one in asked if not one[1].done()]:
                await self._answer(wanted)

    async def _answer(self, asked: Sequence[tuple[K, asyncio.Future[V]]]) -> None:
        try:
            found = await self._look([one for one, _ in asked])
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
            await self._fail(asked, error)
        else:
            for (_, answer), value in zip(asked, found, strict=True):
                if not answer.done():
                    answer.set_result(value)

    async def _fail(self, asked: Sequence[tuple[K, asyncio.Future[V]]], error: Exception) -> None:
        if len(asked) > 1:
            for one in asked:
                await self._answer([one])
        elif not asked[0][1].done():
            asked[0][1].set_exception(error)
