"""Services that run side by side until they are told to stop: on one another, or in one process of many."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from scheduler.leader import Leader

LOOK_S = 0.25
"""How often a service looks whether its process still leads."""


class Service(Protocol):
    """Something that runs until it is told to stop, then finishes what is in flight."""

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`."""
        ...


@dataclass(frozen=True, slots=True)
class Upheld:
    """Services that stand on others, which therefore run until the services have ended."""

    services: Sequence[Service]
    on: Sequence[Service]

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`."""
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as below:
            for one in self.on:
                below.create_task(one.run(ended))
            async with asyncio.TaskGroup() as above:
                for one in self.services:
                    above.create_task(one.run(stop))
            ended.set()


@dataclass(frozen=True, slots=True)
class Once:
    """Runs a service once something is ready for it."""

    service: Service
    ready: asyncio.Event

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, from when it is ready."""
        waits = [asyncio.ensure_future(one.wait()) for one in (stop, self.ready)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not stop.is_set():
            await self.service.run(stop)


class Elected:
    """Runs a service in the leading process only: it stops when that leads no more, and may start again later."""

    def __init__(self, service: Service, leader: Leader) -> None:
        self._service = service
        self._leader = leader

    async def run(self, stop: asyncio.Event) -> None:
        """Stand ready until `stop`, or until the service ends by itself; then let somebody else."""
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._leader.run(ended))
            while not stop.is_set():
                if await self._leader.leads() and not await self._serve(stop):
                    break
                await _pause(stop)
            ended.set()

    async def _serve(self, stop: asyncio.Event) -> bool:
        """Serve for as long as this process leads; whether the service would have gone on."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(self._service.run(over))
            while not stop.is_set() and not serving.done() and await self._leader.leads():
                await _pause(stop)
            by_itself = serving.done()
            over.set()
        return not by_itself


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), LOOK_S)
