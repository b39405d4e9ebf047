"""A workshop in the console, from its plan to who came; and what a partner never sees."""

import csv
import re
from datetime import timedelta
from io import BytesIO, StringIO

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from bot.dialogue.actions import encode
from bot.dialogue.engine import Engine
from bot.domain import actions as do
from bot.domain.messages import Event, Input, Press, Text
from bot.domain.residents import Address
from bot.domain.workshops import BookingState, Workshop
from bot.services import staff
from bot.storage import workshops
from bot.storage.staff import Member, Role
from bot.storage.tables import audit
from scheduler import ledger
from tests.support import NOON, VAULT, add_resident, add_workshop, book
from tests.web.console.world import NAMES, Browser, Console, forms

FORM = {
    "area": "road",
    "title_pl": "Rower bez stłuczki",
    "title_uk": "Велосипед без аварій",
    "about_pl": "Jeździmy po placu.",
    "place": "Plac Przykładowy 1",
    "starts": "2026-12-01T13:00",
    "ends": "2026-12-01T15:00",
    "capacity": "1",
}


async def plan(browser: Browser, **changes: str) -> httpx.Response:
    await browser.get("/console/workshops/new")
    return await browser.submit("/console/workshops/new", None, **(FORM | changes))


async def workshop(console: Console, number: int) -> Workshop:
    async with console.database.read() as conn:
        found = await workshops.get(conn, number)
    assert found
    return found


def csrf_of(page: httpx.Response | None) -> str:
    assert page
    return dict(forms(page.text)[0].fields)["csrf"]


async def log(console: Console) -> list[tuple[str, str, str]]:
    async with console.database.read() as conn:
        rows = await conn.execute(select(audit.c.who, audit.c.what, audit.c.about).order_by(audit.c.id))
        return [(who, what, about) for who, what, about in rows]


async def books(console: Console, chat: str, name: str) -> None:
    """A resident takes a place, pressing and typing as in the chat."""
    engine = Engine(console.database, console.house.shelf, console.house.tools, console.house.clock)
    says: list[Input] = [
        Press(encode(do.Book(1, 1))),
        Text(name),
        Text("600 100 200"),
        Press(encode(do.ConfirmBooking(1))),
    ]
    for place, said in enumerate(says):
        await engine.turn(Event(Address("telegram", chat), f"{chat}:{place}", said, "pl"))


async def test_from_a_plan_to_who_came(console: Console) -> None:
    browser = await console.browser(Role.ORGANISER)
    await plan(browser)
    assert "It is open for booking." in browser.text
    assert "0 of 1 Places taken" in browser.text

    # repeated, over the change of the clock, after a look at the dates
    await browser.get("/console/workshops/1/repeat?every=month&count=4&on=2026-12-24&on=")
    assert "Thursday, 24 December, 13:00–15:00 (2026)" in browser.text
    await browser.submit("/console/workshops/1/copies", day=["2026-12-24", "2027-04-13"])
    assert "The new dates are open for booking." in browser.text
    assert "24 Dec 2026, 13:00" in browser.text
    assert "13 Apr 2027, 13:00" in browser.text
    assert (await workshop(console, 3)).title["uk"] == "Велосипед без аварій"

    # two residents book: one place, one waits
    await books(console, "1", "=Ada")
    await books(console, "2", "Żaneta")
    await browser.get("/console/workshops/1/roster")
    assert "1 =Ada 600 100 200 1" in browser.text
    assert "Wait, in this order" in browser.text

    # an hour later it begins
    console.later(hours=1, minutes=10)
    await browser.get("/console/workshops/1/roster")
    await browser.submit("/console/workshops/1/roster", ("all", "yes"))
    assert "Attendance is saved." in browser.text
    assert "Attendance: 1 of 1." in browser.text

    saved = await browser.client.get("/console/workshops/1/roster.xlsx")
    rows = [[cell.value for cell in row] for row in load_workbook(BytesIO(saved.content)).active.iter_rows()]
    assert [row[:5] for row in rows] == [
        ["State", "Name", "Contact", "Places", "Came"],
        ["has places", "=Ada", "600 100 200", 1, 1],
        ["waits", "Żaneta", "600 100 200", 1, None],
    ]
    text = (await browser.client.get("/console/workshops/1/roster.csv")).content.decode("utf-8-sig")
    assert [row[1] for row in csv.reader(StringIO(text), delimiter=";")] == ["Name", "'=Ada", "Żaneta"]
    sheet = await browser.get("/console/workshops/1/roster/sheet")
    assert "=Ada" in sheet.text
    assert "600 100 200" not in sheet.text

    did = [(what, about) for _, what, about in await log(console) if about.startswith("workshop:")]
    assert did == [
        ("create", "workshop:1"),
        ("create", "workshop:2"),
        ("create", "workshop:3"),
        ("roster_opened", "workshop:1"),
        ("roster_opened", "workshop:1"),
        ("note_attended", "workshop:1"),
        ("roster_opened", "workshop:1"),
        ("roster_saved", "workshop:1"),
        ("roster_saved", "workshop:1"),
        ("roster_printed", "workshop:1"),
    ]


async def test_of_two_who_save_the_second_is_shown_what_changed_and_loses_nothing(console: Console) -> None:
    one, other = await console.browser(Role.ORGANISER), await console.browser(Role.ADMIN)
    await plan(one)
    for browser in (one, other):
        await browser.get("/console/workshops/1/edit")
    await one.submit("/console/workshops/1/edit", place="Sala A")

    page = await other.submit("/console/workshops/1/edit", place="Sala B", title_en="A bike, no bruises")

    assert page.status_code == 422
    assert "Somebody else changed this workshop meanwhile." in other.text
    assert "Place Sala A Sala B" in other.text
    assert (await workshop(console, 1)).place == "Sala A"
    await other.submit("/console/workshops/1/edit")  # what was typed still stands in the form
    saved = await workshop(console, 1)
    assert (saved.place, saved.title["en"], saved.revision) == ("Sala B", "A bike, no bruises", 2)


async def test_a_new_place_is_told_to_those_who_booked_unless_it_is_unticked(console: Console) -> None:
    browser = await console.browser(Role.ORGANISER)
    await plan(browser)
    await books(console, "1", "Ada")
    await browser.get("/console/workshops/1/edit")
    assert "1 person is told." in browser.text
    assert 'role="status"' not in (browser.page.text if browser.page else "")
    await browser.submit("/console/workshops/1/edit", place="Sala A", tell=None)
    assert "The changes are saved." in browser.text
    await browser.get("/console/workshops/1/edit")
    await browser.submit("/console/workshops/1/edit", place="Sala B")
    assert "The changes are saved. Those who booked or wait are told." in browser.text
    await browser.get("/console/workshops/1/edit")
    page = await browser.submit("/console/workshops/1/edit", capacity="0", tell=None)
    assert page.status_code == 422
    assert 'name="tell" value="yes" checked' not in page.text
    async with console.database.read() as conn:
        assert [run.subject for run in await ledger.list_runs(conn)] == ["changed:1"]


async def test_a_form_that_is_sent_twice_plans_one_workshop(console: Console) -> None:
    browser = await console.browser(Role.ORGANISER)
    await browser.get("/console/workshops/new")
    (blank,) = [form for form in forms(browser.page.text if browser.page else "") if "new" in form.action]
    filled = dict(blank.fields) | FORM
    pages = [await browser.post("/console/workshops/new", filled) for _ in range(2)]
    assert [str(page.url.path) for page in pages] == ["/console/workshops/1"] * 2
    assert (await browser.get("/console/workshops/2")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"title_pl": ""}, "title_pl"),
        ({"about_uk": "x" * 361}, "about_uk"),
        ({"starts": "tomorrow"}, "Give a day and a time."),
        ({"starts": "2027-03-28T02:30", "ends": "2027-03-28T04:00"}, "There is no such time"),
        ({"starts": "2027-10-31T02:30", "ends": "2027-10-31T04:00"}, "This time comes twice"),
        ({"ends": "2026-12-01T13:00"}, "It should end after it starts, at most 3 days later."),
        ({"ends": "2026-12-09T13:00"}, "It should end after it starts"),
        ({"starts": "2026-11-30T13:00", "ends": "2026-11-30T15:00"}, "Choose a later start."),
        ({"capacity": "0"}, "capacity"),
        ({"capacity": "many"}, "capacity"),
        ({"district": "19"}, "district"),
        ({"area": "sea"}, "area"),
    ],
)
async def test_what_is_wrong_is_said_beside_what_was_typed(
    console: Console, changes: dict[str, str], told: str
) -> None:
    browser = await console.browser(Role.ORGANISER)
    page = await plan(browser, **changes)
    assert page.status_code == 422
    assert told in browser.text or f'id="{told}-error"' in page.text
    assert 'value="Plac Przykładowy 1"' in page.text
    assert (await browser.get("/console/workshops/1")).status_code == 404


async def test_a_booking_is_cancelled_for_somebody_and_the_next_moves_up(console: Console) -> None:
    browser = await console.browser(Role.ORGANISER)
    await plan(browser)
    await books(console, "1", "Ada")
    await books(console, "2", "Bob")
    await browser.get("/console/workshops/1/roster")
    await browser.submit("/console/workshops/1/bookings/1/cancel")
    assert "The booking is cancelled. The person is told." in browser.text
    assert "Ada" not in browser.text
    async with console.database.read() as conn:
        bob = await workshops.booking_of(conn, VAULT, 1, 2)
        told = {run.subject for run in await ledger.list_runs(conn)}
    assert bob
    assert bob.state is BookingState.CONFIRMED
    assert told == {"cancelled:1:1", "moved:1:2"}
    page = await browser.submit("/console/workshops/1/bookings/2/cancel")
    page = await browser.post("/console/workshops/1/bookings/2/cancel", {"csrf": csrf_of(page), "key": "another"})
    assert page.status_code == 422
    assert "This booking is not on the roster any more." in browser.text


async def test_two_count_at_two_doors_and_undo_nothing_of_each_others(console: Console) -> None:
    one, other = await console.browser(Role.ORGANISER), await console.browser(Role.ADMIN)
    async with console.database.begin() as conn:
        number = await add_workshop(conn, starts_at=NOON)
        for chat in range(2):
            await book(conn, number, (await add_resident(conn, f"telegram:{chat}")).id, places=3)
    for browser in (one, other):
        await browser.get("/console/workshops/1/roster")
    await one.submit("/console/workshops/1/roster", used_1="2")
    await other.submit("/console/workshops/1/roster", used_2="3")
    assert "Attendance: 5 of 6." in other.text
    page = await other.submit("/console/workshops/1/roster", used_2="4")
    assert page.status_code == 422
    assert "No more people can have come on a booking than it has places." in other.text


async def test_once_the_names_are_due_to_go_nobody_reads_them(console: Console) -> None:
    async with console.database.begin() as conn:
        number = await add_workshop(conn, starts_at=NOON - timedelta(days=31))
        await book(conn, number, (await add_resident(conn)).id)
    browser = await console.browser(Role.ORGANISER)
    for path in ("roster", "roster/sheet", "roster.csv"):
        page = await browser.get(f"/console/workshops/1/{path}")
        assert page.status_code == 200
        assert "Somebody" not in page.text
    assert [what for _, what, _ in await log(console) if what.startswith("roster")] == []


async def test_a_message_is_shown_as_it_will_be_read_and_then_sent_once(console: Console) -> None:
    browser = await console.browser(Role.ORGANISER)
    async with console.database.begin() as conn:
        number = await add_workshop(conn)
        await book(conn, number, (await add_resident(conn, "telegram:1")).id)
        await book(conn, number, (await add_resident(conn, "web:1")).id)
    await browser.get("/console/workshops/1/message")
    assert "1 person cannot be told" in browser.text
    assert "have places: 1 person" in browser.text
    (form,) = [one for one in forms(browser.page.text if browser.page else "") if one.action.endswith("/message")]
    typed = dict(form.fields) | {"text_pl": "Weź **kask** & światła.", "text_uk": "Шолом."}

    page = await browser.post("/console/workshops/1/message/look", typed)
    assert "<strong>kask</strong> &amp; światła." in page.text
    assert "No translation: the Polish text." in browser.text
    assert (await browser.post("/console/workshops/1/message", typed | {"text_pl": ""})).status_code == 422
    assert "Write the Polish text" in browser.text

    for _ in range(2):
        await browser.post("/console/workshops/1/message", typed)
        assert "The message is on its way." in browser.text
    async with console.database.read() as conn:
        (run,) = await ledger.list_runs(conn)
    assert (run.subject, run.audience) == ("workshop_message:1", 1)


async def test_calling_off_tells_those_who_booked(console: Console) -> None:
    browser = await console.browser(Role.ORGANISER)
    await plan(browser)
    await books(console, "1", "Ada")
    await browser.get("/console/workshops/1")
    await browser.submit("/console/workshops/1/call-off")
    assert "The workshop is called off." in browser.text
    assert (await workshop(console, 1)).cancelled_at == console.now
    page = await browser.post("/console/workshops/1/call-off", {"csrf": csrf_of(browser.page), "key": "another"})
    assert page.status_code == 422
    assert "This workshop has begun, or was called off." in browser.text


# --- walls


async def test_a_partner_sees_and_runs_their_own_alone(console: Console) -> None:
    partner, organiser = await console.browser(Role.PARTNER), await console.browser(Role.ORGANISER)
    async with console.database.begin() as conn:
        await staff.enrol(conn, Member("Another partner", Role.PARTNER), NOON)
        await add_workshop(conn, owner="Another partner")
        await add_workshop(conn)
        ada = await add_resident(conn)
        for number in (1, 2):
            await book(conn, number, ada.id)
    await plan(partner, title_en="Ours")
    page = await partner.get("/console/workshops")
    assert "Ours" in page.text
    assert "First aid" not in page.text
    pages = ["", "/edit", "/repeat", "/message", "/roster", "/roster/sheet", "/roster.csv", "/roster.xlsx"]
    for number, status in ((1, 404), (2, 404), (3, 200)):
        for path in pages:
            page = await partner.get(f"/console/workshops/{number}{path}")
            assert page.status_code == status, (number, path)
            assert number == 3 or "Somebody" not in page.text
    token = csrf_of(await partner.get("/console/workshops/3"))
    before = await workshop(console, 1)
    steps = ["edit", "copies", "message", "message/look", "message/letters", "call-off", "roster", "bookings/1/cancel"]
    filled = FORM | {"day": "2027-01-05", "text_pl": "Tak", "revision": "0", "used_1": "1", "csrf": token}
    for step in steps:
        page = await partner.post(f"/console/workshops/1/{step}", filled | {"key": step})
        assert page.status_code == 404, step
    assert await workshop(console, 1) == before
    own = await partner.post("/console/workshops/3/owner", filled | {"key": "owner", "owner": "Another partner"})
    assert own.status_code == 422
    assert (await workshop(console, 3)).owner == NAMES[Role.PARTNER]

    # the city hands one over
    await organiser.get("/console/workshops/2")
    await organiser.submit("/console/workshops/2/owner", owner=NAMES[Role.PARTNER])
    assert (await partner.get("/console/workshops/2/roster")).status_code == 200
    assert "Somebody" in partner.text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.APPROVER])
async def test_who_only_looks_reads_no_names(console: Console, role: Role) -> None:
    async with console.database.begin() as conn:
        number = await add_workshop(conn)
        await book(conn, number, (await add_resident(conn)).id, places=2)
    browser = await console.browser(role)
    page = await browser.get("/console/workshops/1")
    assert "2 of 10 Places taken" in browser.text
    assert "/roster" not in page.text
    for path in ("roster", "roster.csv", "roster.xlsx", "roster/sheet", "edit", "message"):
        page = await browser.get(f"/console/workshops/1/{path}")
        assert page.status_code == 403
        assert "Somebody" not in page.text


async def test_a_long_list_is_read_a_page_at_a_time(console: Console) -> None:
    async with console.database.begin() as conn:
        for place in range(60):
            at = NOON + timedelta(days=1 + place // 7)  # some begin together
            await add_workshop(conn, starts_at=at, title={"pl": f"W{place:02}"}, area="cyber" if place % 2 else "road")
    browser = await console.browser(Role.VIEWER)
    for query, wanted in (("", range(60)), ("?area=cyber", range(1, 60, 2))):
        address, seen = f"/console/workshops{query}", []
        while address:
            page = await browser.get(address)
            seen += re.findall(r">W(\d\d)<", page.text)
            further = re.search(r'href="(/console/workshops\?[^"]*after=[^"]+)"', page.text)
            address = further[1].replace("&amp;", "&") if further else ""
        assert [int(one) for one in seen] == list(wanted)


@pytest.mark.parametrize("query", ["?after=x", "?after=2026-12-01_1", "?after=2026-12-01T00:00:00%2B00:00_99999999999"])
async def test_an_address_changed_by_hand_breaks_nothing(console: Console, query: str) -> None:
    browser = await console.browser(Role.VIEWER)
    assert (await browser.get(f"/console/workshops{query}")).status_code == 200
    assert (await browser.get("/console/workshops?area=sea&when=never")).status_code == 200
    assert (await browser.get(f"/console/workshops/{10**30}")).status_code == 404


@pytest.mark.parametrize(
    "query", ["every=week&count=27", "every=week&count=x", "every=never", "every=week&count=²", "every=&on=yesterday"]
)
async def test_dates_that_cannot_be_are_said_so(console: Console, query: str) -> None:
    async with console.database.begin() as conn:
        await add_workshop(conn)
    browser = await console.browser(Role.ORGANISER)
    page = await browser.get(f"/console/workshops/1/repeat?{query}")
    assert page.status_code == 422
    assert "/copies" not in page.text
