"""Whatever is delivered twice counts once, and shows the same screen."""

import asyncio
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalogue.library import Library
from bot.domain import actions as do
from bot.domain.actions import Action
from bot.domain.messages import Command, Input, Other, Press, Reply, Start, Text
from tests.dialogue.transcript import press_of
from tests.dialogue.world import Person, World, buttons, open_world, words_of
from tests.support import add_workshop

TYPED = (
    Text("pali się olej"),
    Text("czuję gaz"),
    Text("hasło"),
    Text("Anna Nowak"),
    Text("600 100 200"),
    Text("menu"),
    Text("<b>'\"😀\x00"),
    Text(""),
    Text("a" * 5000),
    Other(),
    Start(),
    Start("subscribe"),
    Start("q_abcd2345"),
    Start("q_nothing"),
    Start("quiz_czad"),
    Start("tip_olej"),
    Start("staff_nothing"),
    Start("x" * 500),
    *(Command(name) for name in ("start", "quiz", "porada", "warsztaty", "ustawienia", "dane", "zapisy", "nothing")),
    Command("quiz", "czad"),
    Command("co_robic", "pali się"),
    Press("nothing"),
    Press("sh:sms"),
    Press("rx:1"),
    Press("bo:1:2"),
    Press("bx:1:1"),
    Press("qx:1"),
)
STEPS = st.lists(st.integers(0, 999) | st.sampled_from(TYPED), min_size=3, max_size=15)
"""A number presses one of the buttons there are, on this screen or on an earlier one."""


def seen(reply: Reply, library: Library) -> dict[str, Any]:
    """All that a channel shows of a reply; numbers that tell presses apart are new with every showing."""
    screen = reply.screen
    return {
        "language": reply.language,
        "says": words_of(reply, library),
        "legend": screen.legend,
        "buttons": [
            [(one.label, without_nonce(one.action)) for one in buttons(replace(screen, rows=(row,)))]
            for row in screen.rows
        ],
        "picture": screen.picture,
        "file": screen.file and screen.file.name,
        "here": screen.here,
        "replaces": screen.replaces,
        "asks": screen.asks,
        "awaits": screen.awaits,
    }


def without_nonce(action: Action) -> Action:
    return replace(action, nonce=0) if "nonce" in {field.name for field in fields(action)} else action  # type: ignore[call-arg] # only those that have one


def chosen(step: int | Input, person: Person) -> Input:
    if not isinstance(step, int):
        return step
    everything = [button for reply in person.replies for button in buttons(reply.screen)]
    present = buttons(person.screen) if person.replies else []
    if not everything:
        return Start()
    return press_of(
        everything[step % len(everything)] if step % 5 == 0 or not present else present[step % len(present)]
    )


async def walk(folder: Path, library: Library, steps: list[int | Input]) -> None:
    async with open_world(folder, library) as world:
        async with world.database.begin() as conn:
            await add_workshop(conn, capacity=3)
        person = world.person()
        for step in steps:
            await person.gives(chosen(step, person))
            await twice_is_once(world, person)


async def twice_is_once(world: World, person: Person) -> None:
    reply, before = person.replies[-1], await world.dump()
    world.clock.move(seconds=1)
    again = await person.again()
    assert await world.dump() == before
    if reply.forgotten:  # a stranger now: only the words can be the same
        assert again.forgotten
        return
    assert seen(again, world.library) == seen(reply, world.library)
    now = await world.engine.current(person.address, person.language)
    assert await world.dump() == before
    assert words_of(now, world.library) == words_of(reply, world.library)


def test_on_any_way_through_the_conversation(library: Library) -> None:
    @settings(max_examples=25, deadline=None)
    @given(STEPS)
    def check(steps: list[int | Input]) -> None:
        with TemporaryDirectory() as folder:
            asyncio.run(walk(Path(folder), library, steps))

    check()


WAYS: dict[str, list[int | Input]] = {
    "an opening": [Start()],
    "a link": [Start("subscribe")],
    "a command": [Command("porada")],
    "an unknown command": [Command("nothing")],
    "a picture": [Other()],
    "a question in distress": [Text("pali się olej")],
    "a card with another number": [Text("czuję gaz")],
    "a search": [Text("czad")],
    "a wrong button": [Press("nothing")],
    "a name too short": [Press("bo:1:1"), Text("A")],
    "a name": [Press("bo:1:1"), Text("Anna")],
    "a wrong contact": [Press("bo:1:1"), Text("Anna"), Text("nothing")],
    "a picture for a name": [Press("bo:1:1"), Other()],
    "a booking": [Press("bo:1:1"), Text("Anna"), Text("600 100 200"), Press("bc:1")],
    "a cancellation": [Press("bo:1:1"), Text("Anna"), Text("600 100 200"), Press("bc:1"), Press("bx:1:1")],
    "a start and an answer": [Press("qb:czad:0:7"), Press("an:1:0:1")],
    "a consent": [Press("cs:tips:1:0")],
    "a language": [Press("ls:uk")],
    "a link for a class": [Press("sh:czad")],
    "a poster": [Press("sh:czad"), Press("sp:abcd2345")],
    "an export": [Press("ex")],
    "an end": [Press("er:1")],
}


@pytest.mark.parametrize("steps", WAYS.values(), ids=WAYS)
async def test_each_kind_of_event(library: Library, tmp_path: Path, steps: list[int | Input]) -> None:
    await walk(tmp_path, library, steps)


async def test_an_earlier_event_shows_where_the_resident_is_now(world: World) -> None:
    person = world.person()
    await person.starts()
    first = person.event
    await person.does(do.Numbers())
    assert first
    before = await world.dump()
    again = await world.engine.turn(first)
    assert seen(again, world.library) == seen(person.replies[-1], world.library)
    assert await world.dump() == before
