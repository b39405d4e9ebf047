"""Steps that staff take with a campaign: each is a small form on its page, and each is a line of the audit log."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import Response

from bot.services import campaigns as desk
from bot.services import runs
from bot.storage.database import Connection
from bot.web.console import campaign as page
from bot.web.console.campaigns import LARGEST, visible
from bot.web.console.fields import Trouble
from bot.web.console.timing import Timing, Wrong, read_timing
from bot.web.console.visit import Change, Done, Handler, Route, Visit
from scheduler import ledger
from scheduler.calendar import ZONE
from scheduler.errors import UnknownRun
from scheduler.lifecycle import LONGEST_REASON, SHORTEST_REASON
from scheduler.model import Campaign, OneOff, Recurring, Schedule

Take = Callable[[Connection, int, dict[str, Any]], Awaitable[Any]]
"""One of the services' steps: with a campaign's number, and who, when and at which revision."""
NEVER_SEEN = -1
"""No campaign has this revision: a form without one was not made by a page of ours."""


class Comment(BaseModel):
    """Why a campaign goes back to its author."""

    comment: str = Field(min_length=3, max_length=LONGEST_REASON)


class Reason(BaseModel):
    """Why an alert cannot wait for a second person."""

    reason: str = Field(min_length=SHORTEST_REASON, max_length=LONGEST_REASON)


class Day(BaseModel):
    """A date on which a rule does not count."""

    day: date


# --- one way for all


async def take(visit: Visit, step: str, told: str, action: Take) -> Response:
    """Take a step, and show the campaign again: with what was done, or with why not."""
    number = visit.path["number"]

    async def change(conn: Connection) -> Done:
        before = await visible(visit, conn, number)
        await action(conn, number, {"who": visit.member.name, "now": visit.now, "revision": _seen(visit)})
        after = await visible(visit, conn, number)
        log = Change(step, f"campaign:{number}", before=_brief(before), after=_brief(after))
        return Done(f"/console/campaigns/{number}", told=told, log=log)

    return await visit.act(change, again=lambda trouble: page.show(visit, number, trouble, step))


def _seen(visit: Visit) -> int:
    text = visit.fields.one("revision")
    return int(text) if text.isascii() and text.isdecimal() else NEVER_SEEN


def _brief(campaign: Campaign) -> dict[str, Any]:
    """What of a campaign the audit log keeps: no words of it, those stand in its own history."""
    return {
        "state": campaign.state.value,
        "next_at": campaign.next_at and campaign.next_at.isoformat(),
        "approved_by": campaign.approved_by,
        "window_s": campaign.window_s,
        "revision": campaign.revision,
    }


async def again(visit: Visit, step: str, trouble: Trouble) -> Response:
    """The page once more, when the form itself is not right."""
    return await page.show(visit, visit.path["number"], trouble, step)


def plain(step: str, told: str, service: Callable[..., Awaitable[Any]]) -> Handler:
    """A step that needs nothing but a press."""

    async def handler(visit: Visit) -> Response:
        return await take(visit, step, told, lambda conn, number, by: service(conn, number, **by))

    return handler


# --- those with a form


async def pause(visit: Visit) -> Response:
    """Hold it. Stopping comes first: also when somebody, or the clock, has changed it since."""

    async def stop(conn: Connection, number: int, by: dict[str, Any]) -> Campaign:
        return await desk.pause(conn, number, **by | {"revision": None})

    return await take(visit, "pause", "campaign_paused", stop)


async def reject(visit: Visit) -> Response:
    """Back to its author, with a comment."""
    form = visit.read(Comment)
    if isinstance(form, Trouble):
        return await again(visit, "reject", form)
    return await take(
        visit, "reject", "campaign_returned", lambda conn, number, by: desk.reject(conn, number, form.comment, **by)
    )


async def break_glass(visit: Visit) -> Response:
    """An alert that cannot wait: it may leave without a second person, and all staff are told."""
    form = visit.read(Reason)
    if isinstance(form, Trouble):
        return await again(visit, "break_glass", form)
    service = desk.send_alert if "at_once" in visit.fields else desk.break_glass
    told = "campaign_sent_alone" if "at_once" in visit.fields else "campaign_alone"
    return await take(visit, "break_glass", told, lambda conn, number, by: service(conn, number, form.reason, **by))


async def skip(visit: Visit) -> Response:
    """Leave a date out of its rule."""
    form = visit.read(Day)
    if isinstance(form, Trouble):
        return await again(visit, "skip", form)
    return await take(visit, "skip", "campaign_skips", lambda conn, number, by: desk.skip(conn, number, form.day, **by))


async def schedule(visit: Visit) -> Response:
    """Give it a time, or another one."""
    form = visit.read(Timing)
    if isinstance(form, Trouble):
        return await again(visit, "schedule", form)
    when = read_timing(form, visit.now)
    if isinstance(when, Wrong):
        return await again(visit, "schedule", _trouble(visit, when))

    async def set_time(conn: Connection, number: int, by: dict[str, Any]) -> Campaign:
        timed = _with_skipped(when, await visible(visit, conn, number), visit)
        return await desk.schedule(conn, number, timed, window=form.lasts, **by)

    return await take(visit, "schedule", "campaign_scheduled", set_time)


def _trouble(visit: Visit, wrong: Wrong) -> Trouble:
    said = visit.trouble(wrong.error).message if wrong.error else visit.say("console.invalid.missing")
    return Trouble(visit.say("console.trouble"), {wrong.field: said})


def _with_skipped(when: Schedule, campaign: Campaign, visit: Visit) -> Schedule:
    """A rule that takes the place of another still leaves out its dates that are to come."""
    if isinstance(when, OneOff) or not isinstance(campaign.schedule, Recurring):
        return when
    today = visit.now.astimezone(ZONE).date()
    return replace(when, skip=frozenset(day for day in campaign.schedule.skip if day >= today))


async def retry(visit: Visit) -> Response:
    """Send again what failed in its newest run, or in the one that the form names."""

    async def send(conn: Connection, number: int, by: dict[str, Any]) -> Campaign:
        key = await _key_of(conn, visit.fields.one("run")) if "run" in visit.fields else None
        campaign, _ = await runs.retry(conn, number, key=key, **by)
        return campaign

    return await take(visit, "retry", "campaign_retried", send)


async def _key_of(conn: Connection, run: str) -> str:
    if not (run.isascii() and run.isdecimal() and int(run) <= LARGEST):
        raise UnknownRun(run[:20])
    return (await ledger.load_run(conn, int(run))).key


async def duplicate(visit: Visit) -> Response:
    """A new draft that says the same; it opens in the editor."""
    number = visit.path["number"]

    async def change(conn: Connection) -> Done:
        await visible(visit, conn, number)
        made = await desk.duplicate(conn, number, who=visit.member.name, now=visit.now)
        log = Change("duplicate", f"campaign:{made.id}", after={"copied_from": number})
        return Done(f"/console/campaigns/{made.id}/edit", told="campaign_copied", log=log)

    return await visit.act(change, again=lambda trouble: page.show(visit, number, trouble, "duplicate"))


_STEPS: tuple[tuple[str, Handler], ...] = (
    ("submit", plain("submit", "campaign_submitted", desk.submit)),
    ("approve", plain("approve", "campaign_approved", desk.approve)),
    ("reject", reject),
    ("break_glass", break_glass),
    ("schedule", schedule),
    ("unschedule", plain("unschedule", "campaign_unscheduled", desk.unschedule)),
    ("skip", skip),
    ("pause", pause),
    ("resume", plain("resume", "campaign_resumed", desk.resume)),
    ("cancel", plain("cancel", "campaign_cancelled", desk.cancel)),
    ("retry", retry),
)

ROUTES = (
    *(Route("POST", f"/campaigns/{{number:int}}/{step.replace('_', '-')}", step, handler) for step, handler in _STEPS),
    Route("POST", "/campaigns/{number:int}/duplicate", "create", duplicate),
)
