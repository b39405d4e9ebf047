"""A campaign while it is written: the same rules as for files, and keeping what was written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalogue.documents import Document
from bot.catalogue.texts import Where
from bot.services import campaigns as desk
from bot.services import drafts, refusals
from bot.services.drafts import Fault
from bot.services.preview import fill_of
from bot.storage import staff
from bot.storage.database import Connection, Database
from bot.storage.staff import Member, Role
from scheduler.errors import StaleCampaign
from scheduler.model import Campaign, CampaignState
from tests.support import NOON, add_workshop, campaign, library, texts

BOOKS = replace(library(), pictures={"zima.png": b"\x89PNG\r\n\x1a\n", "text.png": b"no picture"})
NOW = NOON.replace(hour=14)


@pytest.fixture
async def team(database: Database) -> None:
    async with database.begin() as conn:
        await staff.add(conn, Member("ed", Role.EDITOR), NOON)
        await staff.add(conn, Member("eva", Role.EDITOR), NOON)


async def keep(
    conn: Connection,
    number: int | None,
    *,
    who: str = "ed",
    ask: bool = False,
    revision: int | None = None,
    **changes: Any,
) -> Campaign:
    content = campaign(**changes)
    return await drafts.keep(conn, BOOKS, number, content, who=who, now=NOW, revision=revision, ask=ask)


# --- the same rules

_LOCALISED = st.dictionaries(st.sampled_from(["pl", "uk", "en"]), st.sampled_from(["Lód", "a" * 900]), min_size=1)
_CHANGES = st.fixed_dictionaries(
    {"title": st.dictionaries(st.sampled_from(["pl", "uk"]), st.just("Lód"), min_size=1), "text": _LOCALISED},
    optional={
        "picture": st.fixed_dictionaries(
            {
                "file": st.sampled_from(["zima.png", "text.png", "brak.png"]),
                "alt": st.sampled_from([{"pl": "Lód"}, {"en": "Ice"}]),
            }
        ),
        "buttons": st.lists(
            st.sampled_from([{"quiz": "czad"}, {"quiz": "brak"}, {"tip": "czujka"}, {"tip": "brak"}]), max_size=3
        ),
        "audience": st.fixed_dictionaries(
            {},
            optional={
                "quiz_taken": st.sampled_from(["czad", "brak"]),
                "languages": st.sampled_from([["pl"], ["pl", "de"]]),
            },
        ),
    },
)


def _in_a_file(fault: Fault) -> Where:
    """A missing text of a picture is told of at the picture; a form has a field for it."""
    return fault.where[:1] if fault.name == "polish" else fault.where


@settings(deadline=None)
@given(_CHANGES)
def test_a_form_is_refused_exactly_where_a_file_is(changes: dict[str, Any]) -> None:
    content = campaign(**changes)
    file = Document(Path("c.yaml"), content, content.model_dump_json(exclude_none=True).encode())
    told = [file.place(*_in_a_file(fault)) for fault in drafts.faults(content, BOOKS)]
    assert sorted(told) == sorted((one.line, one.column) for one in refusals.in_file(file, BOOKS))


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"buttons": [{"quiz": "czad"}, {"workshop": 99}]}, ("buttons", 1, "workshop")),
        ({"audience": {"booked": 99}}, ("audience", "booked")),
        ({"audience": {"not_booked": 99}}, ("audience", "not_booked")),
    ],
)
@pytest.mark.usefixtures("team")
async def test_a_workshop_that_is_not_there_is_a_fault(database: Database, changes: dict[str, Any], where: Any) -> None:
    async with database.begin() as conn:
        here = await add_workshop(conn)
        values = campaign(**changes).model_dump(mode="json", exclude_none=True)
        assert await drafts.read(conn, BOOKS, values) == (Fault("gone", where),)
        there = campaign(buttons=[{"workshop": here}], audience={"booked": here})
        assert await drafts.read(conn, BOOKS, there.model_dump(mode="json")) == there


# --- keeping


@pytest.mark.usefixtures("team")
async def test_a_draft_goes_to_review_when_asked_and_not_by_being_complete(database: Database) -> None:
    async with database.begin() as conn:
        kept = await keep(conn, None)
        assert kept.state is CampaignState.DRAFT
        again = await keep(conn, kept.id, revision=kept.revision, text=texts("Other"))
        assert again.state is CampaignState.DRAFT
        asked = await keep(conn, kept.id, revision=again.revision, text=texts("Other"), ask=True)
        assert (asked.state, asked.content["text"]) == (CampaignState.IN_REVIEW, texts("Other"))


@pytest.mark.usefixtures("team")
async def test_the_same_again_changes_nothing(database: Database) -> None:
    async with database.begin() as conn:
        kept = await keep(conn, None, ask=True)
        assert await keep(conn, kept.id, who="eva", revision=kept.revision, ask=True) == kept


@pytest.mark.usefixtures("team")
async def test_whoever_comes_second_is_told_who_was_quicker(database: Database) -> None:
    async with database.begin() as conn:
        kept = await keep(conn, None)
        assert await drafts.rival(conn, kept.id, kept.revision) is None
        newer = await keep(conn, kept.id, who="eva", revision=kept.revision, text=texts("Eva's"))
        with pytest.raises(StaleCampaign):
            await keep(conn, kept.id, revision=kept.revision, text=texts("Ed's"))
        with pytest.raises(StaleCampaign):  # although it says the same
            await keep(conn, kept.id, revision=kept.revision, text=texts("Eva's"))
        rival = await drafts.rival(conn, kept.id, kept.revision)
        assert rival == drafts.Rival(newer, "eva", NOW)


@pytest.mark.usefixtures("team")
async def test_a_partner_has_only_what_they_wrote(database: Database) -> None:
    async with database.begin() as conn:
        await staff.add(conn, Member("ngo", Role.PARTNER), NOON)
        theirs = await keep(conn, None, who="ngo")
        citys = await keep(conn, None)
        await keep(conn, theirs.id, text=texts("The city mends it"))
        partner = Member("ngo", Role.PARTNER)
        assert await drafts.is_theirs(conn, theirs.id, partner)
        assert not await drafts.is_theirs(conn, citys.id, partner)
        assert await drafts.is_theirs(conn, theirs.id, Member("ed", Role.EDITOR))
        with pytest.raises(desk.NotYourCampaign):
            await keep(conn, citys.id, who="ngo", text=texts("Ours"))


# --- what can be seen already


def test_a_sketch_shows_what_is_right_and_leaves_out_the_rest() -> None:
    values = {
        "kind": "song",
        "title": {},
        "text": {"uk": "Лід"},
        "buttons": [{"url": "no", "text": {"pl": "Zobacz"}}, {"quiz": "czad"}],
        "audience": {"held_out": "much"},
        "picture": {"file": "zima.png", "alt": {}},
    }
    sketch = drafts.sketch(BOOKS, values)
    assert [button.quiz for button in sketch.buttons] == ["czad"]
    assert (sketch.text, sketch.picture, sketch.audience.held_out) == ({"uk": "Лід"}, None, 0)
    assert drafts.gaps(BOOKS, sketch)["pl"] == (("title",), ("text",))
    assert drafts.gaps(BOOKS, sketch)["uk"] == (("title",),)


def test_gaps_name_each_text_that_would_be_read_in_polish() -> None:
    picture = {"file": "zima.png", "alt": {"pl": "Lód", "uk": "Лід"}}
    buttons = [{"quiz": "czad"}, {"url": "https://krakow.pl", "text": {"pl": "Zobacz", "en": "Look"}}]
    content = campaign(picture=picture, buttons=buttons, audience={"languages": ["pl", "uk", "en"]})
    assert drafts.gaps(BOOKS, content) == {"uk": (("buttons", 1, "text"),), "en": (("picture", "alt"),)}
    assert (
        drafts.gaps(BOOKS, content.model_copy(update={"audience": campaign(audience={"languages": ["pl"]}).audience}))
        == {}
    )


@pytest.mark.parametrize(
    ("text", "pictured", "used", "most"),
    [
        ("**Lód**", False, 5, 1200),  # its markup is not shown
        ("Lód", True, 5, 824),
        ("**a**" * 300, False, 1500, 1200),  # the file's own limit counts everything
    ],
)
def test_how_much_of_its_room_a_text_takes(text: str, pictured: bool, used: int, most: int) -> None:
    picture = {"file": "zima.png", "alt": texts("Ice")} if pictured else None
    fill = fill_of(campaign(picture=picture), text)
    assert (fill.used, fill.most, fill.is_over) == (used, most, used > most)
