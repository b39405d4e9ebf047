"""Who comes to a workshop: the list with names, its files, one booking taken off, and who came.

Names and contacts are opened for whoever runs the workshop alone, and each opening is a line of the audit log.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from bot.domain.workshops import BookingState
from bot.services import rosters as service
from bot.services.rosters import NoSuchBooking, Roster
from bot.services.sheets import Cell, Sheet, as_csv, as_xlsx
from bot.storage import workshops as store
from bot.storage.database import Connection
from bot.web.console.fields import Trouble
from bot.web.console.visit import Change, Done, Route, Visit
from bot.web.console.workshop_parts import LARGEST, about, badge_of, find, url_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
STATES: Mapping[BookingState, str] = {
    BookingState.CONFIRMED: "workshops.state.confirmed",
    BookingState.WAITING: "workshops.state.waiting",
}
USED, SHOWN = "used_", "shown_"
"""Fields of a booking: how many places were used, and what the form showed when it was opened."""


async def _opened(visit: Visit, how: str) -> Roster:
    """The roster; that its names were opened stands in the log before anybody sees them."""
    async with visit.house.database.begin() as conn:
        workshop = await find(visit, conn)
        return await service.opened(
            conn, visit.house.tools.vault, workshop.id, who=visit.member.name, how=how, now=visit.now
        )


async def see(visit: Visit) -> Response:
    """Who comes and who waits."""
    return await _show(visit, None)


async def _show(visit: Visit, trouble: Trouble | None) -> Response:
    roster = await _opened(visit, "roster_opened")
    async with visit.house.database.read() as conn:
        numbers = await store.numbers_of(conn, roster.workshop.id)
    return visit.page(
        "roster.html",
        roster=roster,
        workshop=roster.workshop,
        numbers=numbers,
        badge=badge_of(visit, roster.workshop),
        is_open=roster.workshop.is_open(visit.now),
        is_counted=roster.workshop.is_counted(visit.now),
        is_erased=visit.now >= roster.workshop.erased_at(),
        typed={name: value for name, value in visit.fields.pairs if name.startswith(USED)} if trouble else {},
        trouble=trouble,
    )


async def print_sheet(visit: Visit) -> Response:
    """A page to print and sign."""
    roster = await _opened(visit, "roster_printed")
    return visit.page("roster_sheet.html", roster=roster, workshop=roster.workshop)


# --- files


async def csv_file(visit: Visit) -> Response:
    """The roster for a spreadsheet, as CSV."""
    sheet = await _sheet(visit)
    return visit.download(_file_name(visit, "csv"), as_csv(sheet), "text/csv; charset=utf-8")


async def xlsx_file(visit: Visit) -> Response:
    """The roster as a workbook."""
    sheet = await _sheet(visit)
    return visit.download(_file_name(visit, "xlsx"), as_xlsx(sheet), XLSX)


async def _sheet(visit: Visit) -> Sheet:
    roster = await _opened(visit, "roster_saved")
    return Sheet(
        title=_title(visit, roster),
        language=visit.language,
        headings=[
            visit.say(key)
            for key in (
                "workshops.roster.state",
                "workshops.roster.name",
                "workshops.roster.contact",
                "workshops.roster.places",
                "workshops.roster.came",
                "workshops.roster.booked_at",
            )
        ],
        rows=_rows(visit, roster),
        made_at=visit.now,
    )


def _rows(visit: Visit, roster: Roster) -> list[Sequence[Cell]]:
    words = visit.looks.words
    return [
        (
            visit.say(STATES[one.state]),
            one.name or "",
            one.contact or "",
            one.places,
            one.attended,
            words.moment(one.created_at, visit.language),
        )
        for one in roster.everybody
    ]


def _title(visit: Visit, roster: Roster) -> str:
    words = visit.looks.words
    title = roster.workshop.title.get(visit.language) or roster.workshop.title["pl"]
    return f"{title}, {words.moment(roster.workshop.starts_at, visit.language)}"


def _file_name(visit: Visit, kind: str) -> str:
    return f"{visit.say('workshops.roster.file')}-{visit.path['number']}.{kind}"


# --- changes


async def take_off(visit: Visit) -> Response:
    """Cancel one booking; they are told, and whoever waits moves up."""

    async def change(conn: Connection) -> Done:
        number, booking = (await find(visit, conn)).id, int(visit.path["booking"])
        if booking > LARGEST:
            raise NoSuchBooking
        gone = await service.take_off(conn, visit.house.tools.vault, number, booking, visit.now)
        before = {"state": gone.booking.state.value, "places": gone.booking.places}
        after = {"state": BookingState.CANCELLED.value, "told": gone.told, "moved_up": gone.moved_up}
        told = "booking_cancelled" if gone.told else "booking_cancelled_silently"
        return Done(url_of(number, "/roster"), told=told, log=Change("cancel_booking", about(number), before, after))

    return await visit.act(change, again=lambda trouble: _show(visit, trouble))


async def note_attended(visit: Visit) -> Response:
    """Note who came: what was changed on the form, or that all came."""

    async def change(conn: Connection) -> Done:
        workshop = await find(visit, conn)
        before = await store.numbers_of(conn, workshop.id)
        noted = await _noted(visit, conn, workshop.id)
        after = await service.note_attended(conn, workshop.id, noted, visit.now)
        log = Change("note_attended", about(workshop), _totals(before), _totals(after)) if noted else ()
        return Done(url_of(workshop, "/roster"), told="attendance_noted", log=log)

    return await visit.act(change, again=lambda trouble: _show(visit, trouble))


async def _noted(visit: Visit, conn: Connection, number: int) -> Mapping[int, int | None]:
    if "all" in visit.fields:
        return service.all_came(await service.load(conn, visit.house.tools.vault, number, visit.now))
    return changed_in(dict(visit.fields.pairs))


def changed_in(fields: Mapping[str, str]) -> dict[int, int | None]:
    """Bookings whose number is another than the form showed: two people at two doors undo nothing of each other's.

    Raises MoreThanBooked for what is no number.
    """
    changed = {}
    for name, typed in fields.items():
        number = name.removeprefix(USED)
        if name.startswith(USED) and number.isdecimal() and typed != fields.get(SHOWN + number, ""):
            changed[int(number)] = _count(typed)
    return changed


def _count(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) == 1):
        raise service.MoreThanBooked
    return int(text)


def _totals(numbers: store.Numbers | None) -> dict[str, Any]:
    return {"counted": numbers.counted, "attended": numbers.attended} if numbers else {}


ROUTES = (
    Route("GET", "/workshops/{number:int}/roster", "see_roster", see),
    Route("GET", "/workshops/{number:int}/roster/sheet", "see_roster", print_sheet),
    Route("GET", "/workshops/{number:int}/roster.csv", "see_roster", csv_file),
    Route("GET", "/workshops/{number:int}/roster.xlsx", "see_roster", xlsx_file),
    Route("POST", "/workshops/{number:int}/roster", "see_roster", note_attended),
    Route("POST", "/workshops/{number:int}/bookings/{booking:int}/cancel", "see_roster", take_off),
)
