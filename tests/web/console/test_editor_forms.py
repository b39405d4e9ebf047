"""A campaign goes into the form and comes out of it as it was."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from bot.catalogue.schema import Campaign
from bot.services import drafts
from bot.services.drafts import Fault
from bot.storage.staff import Role
from bot.web.console.editor_forms import differing, field_of, fields_of, slots, slug_of, taking, values_of
from bot.web.console.fields import Fields
from tests.support import NOON, add_workshop, campaign, library, open_database, texts
from tests.web.console.campaign_contents import CONTENTS, PICTURE
from tests.web.console.world import NAMES, Browser, Console, console, forms

BOOKS = library()


@settings(deadline=None)
@given(CONTENTS)
def test_any_campaign_comes_out_of_its_form_unchanged(content: Campaign) -> None:
    assert Campaign.model_validate(values_of(fields_of(content), BOOKS)) == content


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONTENTS)
def _through_the_page(runner: asyncio.Runner, world: Console, browser: Browser, content: Campaign) -> None:
    async def edited() -> Campaign:
        async with world.database.begin() as conn:
            kept = await drafts.keep(conn, world.house.library, None, content, who=NAMES[Role.EDITOR], now=NOON)
        page = await browser.get(f"/console/campaigns/{kept.id}/edit")
        assert page.status_code == 200
        (form,) = [one for one in forms(page.text) if one.action == f"/console/campaigns/{kept.id}/edit"]
        return Campaign.model_validate(values_of(Fields(tuple(form.fields)), world.house.library))

    assert runner.run(edited()) == content


def test_any_campaign_comes_unchanged_out_of_the_page_in_a_browser(tmp_path: Path) -> None:
    async def opened(stack: AsyncExitStack) -> tuple[Console, Browser]:
        database = await stack.enter_async_context(open_database(tmp_path))
        books = replace(BOOKS, pictures={"zima.png": PICTURE})
        world = await stack.enter_async_context(console(database, books=books))
        async with database.begin() as conn:
            await add_workshop(conn)
        return world, await world.browser(Role.EDITOR)

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        world, browser = runner.run(opened(stack))
        try:
            _through_the_page(runner, world, browser)
        finally:
            runner.run(stack.aclose())


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Czad: sprawdź czujkę!", "czad-sprawdz-czujke"),
        ("Łódź, źdźbło i żółw", "lodz-zdzblo-i-zolw"),
        ("Увага", "kampania"),
        ("a" * 50, "a" * 32),
        ("a" * 31 + " b", "a" * 31),
    ],
)
def test_a_campaign_is_named_after_its_title(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_a_button_keeps_its_slot_when_the_one_before_it_is_empty() -> None:
    typed = Fields((("button1", "quiz:gone"), ("words1.pl", "Start"), ("button2", "url"), ("url2", "krakow")))
    assert slots(typed) == [1, 2]
    assert field_of(Fault("gone", ("buttons", 0, "quiz")), slots(typed)) == "button1"
    assert field_of(Fault("address", ("buttons", 1, "url")), slots(typed)) == "url2"


def test_an_address_without_its_choice_is_a_button_all_the_same() -> None:
    typed = Fields((("button0", ""), ("url0", " https://krakow.pl "), ("words0.pl", "Zobacz")))
    assert values_of(typed, BOOKS)["buttons"] == [{"text": {"pl": "Zobacz"}, "url": "https://krakow.pl"}]


def test_two_versions_differ_in_their_fields_and_some_are_taken() -> None:
    mine = fields_of(campaign(text=texts("Mine"), audience={"districts": [1, 2]}))
    theirs = fields_of(campaign(text=texts("Theirs") | {"pl": "Mine (pl)"}, audience={"districts": [2, 7]}, window=5))

    assert differing(mine, theirs) == ["text.uk", "text.en", "window", "districts"]
    taken = taking(mine, theirs, ["text.uk", "districts"])
    assert differing(taken, theirs) == ["text.en", "window"]
    assert taken.all("districts") == ["2", "7"]
