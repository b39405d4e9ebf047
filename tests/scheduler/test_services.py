import asyncio

import pytest

from scheduler.services import Elected, Once, Upheld


class Part:
    """Notes when it begins and ends; `fails` by itself after a moment, or `ends`."""

    def __init__(self, name: str, seen: list[str], *, fails: bool = False, ends: bool = False) -> None:
        self._name = name
        self._seen = seen
        self._fails = fails
        self._ends = ends

    async def run(self, stop: asyncio.Event) -> None:
        self._seen.append(f"{self._name} begins")
        if self._fails:
            raise ValueError(self._name)
        if not self._ends:
            await stop.wait()
        self._seen.append(f"{self._name} ends")


class Election:
    """Leads as it is told."""

    def __init__(self, *, wins: bool) -> None:
        self.wins = wins
        self.running = False

    async def leads(self) -> bool:
        return self.wins

    async def run(self, stop: asyncio.Event) -> None:
        self.running = True
        await stop.wait()
        self.running = False


async def until(seen: list[str], what: list[str]) -> None:
    async with asyncio.timeout(10):
        while seen != what:  # noqa: ASYNC110 - the parts note nothing but this
            await asyncio.sleep(0.01)


async def test_what_others_stand_on_ends_after_them() -> None:
    seen, stop = list[str](), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Upheld((Part("house", seen),), on=(Part("ground", seen),)).run(stop))
        await until(seen, ["ground begins", "house begins"])
        stop.set()
    assert seen[2:] == ["house ends", "ground ends"]


async def test_one_that_fails_takes_all_of_them_down() -> None:
    seen, stop = list[str](), asyncio.Event()
    with pytest.raises(ExceptionGroup):
        await Upheld((Part("house", seen, fails=True),), on=(Part("ground", seen),)).run(stop)
    assert seen == ["ground begins", "house begins"]


async def test_a_service_runs_only_while_its_process_leads() -> None:
    seen, stop, election = list[str](), asyncio.Event(), Election(wins=False)
    async with asyncio.TaskGroup() as group:
        group.create_task(Elected(Part("poll", seen), election).run(stop))
        await asyncio.sleep(0.6)
        assert seen == []
        election.wins = True
        await until(seen, ["poll begins"])
        election.wins = False
        await until(seen, ["poll begins", "poll ends"])
        election.wins = True
        await until(seen, ["poll begins", "poll ends", "poll begins"])
        assert election.running
        stop.set()
    assert seen[3:] == ["poll ends"]
    assert not election.running, "another may lead now"


async def test_a_service_that_ends_by_itself_lets_another_process_try() -> None:
    seen, election = list[str](), Election(wins=True)
    async with asyncio.timeout(10):
        await Elected(Part("poll", seen, ends=True), election).run(asyncio.Event())
    assert seen == ["poll begins", "poll ends"]
    assert not election.running


async def test_a_service_begins_once_something_is_ready_for_it() -> None:
    seen, stop, ready = list[str](), asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Once(Part("house", seen), ready).run(stop))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert seen == []
        ready.set()
        await until(seen, ["house begins"])
        stop.set()
    assert seen == ["house begins", "house ends"]


async def test_a_service_that_nothing_was_ready_for_never_begins() -> None:
    seen, stop, ready = list[str](), asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Once(Part("house", seen), ready).run(stop))
        await asyncio.sleep(0)
        stop.set()
    assert seen == []


async def test_who_is_told_to_stop_as_soon_as_ready_does_not_begin() -> None:
    seen, stop, ready = list[str](), asyncio.Event(), asyncio.Event()
    stop.set()
    ready.set()
    await Once(Part("house", seen), ready).run(stop)
    assert seen == []


async def test_what_it_waits_for_is_waited_for_no_longer_when_it_is_broken_off() -> None:
    seen, stop, ready = list[str](), asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(Once(Part("house", seen), ready).run(stop))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
