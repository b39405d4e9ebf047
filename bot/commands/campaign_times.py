"""`bezpieczny campaign schedule | unschedule | skip`: when a campaign goes out."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from bot.commands.common import fail, local, tell
from bot.commands.options import Number, WhoPerhaps, take
from bot.services import campaigns as desk
from bot.storage.database import Connection
from scheduler.calendar import ZONE, next_slots, parse_cron, parse_day, parse_local, parse_window, release_at
from scheduler.model import Campaign, Kind, OneOff, Recurring, Schedule

SLOTS_SHOWN = 3


def schedule(
    number: Number,
    *,
    at: Annotated[str | None, typer.Option(help='"2026-12-01 17:30", Kraków time.', show_default=False)] = None,
    now: Annotated[bool, typer.Option("--now", help="At once; in quiet hours at their end, alerts excepted.")] = False,
    cron: Annotated[str | None, typer.Option(help='Again and again: "30 17 * * mon".', show_default=False)] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option(metavar="DATE", help="With --cron: not on this date; may be given again.", show_default=False),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(help="How long after its time a message may still leave, 1h to 7d.", show_default=False),
    ] = None,
    who: WhoPerhaps = None,
) -> None:
    """Set when an approved campaign goes out: --at, --now or --cron."""
    if sum((at is not None, now, cron is not None)) != 1:
        fail("Give one of --at, --now and --cron.")
    if skip and cron is None:
        fail("--skip goes with --cron: it names dates on which the rule does not count.")

    def when(present: datetime) -> Schedule:
        if cron is not None:
            parse_cron(cron)
            return Recurring(cron, frozenset(map(parse_day, skip or ())))
        return OneOff(present if at is None else parse_local(at))

    async def step(conn: Connection, present: datetime) -> Campaign:
        longest = None if window is None else parse_window(window)
        return await desk.schedule(conn, number, when(present), who=who, now=present, window=longest)

    _say_times(take(step))


def unschedule(number: Number, who: WhoPerhaps = None) -> None:
    """Take its time away, so that it can be revised; it stays approved until then."""
    take(lambda conn, now: desk.unschedule(conn, number, who=who, now=now))


def skip(
    number: Number,
    day: Annotated[str, typer.Argument(metavar="DATE", help="Such as 2026-12-24.", show_default=False)],
    who: WhoPerhaps = None,
) -> None:
    """Leave a date out of a campaign that repeats."""

    async def step(conn: Connection, now: datetime) -> Campaign:
        return await desk.skip(conn, number, parse_day(day), who=who, now=now)

    _say_times(take(step))


def _say_times(campaign: Campaign) -> None:
    for line in times(campaign):
        tell(line)


def times(campaign: Campaign) -> Iterator[str]:
    """When it goes out: its next slots, the dates it leaves out, what quiet hours change, and how late it may be."""
    if campaign.schedule is None or campaign.next_at is None:
        return
    coming = [campaign.next_at, *next_slots(campaign.schedule, SLOTS_SHOWN - 1, after=campaign.next_at)]
    yield f"Next: {'; '.join(_slot(campaign.kind, slot_at) for slot_at in coming)}."
    if isinstance(campaign.schedule, Recurring):
        today = campaign.updated_at.astimezone(ZONE).date()
        left_out = [str(day) for day in sorted(campaign.schedule.skip) if day >= today]
        if left_out:
            yield f"Not on: {', '.join(left_out)}."
    yield f"What has not left {_hours(campaign.window_s)} after that is not sent any more."


def _slot(kind: Kind, slot_at: datetime) -> str:
    leaves_at = release_at(kind, slot_at)
    held = f", held by quiet hours until {local(leaves_at)}" if leaves_at > slot_at else ""
    return f"{slot_at.astimezone(ZONE):%a} {local(slot_at)}{held}"


def _hours(seconds: int) -> str:
    hours = seconds // 3600
    return f"{hours} h" if hours % 24 else f"{hours // 24} d"
