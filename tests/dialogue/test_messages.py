"""Buttons of campaigns' messages and codes under them, in the conversation: what is counted, what is kept."""

import pytest

from bot.catalogue.schema import Campaign as Content
from bot.domain import actions as do
from bot.domain.messages import Phrase
from bot.services.results import UNSUBSCRIBED
from bot.services.verify import message_code
from bot.storage import presses, residents
from scheduler import ledger
from scheduler.model import DeliveryState, Run
from tests.dialogue.world import Person, World
from tests.sending import open_run_of, settle
from tests.support import VAULT, campaign


async def reached(world: World, person: Person, content: Content) -> Run:
    """A campaign that has just reached a person, who agreed to everything."""
    await person.starts()
    async with world.database.begin() as conn:
        resident = await residents.find(conn, person.address)
        assert resident
        await residents.change(conn, resident.id, alerts=True, campaigns=True)
        run = await open_run_of(conn, content, world.clock.now)
        await settle(conn, world.clock.now)
    return run


async def counted(world: World, run: Run) -> dict[str, int]:
    async with world.database.read() as conn:
        return await presses.of_run(conn, run.id)


def keys(person: Person) -> list[str]:
    return [block.key for block in person.screen.blocks if isinstance(block, Phrase)]


async def test_an_event_that_comes_twice_counts_once_and_two_presses_count_twice(world: World) -> None:
    person = world.person()
    run = await reached(world, person, campaign(buttons=[{"quiz": "czad"}]))

    await person.does(do.FromRun(run.id, "0"))
    await person.again()
    await person.again()
    assert await counted(world, run) == {"0": 1}

    await person.does(do.FromRun(run.id, "0"))
    assert await counted(world, run) == {"0": 2}


async def test_what_a_button_leads_to_leaves_the_message_to_be_read_again(world: World) -> None:
    person = world.person()
    run = await reached(world, person, campaign(kind="alert", buttons=[{"tip": "czujka"}]))

    screen = await person.does(do.FromRun(run.id, "0"))

    assert screen.here == do.ShowTip("czujka")
    assert not screen.replaces


async def test_fewer_of_these_is_counted_and_so_is_the_consent_taken_back(world: World) -> None:
    person = world.person()
    run = await reached(world, person, campaign())

    await person.does(do.FromRun(run.id, do.FEWER))
    await person.presses("☑ Kampanie i warsztaty")
    await person.again()

    assert await counted(world, run) == {do.FEWER: 1, UNSUBSCRIBED: 1}


async def test_who_agrees_to_alerts_while_one_is_being_sent_joins_it_in_that_very_turn(world: World) -> None:
    person, other = world.person(), world.person("telegram:2")
    run = await reached(world, person, campaign(kind="alert"))
    await other.starts()

    await other.does(do.SetConsent("alerts", on=True))
    await other.again()

    async with world.database.read() as conn:
        assert (await ledger.balance(conn, run.id)).counts == {DeliveryState.SENT: 1, DeliveryState.WAITING: 1}


async def test_a_message_that_is_pasted_whole_is_recognised_by_its_code(world: World) -> None:
    person = world.person()
    run = await reached(world, person, campaign())

    await person.writes(f"Sprawdź czujkę czadu!\n\nKod: {message_code(VAULT, run.id)}. Sprawdzisz go: /sprawdz")

    assert keys(person)[0] == "verify.campaign"


@pytest.mark.parametrize("text", ["pali się olej na patelni", "pali sie 3 pietro", "112", "menu"])
async def test_a_call_for_help_is_no_code_though_one_is_awaited(world: World, text: str) -> None:
    person = world.person()
    await person.starts()
    await person.commands("sprawdz")

    await person.writes(text)

    assert not any(key.startswith("verify.") for key in keys(person))


@pytest.mark.parametrize("text", ["1-xxxxx", "1042 k3m9", "k3m9p"])
async def test_what_looks_like_a_try_at_a_code_is_answered_as_one_and_not_kept(world: World, text: str) -> None:
    person = world.person()
    await person.starts()
    await person.commands("sprawdz")

    await person.writes(text)

    assert keys(person)[0] == "verify.unknown"
    assert "k3m9" not in repr(await world.dump())


async def test_nothing_of_who_asked_about_a_code_or_pressed_is_in_the_counts(world: World) -> None:
    person = world.person()
    run = await reached(world, person, campaign(buttons=[{"quiz": "czad"}]))
    await person.does(do.FromRun(run.id, "0"))

    await person.does(do.Erase(sure=True))

    kept = await world.dump()
    assert kept["presses"] == [(run.id, "0", 1)]
    assert kept["residents"] == kept["conversations"] == kept["deliveries"] == []
