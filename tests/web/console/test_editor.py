"""Writing a campaign: what an editor does, what they see, and what they get told when something is wrong."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import Unreachable
from bot.domain.residents import Address
from bot.services import campaigns as desk
from bot.storage import audit
from bot.storage import staff as members
from bot.storage.staff import Role
from scheduler import ledger
from scheduler.model import Campaign, CampaignState, OneOff
from tests.channels.matrix.world import World as Matrix
from tests.support import NOON, FakeSender, add_resident, add_workshop, campaign, library, open_database
from tests.web.console.campaign_contents import PICTURE
from tests.web.console.world import NAMES, Browser, Console, forms
from tests.web.console.world import console as open_console

NEW = "/console/campaigns/new"
TEMPLATE = campaign("jesien", buttons=[{"quiz": "czad"}], audience={"districts": [7, 8]}, dates=["11-15", "12-31"])
BOOKS = replace(library(campaigns=[TEMPLATE, campaign("lato", dates=["06-01"])]), pictures={"zima.png": PICTURE})


@pytest.fixture
async def desk_world(tmp_path: Path) -> AsyncIterator[Console]:
    async with open_database(tmp_path) as database, open_console(database, books=BOOKS) as opened:
        yield opened


@pytest.fixture
async def editor(desk_world: Console) -> Browser:
    return await desk_world.browser(Role.EDITOR)


async def stored(world: Console, number: int = 1) -> Campaign:
    async with world.database.read() as conn:
        return await ledger.load_campaign(conn, number)


async def all_of(world: Console) -> list[Campaign]:
    async with world.database.read() as conn:
        return await ledger.list_campaigns(conn)


async def saved(browser: Browser, **changes: Any) -> str:
    """Save the template's draft; returns the address of its form."""
    await browser.get(f"{NEW}?template=jesien")
    await browser.submit(NEW, ("do", "save"), **changes)
    return "/console/campaigns/1/edit"


async def link_chat(world: Console, role: Role, address: str = "telegram:5") -> None:
    channel, _, chat = address.partition(":")
    async with world.database.begin() as conn:
        await add_resident(conn, address, "uk")
        await members.set_chat(conn, NAMES[role], Address(channel, chat))


# --- the way


async def test_from_a_template_to_review(desk_world: Console, editor: Browser) -> None:
    await editor.get(NEW)
    assert editor.text.index("Campaign jesien") < editor.text.index("Campaign lato"), "those in season come first"

    await editor.get(f"{NEW}?template=jesien")
    await editor.submit(NEW, ("do", "submit"), **{"text.pl": "**Sprawdź** czujkę.", "districts": ["8", "9"]})

    assert editor.page is not None
    assert editor.page.url.path == "/console/campaigns/1"
    assert "Somebody else may approve it now" in editor.text
    made = await stored(desk_world)
    assert (made.state, made.author) == (CampaignState.IN_REVIEW, NAMES[Role.EDITOR])
    wanted = TEMPLATE.model_dump(mode="json")
    wanted["text"]["pl"], wanted["audience"]["districts"] = "**Sprawdź** czujkę.", [8, 9]
    assert made.content == wanted
    assert made.audience == wanted["audience"]


async def test_a_blank_one_of_a_kind_is_saved_as_a_draft_even_when_it_is_complete(
    desk_world: Console, editor: Browser
) -> None:
    await editor.get(f"{NEW}?kind=alert")
    await editor.submit(
        NEW,
        ("do", "save"),
        **{f"{field}.{code}": f"Smog {code}" for field in ("title", "text") for code in ("pl", "uk", "en")},
    )
    assert "The draft is saved" in editor.text
    made = await stored(desk_world)
    assert (made.kind, made.state, made.title) == ("alert", CampaignState.DRAFT, "Smog pl")
    assert made.content["id"] == "smog-pl"


async def test_the_audit_log_is_told_the_parts_that_changed(desk_world: Console, editor: Browser) -> None:
    form = await saved(editor)
    await editor.submit(form, ("do", "save"), window="6")
    async with desk_world.database.read() as conn:
        lines = await audit.page(conn, audit.Filter(about="campaign:1"))
    newest, first = (line.entry for line in lines)
    assert (newest.what, newest.before, newest.after) == ("revise", {"window": 24}, {"window": 6})
    assert (first.what, first.who, first.before) == ("create", NAMES[Role.EDITOR], None)


async def test_a_form_sent_twice_makes_one_campaign(desk_world: Console, editor: Browser) -> None:
    page = await editor.get(f"{NEW}?template=jesien")
    (form,) = [one for one in forms(page.text) if one.action == NEW]
    for _ in range(2):
        await editor.post(NEW, [*form.fields, ("do", "save")])
        assert editor.page is not None
        assert editor.page.url.path == "/console/campaigns/1/edit"
    assert len(await all_of(desk_world)) == 1


async def test_a_revision_voids_the_approval_and_the_page_says_so_before(desk_world: Console, editor: Browser) -> None:
    form = await saved(editor)
    async with desk_world.database.begin() as conn:
        await members.add(conn, members.Member("Second", Role.APPROVER), NOON)
        await desk.submit(conn, 1, who=NAMES[Role.EDITOR], now=NOON)
        await desk.approve(conn, 1, who="Second", now=NOON)
    await editor.get(form)
    assert "it then needs a new approval" in editor.text
    await editor.submit(form, ("do", "save"))
    assert (await stored(desk_world)).state is CampaignState.APPROVED, "nothing was changed, so nothing is void"
    await editor.submit(form, ("do", "save"), window="3")
    assert (await stored(desk_world)).state is CampaignState.DRAFT


async def test_what_waits_for_its_time_is_shown_and_not_edited(desk_world: Console, editor: Browser) -> None:
    form = await saved(editor)
    async with desk_world.database.begin() as conn:
        await members.add(conn, members.Member("Second", Role.APPROVER), NOON)
        await desk.submit(conn, 1, who=NAMES[Role.EDITOR], now=NOON)
        await desk.approve(conn, 1, who="Second", now=NOON)
        await desk.schedule(conn, 1, OneOff(NOON.replace(hour=15)), who=NAMES[Role.EDITOR], now=NOON)
    page = await editor.get(form)
    assert page.url.path == "/console/campaigns/1/preview"
    assert "take the time away first" in editor.text


# --- languages


async def test_a_missing_language_is_told_before_anything_else_and_can_be_saved(
    desk_world: Console, editor: Browser
) -> None:
    form = await saved(editor, **{"text.uk": "", "title.uk": " "})
    said = "Ukrainian is missing: whoever reads Ukrainian will see Polish. (Title, Text)"
    assert said in editor.text
    assert editor.text.index(said) < editor.text.index("Title (Polski)")
    assert "uk" not in (await stored(desk_world)).content["text"]

    await editor.submit(form, ("do", "submit"))
    assert (await stored(desk_world)).state is CampaignState.IN_REVIEW


# --- what is wrong

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"title.pl": ""}, "title.pl", "Add it in Polish"),
    ({"text.pl": " ", "text.uk": "", "text.en": ""}, "text.pl", "Fill this in"),
    ({"title.uk": "ї" * 81}, "title.uk", "This has 81 characters and 80 fit"),
    ({"text.en": "a" * 1201}, "text.en", "This has 1201 characters and 1200 fit"),
    ({"picture": "zima.png", "alt.pl": "Lód", "text.pl": "a" * 1000}, "text.pl", "one message holds 824"),
    ({"picture": "zima.png", "alt.en": "Ice"}, "alt.pl", "Add it in Polish"),
    ({"picture": "brak.png", "alt.pl": "Lód"}, "picture", "This is there no more"),
    ({"button0": "quiz:gone"}, "button0", "This is there no more"),
    ({"button1": "tip:gone"}, "button1", "This is there no more"),
    ({"button2": "workshop:9"}, "button2", "This is there no more"),
    ({"button1": "url", "url1": "krakow.pl", "words1.pl": "Strona"}, "url1", "Write the whole address"),
    ({"button1": "url", "url1": "https://krakow.pl"}, "words1.pl", "needs words of its own"),
    ({"words2.pl": "Dokąd?"}, "button2", "Choose where it leads"),
    ({"button0": "quiz:czad", "words0.uk": "і" * 41}, "words0.uk", "This has 41 characters and 40 fit"),
    ({"window": "0"}, "window", "At least 1"),
    ({"window": "169"}, "window", "At most 168"),
    ({"window": "six"}, "window", "Write a whole number"),
    ({"window": "9" * 5000}, "window", "Write a whole number"),
    ({"booked": "9" * 5000}, "booked", "Choose from the list"),
    ({"districts": ["7", "19"]}, "districts", "At most 18"),
    ({"topics": ["space"]}, "topics", "Choose from the list"),
    ({"languages": ["de"]}, "languages", "Nobody here reads this language"),
    ({"active_days": "5", "silent_days": "9"}, "active_days", "Nobody meets both"),
    ({"quiz_taken": "czad", "quiz_not_taken": "czad"}, "quiz_not_taken", "Nobody has both finished"),
    ({"booked": "any", "not_booked": "any"}, "not_booked", "Nobody both holds places"),
    ({"booked": "9"}, "booked", "This is there no more"),
    ({"held_out": "51"}, "held_out", "At most 50"),
    ({"kind": "alert", "held_out": "5"}, "held_out", "An alert is kept from nobody"),
    ({"kind": "song"}, "kind", "Choose from the list"),
]


@pytest.mark.parametrize(("typed", "field", "said"), WRONG, ids=[f"{field}: {said}" for _, field, said in WRONG])
async def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(
    desk_world: Console, editor: Browser, typed: dict[str, Any], field: str, said: str
) -> None:
    await editor.get(f"{NEW}?template=jesien")
    page = await editor.submit(NEW, ("do", "submit"), **typed)

    assert page.status_code == 422
    assert await all_of(desk_world) == []
    (beside,) = [part for part in page.text.split('<p class="error" id="')[1:] if part.startswith(f"{field}-error")]
    assert said in beside.partition("</p>")[0]
    assert f'href="#{field}"' in page.text, "the summary leads to the field"
    (form,) = [one for one in forms(page.text) if one.action == NEW]
    for name, value in typed.items():
        known = [one for one in (value if isinstance(value, list) else [value]) if one not in ("space", "19", "song")]
        assert set(known) <= {shown for key, shown in form.fields if key == name}


# --- two editors


async def test_a_second_editors_save_is_shown_and_not_lost(desk_world: Console, editor: Browser) -> None:
    form = await saved(editor)
    second = await desk_world.browser(Role.ADMIN)
    await second.get(form)

    await editor.submit(form, ("do", "save"), **{"text.pl": "Theirs in Polish", "window": "5"})
    page = await second.submit(form, ("do", "save"), **{"text.pl": "Mine in Polish", "text.en": "Mine in English"})

    assert page.status_code == 409
    assert f"Somebody else has saved a change meanwhile: {NAMES[Role.EDITOR]}" in second.text
    for said in ("Text (Polski) Mine in Polish Theirs in Polish", "Text (English) Mine in English", "24 5"):
        assert said in second.text
    assert "Text (Українська)" not in second.text.partition("What people will see")[0].partition("Bold:")[0]
    assert (await stored(desk_world)).content["text"]["pl"] == "Theirs in Polish", (
        "nobody's work is written over unasked"
    )

    await second.submit(form, ("do", "take"), take=["text.pl", "window"])
    await second.submit(form, ("do", "save"))
    content = (await stored(desk_world)).content
    assert (content["text"]["pl"], content["text"]["en"], content["window"]) == (
        "Theirs in Polish",
        "Mine in English",
        5,
    )


async def test_one_may_save_over_the_others_version_knowingly(desk_world: Console, editor: Browser) -> None:
    form = await saved(editor)
    second = await desk_world.browser(Role.ADMIN)
    await second.get(form)
    await editor.submit(form, ("do", "save"), **{"text.pl": "Theirs"})
    await second.submit(form, ("do", "save"), **{"text.pl": "Mine"})
    await second.submit(form, ("do", "save"))
    assert (await stored(desk_world)).content["text"]["pl"] == "Mine"


# --- partners


async def test_a_partner_writes_their_own_and_sees_no_others(desk_world: Console, editor: Browser) -> None:
    await saved(editor)
    partner = await desk_world.browser(Role.PARTNER)
    for path in ("/console/campaigns/1/edit", "/console/campaigns/1/preview"):
        assert (await partner.get(path)).status_code == 404
    page = await partner.get(f"{NEW}?template=lato")
    (form,) = [one for one in forms(page.text) if one.action == NEW]
    assert (await partner.post("/console/campaigns/1/edit", [*form.fields, ("do", "save")])).status_code == 404
    await partner.post(NEW, [*form.fields, ("do", "submit")])
    assert (await stored(desk_world, 2)).state is CampaignState.IN_REVIEW
    assert (await partner.get("/console/campaigns/2/edit")).status_code == 200


async def test_a_partner_is_told_tens_of_residents_and_nothing_of_the_citys_campaigns(desk_world: Console) -> None:
    async with desk_world.database.begin() as conn:
        for number in range(23):
            await add_resident(conn, f"telegram:{number}", campaigns=number != 0, district=7)
        await members.add(conn, members.Member("Second", Role.APPROVER), NOON)
        await members.add(conn, members.Member("First", Role.EDITOR), NOON)
        city = await desk.create(conn, BOOKS, campaign(title={"pl": "Tajne"}), who="First", now=NOON, ask=True)
        await desk.approve(conn, city.id, who="Second", now=NOON)
        await desk.schedule(conn, city.id, OneOff(NOON), who="First", now=NOON)
    partner = await desk_world.browser(Role.PARTNER)
    said = await drawn(partner, "audience")
    assert "about 20 people would get it now" in said
    assert "22" not in said
    assert "did not agree" not in said
    assert "another campaign: starts at 1 Dec 2026, 12:00" in said
    assert "Tajne" not in said
    assert "fewer than 10 people would get it now" in await drawn(partner, "audience", districts=["9"])


# --- a test to oneself


async def test_a_test_goes_to_ones_own_chat_in_its_language(desk_world: Console, editor: Browser) -> None:
    form = await saved(editor)
    assert "A test has nowhere to go" in editor.text
    await link_chat(desk_world, Role.EDITOR)
    await editor.get(form)
    await editor.submit(form, ("do", "test"), **{"text.uk": "Перевірте датчик"})

    assert "The test went to your chat" in editor.text
    ((address, language, letter),) = desk_world.sent.letters
    assert (address.id, language) == ("5", "uk")
    assert "Перевірте датчик" in [block.texts["uk"] for block in letter.blocks if hasattr(block, "texts")]
    assert (await stored(desk_world)).state is CampaignState.DRAFT


async def test_a_test_sent_twice_arrives_once(desk_world: Console, editor: Browser) -> None:
    form = await saved(editor)
    await link_chat(desk_world, Role.EDITOR)
    page = await editor.get(form)
    (filled,) = [one for one in forms(page.text) if one.action == form]
    for _ in range(2):
        await editor.post(form, [*filled.fields, ("do", "test")])
    assert len(desk_world.sent.letters) == 1


async def test_a_test_that_does_not_arrive_says_why_and_what_was_typed_is_saved(tmp_path: Path) -> None:
    refusing = FakeSender(Unreachable())
    async with (
        open_database(tmp_path) as database,
        open_console(database, books=BOOKS, senders=lambda _: {"telegram": refusing}) as world,
    ):
        editor = await world.browser(Role.EDITOR)
        await link_chat(world, Role.EDITOR)
        await editor.get(f"{NEW}?template=jesien")
        page = await editor.submit(NEW, ("do", "test"), window="9")
        assert page.status_code == 422
        assert "The channel does not answer now" in editor.text

        await editor.submit("/console/campaigns/1/edit", ("do", "test"), window="8")
        assert "The test went to your chat" in editor.text
        assert [one.window_s for one in await all_of(world)] == [8 * 3600]


async def test_a_test_goes_to_matrix_through_the_channel_that_runs(tmp_path: Path) -> None:
    async with open_database(tmp_path) as database:
        homeserver = Matrix(database)
        ada = await homeserver.known(encrypted=True)
        async with (
            homeserver.running() as channel,
            open_console(database, books=BOOKS, senders=lambda _: {"matrix": channel}) as world,
        ):
            editor = await world.browser(Role.EDITOR)
            await link_chat(world, Role.EDITOR, f"matrix:{ada.name}")
            await saved(editor)
            await editor.get("/console/campaigns/1/preview")
            await editor.submit("/console/campaigns/1/test")
            assert "The test went to your chat" in editor.text
        (said,) = ada.bodies
        assert said.startswith("ПРОБА.")
        assert "Check your alarm (uk)" in said


async def test_who_may_not_write_still_sees_how_it_will_look_and_may_test(desk_world: Console, editor: Browser) -> None:
    await saved(editor)
    approver = await desk_world.browser(Role.APPROVER)
    await link_chat(desk_world, Role.APPROVER)
    await approver.get("/console/campaigns/1/preview")
    assert "Check your alarm (uk)" in approver.text
    assert "/console/campaigns/1/edit" not in (approver.page.text if approver.page else "")
    await approver.submit("/console/campaigns/1/test")
    assert len(desk_world.sent.letters) == 1


# --- while typing


async def drawn(browser: Browser, what: str, **changes: Any) -> str:
    """A fragment, as the script asks for it with the form as it stands."""
    await browser.get(f"{NEW}?template=jesien")
    assert browser.page is not None
    (form,) = [one for one in forms(browser.page.text) if one.action == NEW]
    data = [(key, old) for key, old in form.fields if key not in changes]
    data += [(name, one) for name, value in changes.items() for one in (value if isinstance(value, list) else [value])]
    page = await browser.post(f"/console/campaigns/{what}", data)
    assert page.status_code == 200
    return browser.text


async def test_the_audience_is_counted_while_it_is_built(desk_world: Console, editor: Browser) -> None:
    async with desk_world.database.begin() as conn:
        for number, district in enumerate((7, 8, 9, None)):
            await add_resident(conn, f"telegram:{number}", campaigns=True, district=district)
        await add_resident(conn, "telegram:4", district=7)
        await add_resident(conn, "web:1", campaigns=True)

    said = await drawn(editor, "audience")
    assert "2 people would get it now" in said
    assert "Telegram: 2 (25 a second)" in said
    for reason in (
        "another district, or none named 2",
        "did not agree to this kind 1",
        "in the browser only: cannot be written to first 1",
    ):
        assert reason in said
    assert "No other campaign is in its way" in said
    assert "3 people would get it now" in await drawn(editor, "audience", districts=["7", "8", "9"])
    assert await all_of(desk_world) == [], "nothing is stored"


async def test_a_time_is_tried_with_quiet_hours_and_what_is_wrong_is_said(desk_world: Console, editor: Browser) -> None:
    async with desk_world.database.begin() as conn:
        await add_resident(conn, "telegram:1", campaigns=True, district=7)
    said = await drawn(editor, "audience", try_at="2026-12-01T22:30")
    assert "Quiet hours hold it until 2 Dec 2026, 08:00" in said
    assert "clocks go forward over it" in await drawn(editor, "audience", try_at="2027-03-28T02:30")
    assert "Enter a date and a time" in await drawn(editor, "audience", try_at="0001-01-01T00:00", window="9" * 5000)
    said = await drawn(editor, "audience", active_days="5", silent_days="9")
    assert "Nobody meets both" in said
    assert "would get it" not in said


async def test_a_text_over_its_room_is_shown_and_said_in_words(desk_world: Console, editor: Browser) -> None:
    said = await drawn(editor, "preview", **{"text.en": "a" * 1300})
    assert "1300 of 1200 characters" in said
    assert "Too long by 100 characters" in said


async def test_a_button_to_a_workshop_is_shown_while_it_can_be_booked(desk_world: Console, editor: Browser) -> None:
    async with desk_world.database.begin() as conn:
        await add_workshop(conn)
    assert "See the workshop" in await drawn(editor, "preview", button1="workshop:1")
    desk_world.later(days=8)
    editor = await desk_world.browser(Role.ADMIN)
    assert "See the workshop" not in await drawn(editor, "preview", button1="workshop:1")


async def test_half_a_form_is_previewed_as_far_as_it_goes(desk_world: Console, editor: Browser) -> None:
    said = await drawn(
        editor,
        "preview",
        **{"text.pl": "", "text.uk": "", "text.en": "", "button0": "url", "url0": "no", "kind": "song"},
    )
    assert "Fewer of these" in said
    assert "Polish is missing" in await drawn(editor, "gaps", **{"text.pl": ""})


async def test_without_the_script_the_preview_button_shows_the_same(desk_world: Console, editor: Browser) -> None:
    await editor.get(f"{NEW}?template=jesien")
    page = await editor.submit(NEW, ("do", "preview"), **{"text.en": "<b>Hello</b> **you**"})
    assert page.status_code == 200
    assert "&lt;b&gt;Hello&lt;/b&gt; <strong>you</strong>" in page.text
    assert await all_of(desk_world) == []
