"""Workshops: the list, the details, and a booking in four short steps."""

import re
from typing import assert_never

from bot.dialogue.scenes.parts import MENU, button, grid
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.errors import StaleAction, WorkshopClosed
from bot.domain.messages import Block, Button, Phrase, Plain, Row, Screen, say
from bot.domain.workshops import MOST_PLACES, Booking, BookingState, Workshop
from bot.services import broadcasts
from bot.services import enrolment as service
from bot.services.blocks import workshop_details
from bot.services.enrolment import Enrolment
from bot.storage import workshops as store

NAME = "booking-name"
CONTACT = "booking-contact"
PER_PAGE = 5
SHORTEST = 2
_MAIL = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
_DIGITS = range(9, 16)
"""Polish telephone numbers have 9 digits, international ones up to 15 (ITU-T E.164)."""


async def listing(turn: Turn, action: do.Workshops) -> Screen:
    """What can be gone to, soonest first."""
    page = max(0, min(action.page, 1000))
    there = await store.upcoming(turn.conn, turn.now, limit=PER_PAGE + 1, offset=page * PER_PAGE)
    if not there and page:
        return await turn.go(do.Workshops())
    if not there:
        return Screen(
            blocks=(say("workshop.none"),),
            rows=((button("consent.settings", do.Consents()), button("workshop.mine", do.MyBookings())), MENU),
        )
    turning: list[Button] = []
    if page:
        turning.append(button("page.before", do.Workshops(page - 1)))
    if len(there) > PER_PAGE:
        turning.append(button("page.after", do.Workshops(page + 1)))
    rows: list[Row] = [(Button(_when_and_what(one), do.ShowWorkshop(one.id)),) for one in there[:PER_PAGE]]
    rows += [tuple(turning)] if turning else []
    return Screen(blocks=(say("workshop.choose"),), rows=(*rows, (button("workshop.mine", do.MyBookings()), *MENU)))


def _when_and_what(workshop: Workshop) -> Phrase:
    return say("workshop.line", date=workshop.starts_at.date(), title=Plain(workshop.title))


async def details(turn: Turn, action: do.ShowWorkshop) -> Screen:
    """A workshop, its free places, and the ways into it."""
    enrolment = await service.look(turn.conn, turn.tools.vault, turn.resident, action.workshop)
    workshop = enrolment.workshop
    blocks: list[Block] = [workshop_details(workshop)]
    rows: list[Row] = []
    if not workshop.is_open(turn.now):
        blocks.append(say("workshop.called_off" if workshop.cancelled_at else "workshop.over"))
    elif enrolment.booking and enrolment.booking.state in (BookingState.CONFIRMED, BookingState.WAITING):
        blocks.append(_standing(turn, enrolment.booking))
        rows.append((button("workshop.cancel", do.CancelBooking(workshop.id)),))
    else:
        free = workshop.free
        blocks.append(say("workshop.free", n=free) if free else say("workshop.full"))
        blocks.append(say("workshop.how_many"))
        places = [
            Button(say("workshop.places", n=count), do.Book(workshop.id, count)) for count in range(1, MOST_PLACES + 1)
        ]
        rows += grid(places, 3)
    return Screen(blocks=tuple(blocks), rows=(*rows, (button("back", do.Workshops()), *MENU)))


def _standing(turn: Turn, booking: Booking) -> Phrase:
    """How the booking stands, and what to expect of us."""
    key = f"workshop.{booking.state.value}"
    return say(key if turn.resident.can_be_written_to else f"{key}.silent", n=booking.places)


# --- booking


async def book(turn: Turn, action: do.Book) -> Screen:
    """So many places, please; the name and contact are asked next."""
    enrolment = await service.draft(
        turn.conn, turn.tools.vault, turn.resident, action.workshop, places=action.places, now=turn.now
    )
    return _step(turn, enrolment)


async def correct(turn: Turn, action: do.CorrectBooking) -> Screen:
    """The name and the contact once more."""
    return _step(turn, await service.correct(turn.conn, turn.tools.vault, turn.resident, action.workshop, now=turn.now))


async def show_booking(turn: Turn, action: do.ShowBooking) -> Screen:
    """Where a booking stands."""
    return _step(turn, await _look(turn, action.workshop), again=action.again)


async def _look(turn: Turn, workshop: int) -> Enrolment:
    return await service.look(turn.conn, turn.tools.vault, turn.resident, workshop)


def _step(turn: Turn, enrolment: Enrolment, *, again: bool = False) -> Screen:
    """What is asked next, perhaps once more: the name, the contact, whether all is right; or how it ended."""
    booking, workshop = enrolment.booking, enrolment.workshop
    if booking is None:
        raise StaleAction
    here = do.ShowBooking(workshop.id, again)
    match booking.state:
        case BookingState.CONFIRMED | BookingState.WAITING:
            return _booked(turn, workshop, booking)
        case BookingState.CANCELLED:
            return _given_back(workshop)
        case BookingState.DRAFT:
            pass
        case _:
            assert_never(booking.state)
    leave = (button("workshop.leave", do.ShowWorkshop(workshop.id)),)
    if booking.name is None:
        ask = (
            say("workshop.name_again", most=service.LONGEST_NAME)
            if again
            else say("workshop.ask_name", n=booking.places)
        )
        field, awaits = say("workshop.name_field"), f"{NAME}:{workshop.id}"
        return Screen(blocks=(ask,), rows=(leave,), here=here, asks=field, awaits=awaits)
    if booking.contact is None:
        ask = say("workshop.contact_again" if again else "workshop.ask_contact")
        field, awaits = say("workshop.contact_field"), f"{CONTACT}:{workshop.id}"
        return Screen(blocks=(ask,), rows=(leave,), here=here, asks=field, awaits=awaits)
    summary = say("workshop.summary", n=booking.places, name=booking.name, contact=booking.contact)
    full = (say("workshop.will_wait"),) if booking.places > workshop.free else ()
    return Screen(
        blocks=(workshop_details(workshop), summary, *full),
        rows=(
            (button("workshop.confirm", do.ConfirmBooking(workshop.id)),),
            (button("workshop.correct", do.CorrectBooking(workshop.id)), *leave),
        ),
        here=here,
    )


def _booked(turn: Turn, workshop: Workshop, booking: Booking) -> Screen:
    return Screen(
        blocks=(_standing(turn, booking), workshop_details(workshop), say("workshop.erased")),
        rows=(
            (button("workshop.mine", do.MyBookings()), button("workshop.cancel", do.CancelBooking(workshop.id))),
            MENU,
        ),
        here=do.ShowBooking(workshop.id),
    )


def _given_back(workshop: Workshop) -> Screen:
    return Screen(
        blocks=(say("workshop.cancelled", title=Plain(workshop.title)),),
        rows=((button("home.workshops", do.Workshops()),), MENU),
        here=do.ShowBooking(workshop.id),
    )


async def name_typed(turn: Turn, about: str, text: str) -> Screen:
    """The name for a booking."""
    name = _one_line(text)
    if not SHORTEST <= len(name) <= service.LONGEST_NAME:
        return await turn.go(do.ShowBooking(int(about), again=True))
    return _step(
        turn, await service.note(turn.conn, turn.tools.vault, turn.resident, int(about), now=turn.now, name=name)
    )


async def contact_typed(turn: Turn, about: str, text: str) -> Screen:
    """The telephone number or e-mail address for a booking."""
    contact = _one_line(text)
    if not _is_contact(contact):
        return await turn.go(do.ShowBooking(int(about), again=True))
    return _step(
        turn, await service.note(turn.conn, turn.tools.vault, turn.resident, int(about), now=turn.now, contact=contact)
    )


def _one_line(text: str) -> str:
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _is_contact(text: str) -> bool:
    """Whether somebody can be reached by it: there is an e-mail address in it, or as many digits as in a number."""
    digits = sum(character.isdecimal() for character in text)
    return len(text) <= service.LONGEST_CONTACT and (bool(_MAIL.search(text)) or digits in _DIGITS)


async def confirm(turn: Turn, action: do.ConfirmBooking) -> Screen:
    """Take the places, or join the waiting list."""
    try:
        enrolment = await service.confirm(turn.conn, turn.tools.vault, turn.resident, action.workshop, now=turn.now)
    except WorkshopClosed:
        return await turn.go(do.ShowWorkshop(action.workshop))
    return _step(turn, enrolment)


async def cancel(turn: Turn, action: do.CancelBooking) -> Screen:
    """Give places back, once it is sure; whoever moves up is told."""
    enrolment = await _look(turn, action.workshop)
    if enrolment.booking is None:
        raise StaleAction
    if action.sure:
        await broadcasts.cancel_booking(turn.conn, turn.tools.vault, turn.resident, action.workshop, now=turn.now)
    elif enrolment.booking.state is not BookingState.CANCELLED:
        return _sure(enrolment.workshop)
    return await turn.go(do.ShowBooking(action.workshop))


def _sure(workshop: Workshop) -> Screen:
    yes, no = do.CancelBooking(workshop.id, sure=True), do.ShowWorkshop(workshop.id)
    return Screen(
        blocks=(say("workshop.cancel_sure", title=Plain(workshop.title)),),
        rows=((button("workshop.cancel_yes", yes), button("workshop.cancel_no", no)), MENU),
    )


async def mine(turn: Turn, action: do.MyBookings) -> Screen:  # noqa: ARG001 - every scene takes its action
    """This resident's bookings that are still to come."""
    rows: list[Row] = []
    for booking in await store.bookings_of_resident(turn.conn, turn.tools.vault, turn.resident.id):
        workshop = await store.get(turn.conn, booking.workshop_id)
        held = booking.state in (BookingState.CONFIRMED, BookingState.WAITING)
        if workshop and held and workshop.is_open(turn.now):
            rows.append((Button(_when_and_what(workshop), do.ShowWorkshop(workshop.id)),))
    lead = say("workshop.your_bookings") if rows else say("workshop.no_bookings")
    return Screen(blocks=(lead,), rows=(*rows, (button("home.workshops", do.Workshops()), *MENU)))
