"""What became of one run of a campaign: its numbers as plots with their tables, and as a file."""

from collections.abc import Iterator
from typing import Any

from fastapi import HTTPException
from starlette.responses import Response

from bot.services import results
from bot.services.results import Results
from bot.services.sheets import Cell, Sheet, as_csv
from bot.storage.database import Connection
from bot.web.console import telling
from bot.web.console.campaigns import LARGEST, steps_of, visible
from bot.web.console.visit import Route, Visit
from scheduler import ledger
from scheduler.calendar import ZONE
from scheduler.errors import UnknownRun
from scheduler.model import Campaign, DeliveryState, RunState

RETRIED = (RunState.RUNNING, RunState.FINISHED)
"""In what is held, or was ended, nothing is sent again."""
CSV_TYPE = "text/csv; charset=utf-8"


async def report(visit: Visit) -> Response:
    """A run's numbers."""
    async with visit.house.database.read() as conn:
        campaign, found = await _load(visit, conn)
    return visit.page("campaigns_report.html", campaign=campaign, found=found, **_context(visit, campaign, found))


async def _load(visit: Visit, conn: Connection) -> tuple[Campaign, Results]:
    campaign = await visible(visit, conn, visit.path["number"])
    if visit.path["run"] > LARGEST:
        raise HTTPException(404)
    run = await ledger.load_run(conn, visit.path["run"])
    if run.campaign_id != campaign.id:
        raise UnknownRun(run.key)
    return campaign, await results.of_run(conn, visit.house.library, run, campaign, visit.language)


def _context(visit: Visit, campaign: Campaign, found: Results) -> dict[str, Any]:
    summary = found.summary
    return {
        "can_retry": _can_retry(visit, campaign, found),
        "over": found.run.state in (RunState.FINISHED, RunState.CANCELLED),
        "tones": telling.TONES,
        "reason": telling.reason(visit, found.run.reason),
        "balance": telling.balance(visit, found.balance),
        "states": [
            (visit.say(f"campaigns.state_of.{state.value}"), found.balance[state])
            for state in DeliveryState
            if found.balance[state]
        ],
        "pressed": [(one.label, one.count) for one in found.presses],
        "took": telling.span(visit, summary.working_s) if summary.tried else "",
        "speed": telling.speed(visit, summary.per_second) if summary.per_second else "",
        "groups": _groups(visit, found),
    }


def _can_retry(visit: Visit, campaign: Campaign, found: Results) -> bool:
    """Whether this member may send again what failed in this run."""
    failed = found.balance[DeliveryState.FAILED]
    return found.run.state in RETRIED and "retry" in steps_of(visit, campaign, failed=failed)


def _groups(visit: Visit, found: Results) -> list[tuple[str, float, str]]:
    """Who got the message beside who was held out, as the share that finished the quiz."""
    if found.comparison is None:
        return []
    words = visit.looks.words
    groups = (("sent", found.comparison.sent), ("held_out", found.comparison.held_out))
    return [
        (
            visit.say(f"campaigns.group.{key}"),
            group.share,
            f"{words.percent(group.share, visit.language, digits=1)} "
            f"({words.number(group.finished, visit.language)} / {words.number(group.people, visit.language)})",
        )
        for key, group in groups
    ]


# --- as a file


async def download(visit: Visit) -> Response:
    """The same numbers as CSV."""
    async with visit.house.database.read() as conn:
        campaign, found = await _load(visit, conn)
    slot = f"{found.run.slot_at.astimezone(ZONE):%Y-%m-%d-%H%M}"
    return visit.download(f"campaign-{campaign.id}-{slot}.csv", as_csv(_sheet(visit, campaign, found)), CSV_TYPE)


def _sheet(visit: Visit, campaign: Campaign, found: Results) -> Sheet:
    """One number a line: which, of what, how many. Field names are the same in every language, for other programs."""
    headings = ("measure", "of", "value")
    return Sheet(campaign.title, visit.language, headings, list(_lines(campaign, found)), visit.now)


def _lines(campaign: Campaign, found: Results) -> Iterator[tuple[str, str, Cell]]:
    run, summary = found.run, found.summary
    yield "campaign", campaign.title, campaign.id
    for name, at in (("slot_at", run.slot_at), ("started_at", run.started_at), ("finished_at", run.finished_at)):
        yield name, "", at.isoformat() if at else ""
    yield "audience", "", found.balance.audience
    for state in DeliveryState:
        yield "deliveries", state.value, found.balance[state]
    for reason, count in summary.reasons:
        yield "failures", reason, count
    yield "working_s", "", round(summary.working_s, 1)
    yield "per_second", "", "" if summary.per_second is None else round(summary.per_second, 2)
    yield "possible_duplicates", "", summary.doubts
    for one in found.presses:
        yield "presses", one.label, one.count
    yield "unsubscribed", "", found.unsubscribed
    if found.comparison:
        for name, group in (("sent", found.comparison.sent), ("held_out", found.comparison.held_out)):
            yield f"{name}_people", found.comparison.quiz, group.people
            yield f"{name}_finished_quiz", found.comparison.quiz, group.finished


ROUTES = (
    Route("GET", "/campaigns/{number:int}/runs/{run:int}", "see_campaigns", report),
    Route("GET", "/campaigns/{number:int}/runs/{run:int}/csv", "see_campaigns", download),
)
