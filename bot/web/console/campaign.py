"""One campaign: where it stands, what it says and to whom, and the steps that this member may take with it now."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from starlette.responses import Response

from bot.catalogue.campaigns import invited_to
from bot.catalogue.schema import AudienceFilter
from bot.catalogue.schema import Campaign as Content
from bot.domain.messages import Block, Plain
from bot.services import progress
from bot.services.campaign_texts import content_of
from bot.services.preview import Version, versions
from bot.services.progress import Look
from bot.storage import workshops
from bot.storage.database import Connection
from bot.web.console import telling, timing
from bot.web.console.campaigns import steps_of, visible
from bot.web.console.fields import Trouble
from bot.web.console.visit import Route, Visit
from scheduler import ledger
from scheduler.calendar import ZONE, next_slots, release_at
from scheduler.model import Balance, Campaign, CampaignState, DeliveryState, Event, Recurring, Run, RunState

RUNS_SHOWN = 20
SLOTS_SHOWN = 3
PATIENCE_S = 0.05
"""How long a page waits for a run to be counted; then it comes without, and the stream brings the numbers."""
SOON = timedelta(minutes=10)
"""A campaign that starts so soon is watched already."""
OPEN = (RunState.RUNNING, RunState.PAUSED)


@dataclass(frozen=True, slots=True)
class Slot:
    """When it is to leave."""

    at: datetime
    held_until: datetime | None
    """The end of the quiet hours that hold it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that the page tells."""

    campaign: Campaign
    content: Content
    versions: tuple[Version, ...]
    events: tuple[Event, ...]
    runs: tuple[tuple[Run, Balance | None], ...]
    """The newest first; without a balance where it is not known yet."""

    @property
    def open_runs(self) -> tuple[Run, ...]:
        """Runs that are being sent, or held."""
        return tuple(run for run, _ in self.runs if run.state in OPEN)

    @property
    def uncounted(self) -> tuple[Run, ...]:
        """The newest run, if it is over and its numbers are not kept yet: its failures can be sent again."""
        return tuple(run for run, balance in self.runs[:1] if run.state not in OPEN and balance is None)

    @property
    def failed(self) -> int:
        """How many messages of the newest run failed, as far as that is known."""
        balance = self.runs[0][1] if self.runs else None
        return balance[DeliveryState.FAILED] if balance else 0


async def one(visit: Visit) -> Response:
    """A campaign's page."""
    return await show(visit, visit.path["number"])


async def show(visit: Visit, number: int, trouble: Trouble | None = None, step: str = "") -> Response:
    """The page; with `trouble` once more, after a step was refused."""
    async with visit.house.database.read() as conn:
        sheet = await _gather(visit, conn, await visible(visit, conn, number))
    looks = await look_at(visit, [*sheet.open_runs, *sheet.uncounted], PATIENCE_S)
    known = {look.run.id: look.balance for look in looks}
    sheet = replace(sheet, runs=tuple((run, known.get(run.id, balance)) for run, balance in sheet.runs))
    return visit.page("campaigns_one.html", trouble=trouble, **_context(visit, sheet, looks, step))


async def _gather(visit: Visit, conn: Connection, campaign: Campaign) -> Sheet:
    content = content_of(campaign)
    closed = await workshops.closed(conn, invited_to(content), campaign.next_at or visit.now)
    runs = (await ledger.list_runs(conn, campaign.id))[:RUNS_SHOWN]
    sums = await ledger.kept_sums(conn, [run.id for run in runs])
    return Sheet(
        campaign,
        content,
        versions(visit.house.library, campaign, closed),
        tuple(await ledger.list_events(conn, campaign.id)),
        tuple((run, sums[run.id][0] if run.id in sums else None) for run in runs),
    )


async def look_at(visit: Visit, runs: Sequence[Run], patience_s: float | None = None) -> list[Look]:
    """Each open run as it stands; of those that take longer to count than we have patience for, nothing yet."""
    database, clock = visit.house.database, visit.house.clock
    tasks = [asyncio.ensure_future(progress.look(database, run.id, clock)) for run in runs]
    if not tasks:
        return []
    done, _ = await asyncio.wait(tasks, timeout=patience_s)
    return [task.result() for task in tasks if task in done]


def _context(visit: Visit, sheet: Sheet, looks: list[Look], step: str) -> dict[str, Any]:
    campaign = sheet.campaign
    return {
        "campaign": campaign,
        "content": sheet.content,
        "versions": sheet.versions,
        "audience": list(audience_lines(visit, sheet.content.audience)),
        "runs": sheet.runs,
        "events": [_event(visit, event) for event in reversed(sheet.events)],
        "steps": steps_of(visit, campaign, failed=sheet.failed),
        "failed": sheet.failed,
        "own": campaign.author == visit.member.name,
        "tones": telling.TONES,
        "rule": telling.rule(visit, campaign.schedule) if campaign.schedule else "",
        "slots": _slots(campaign),
        "not_on": _not_on(visit, campaign),
        "reason": telling.reason(visit, campaign.reason),
        "step": step,
        "typed": _typed(visit, campaign, step),
        "overtaken": _overtaken(visit, sheet, step),
        "weekdays": [(day, telling.weekday(visit, place)) for place, day in enumerate(telling.WEEKDAYS)],
        "hows": [(how, visit.say(f"campaigns.how.{how}")) for how in timing.How],
        **live_context(visit, campaign, sheet.open_runs, [look for look in looks if look.run.state in OPEN]),
    }


def live_context(visit: Visit, campaign: Campaign, open_runs: Sequence[Run], looks: list[Look]) -> dict[str, Any]:
    """What the live part tells, on the page and in the stream."""
    return {
        "campaign": campaign,
        "moving": _is_moving(visit, campaign, open_runs),
        "open_runs": open_runs,
        "looks": looks,
        "telling": {
            "balance": partial(telling.balance, visit),
            "span": partial(telling.span, visit),
            "speed": partial(telling.speed, visit),
            "reason": partial(telling.reason, visit),
        },
        "tones": telling.TONES,
    }


def _is_moving(visit: Visit, campaign: Campaign, open_runs: Sequence[Run]) -> bool:
    soon = campaign.next_at is not None and campaign.next_at <= visit.now + SOON
    waits = campaign.state is CampaignState.SCHEDULED and soon
    return waits or campaign.state is CampaignState.RUNNING or bool(open_runs)


def _event(visit: Visit, event: Event) -> Mapping[str, Any]:
    return {"at": event.at, "who": telling.who(visit, event.who), "what": telling.history(visit, event.what)}


def _slots(campaign: Campaign) -> list[Slot]:
    """The next slots; what quiet hours hold says so."""
    if campaign.schedule is None or campaign.next_at is None:
        return []
    coming = [campaign.next_at, *next_slots(campaign.schedule, SLOTS_SHOWN - 1, after=campaign.next_at)]
    released = ((at, release_at(campaign.kind, at)) for at in coming)
    return [Slot(at, leaves if leaves > at else None) for at, leaves in released]


def _not_on(visit: Visit, campaign: Campaign) -> list[Any]:
    if not isinstance(campaign.schedule, Recurring):
        return []
    today = visit.now.astimezone(ZONE).date()
    return [day for day in sorted(campaign.schedule.skip) if day >= today]


def _typed(visit: Visit, campaign: Campaign, step: str) -> Callable[[str, str], Any]:
    """What stands in a field: what was typed into the form that was refused, else what it begins with."""
    begin = timing.filled_in(campaign)

    def value(of: str, name: str) -> Any:
        if of == step and name in visit.fields:
            return visit.fields.all(name) if name == "weekdays" else visit.fields.one(name)
        if of == step == "schedule" and name == "weekdays":
            return []
        return begin.get(name, "")

    return value


def _overtaken(visit: Visit, sheet: Sheet, step: str) -> Mapping[str, Any] | None:
    """Who changed it since the page was made from which a step was taken."""
    seen = visit.fields.one("revision")
    if not step or seen in ("", str(sheet.campaign.revision)) or not sheet.events:
        return None
    return _event(visit, sheet.events[-1])


# --- whom it is for


def audience_lines(visit: Visit, wanted: AudienceFilter) -> Iterator[str]:
    """Whom a campaign is for, a line for each condition; none: everybody who agreed to its kind."""
    programme, words = visit.house.library.programme, visit.looks.words

    def label(block: Block) -> str:
        return words.label(block, visit.language)

    def line(key: str, *values: object) -> str:
        return visit.say(f"campaigns.audience.{key}", what=", ".join(map(str, values)))

    if wanted.topics:
        yield line("topics", *(label(Plain(programme.areas[topic].name)) for topic in wanted.topics))
    if wanted.districts:
        names = {one.number: one.name for one in programme.districts}
        yield line("districts", *(names.get(number, number) for number in wanted.districts))
    if wanted.languages:
        yield line("languages", *map(words.language_name, wanted.languages))
    if wanted.ages:
        yield line("ages", *(visit.say(f"age.{age.value}") for age in wanted.ages))
    if wanted.channels:
        yield line("channels", *(channel.value.capitalize() for channel in wanted.channels))
    yield from _by_what_they_did(visit, wanted)


def _by_what_they_did(visit: Visit, wanted: AudienceFilter) -> Iterator[str]:
    quizzes = visit.house.library.quizzes
    for key, days in (("active", wanted.active_days), ("silent", wanted.silent_days), ("held_out", wanted.held_out)):
        if days:
            yield visit.say(f"campaigns.audience.{key}", n=days)
    for key, slug in (("quiz_taken", wanted.quiz_taken), ("quiz_not_taken", wanted.quiz_not_taken)):
        if slug:
            title = quizzes[slug].title if slug in quizzes else {"pl": slug}
            name = visit.looks.words.label(Plain(title), visit.language)
            yield visit.say(f"campaigns.audience.{key}", what=name)
    for key, which in (("booked", wanted.booked), ("not_booked", wanted.not_booked)):
        if which:
            name = visit.say("campaigns.audience.any_workshop") if which == "any" else f"#{which}"
            yield visit.say(f"campaigns.audience.{key}", what=name)


ROUTES = (Route("GET", "/campaigns/{number:int}", "see_campaigns", one),)
