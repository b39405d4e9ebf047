"""A campaign before it leaves: how it looks, whom it reaches, when it is done, and a test to oneself.

While it is being written, its form is posted here as it stands and nothing is stored.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from fastapi import HTTPException
from starlette.responses import Response

from bot.catalogue.campaigns import invited_to
from bot.catalogue.schema import LARGEST, LONGEST_WINDOW_H, AudienceFilter, CampaignKind
from bot.catalogue.schema import Campaign as Content
from bot.catalogue.texts import Where
from bot.domain.audiences import Count, Standing
from bot.domain.errors import BotError
from bot.services import drafts
from bot.services.campaign_texts import content_of
from bot.services.drafts import Fault
from bot.services.outlook import counted, had_enough, outlook
from bot.services.preview import NotLinked, send_test
from bot.storage import staff, workshops
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection
from bot.web.console import shown
from bot.web.console.editor_forms import field_of, number_of, slots, values_of
from bot.web.console.fields import Fields, Trouble
from bot.web.console.visit import Again, Change, Done, Route, Visit
from scheduler import ledger, lifecycle
from scheduler.calendar import parse_local
from scheduler.errors import CalendarError
from scheduler.model import Campaign, Kind

CHANNELS = {"telegram": "Telegram", "matrix": "Matrix"}
"""Account → its name, the same in every language."""
COARSE = 10
"""To how many numbers of residents are rounded down for whoever may not see them."""
Saving = Callable[[Connection], Awaitable[tuple[Done, int]]]
"""What a form does in one transaction, and the number of the campaign that it was done with."""
Unsent = Callable[[int, Trouble], Awaitable[Response]]
"""The page for whoever's test did not arrive: the campaign's number, and why."""


# --- while it is being written


async def draw_gaps(visit: Visit) -> Response:
    """Which languages are missing, and what of each."""
    content = drafts.sketch(visit.house.library, values_of(visit.fields, visit.house.library))
    return visit.part("editor_gaps.html", gaps=gaps(visit, content))


async def draw(visit: Visit) -> Response:
    """How it would look."""
    content = drafts.sketch(visit.house.library, values_of(visit.fields, visit.house.library))
    return visit.part("preview_versions.html", **await looks(visit, content))


async def draw_audience(visit: Visit) -> Response:
    """Whom it would reach, and when it would be done."""
    return visit.part("preview_audience.html", **await prospects(visit, visit.fields))


# --- what pages and fragments show


def gaps(visit: Visit, content: Content) -> list[str]:
    """A sentence for each language that is missing."""
    return [_gap(visit, language, parts) for language, parts in drafts.gaps(visit.house.library, content).items()]


def _gap(visit: Visit, language: str, parts: tuple[Where, ...]) -> str:
    named = ", ".join(part_name(visit, where) for where in parts)
    key = f"editor.missing.{language}"
    if visit.looks.words.has(key):
        return visit.say(key, parts=named)
    return visit.say("editor.missing.other", tongue=visit.looks.words.language_name(language), parts=named)


def part_name(visit: Visit, where: Where) -> str:
    """What a text of a campaign is called; its buttons are counted."""
    match where:
        case ("buttons", int() as place, *_):
            return label_of(visit, f"words{place}")
        case (*_, name):
            return label_of(visit, str(name))
        case _:
            return ""


def label_of(visit: Visit, name: str) -> str:
    """What a field is called, with its language."""
    base, _, language = name.partition(".")
    if base[-1:].isdigit():
        label = visit.say(f"editor.{base[:-1]}_of", n=int(base[-1]) + 1)
    else:
        label = visit.say(f"editor.{base}")
    return f"{label} ({visit.looks.words.language_name(language)})" if language else label


async def looks(visit: Visit, content: Content) -> dict[str, Any]:
    """How a campaign looks in each language and channel."""
    async with visit.house.database.read() as conn:
        closed = await workshops.closed(conn, invited_to(content), visit.now)
    found = shown.versions(visit.house.library, content, closed)
    return {"versions": found, "channels": CHANNELS, "part_name": partial(part_name, visit)}


async def prospects(visit: Visit, fields: Fields, stored: Campaign | None = None) -> dict[str, Any]:
    """Whom a campaign would reach now, and when it would be done at the time that is tried."""
    wrong: dict[str, str] = {}
    at = _tried(visit, fields.one("try_at"), wrong)
    campaign = stored or _drafted(visit, fields, wrong)
    if campaign is None:
        return {"found": None, "wrong": wrong}
    rates, database = visit.house.rates, visit.house.database
    audience = ResidentsAudience(rates.keys, marks=await had_enough(database, visit.now))
    async with database.read() as conn:
        count = await counted(database, conn, audience, campaign, visit.now)
        found = await outlook(conn, audience, campaign, rates=rates, now=visit.now, at=at, count=count)
    return {
        "found": found,
        "wrong": wrong,
        "exact": visit.may("see_numbers"),
        "reached": reached(visit, found.count.reached),
        "reasons": reasons(visit, found.count),
        "accounts": [
            (CHANNELS.get(name, name), number, rates.get(name)) for name, number in found.count.accounts.items()
        ],
        "span": span(visit, found.ends_at - found.starts_at),
    }


def reached(visit: Visit, number: int) -> str:
    """How many residents would get it. Who may not see numbers of residents, a partner, is told the tens."""
    if visit.may("see_numbers"):
        return visit.say("editor.would_get", n=number)
    about = number // COARSE * COARSE
    return visit.say("editor.would_get_about", n=about) if about else visit.say("editor.would_get_few", n=COARSE)


def reasons(visit: Visit, count: Count) -> list[tuple[str, int]]:
    """Why residents do not get it, and how many for each reason."""
    left_out = [one for one in Standing if one is not Standing.REACHED and count.of.get(one)]
    return [(visit.say(f"editor.reason.{one.value}"), count.of[one]) for one in left_out]


def span(visit: Visit, length: timedelta) -> str:
    """How long something takes: `2 min 45 s`."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [("hours", hours), ("minutes", minutes), ("seconds", seconds)]
    said = [visit.say(f"editor.span.{unit}", n=number) for unit, number in parts if number]
    return " ".join(said[:2]) or visit.say("editor.span.seconds", n=1)


def _tried(visit: Visit, typed: str, wrong: dict[str, str]) -> datetime | None:
    """The time that is tried; what has passed is now."""
    if not typed.strip():
        return None
    try:
        return max(parse_local(typed.replace("T", " ")), visit.now)
    except CalendarError as error:
        wrong["try_at"] = visit.trouble(error).message
        return None


def _drafted(visit: Visit, fields: Fields, wrong: dict[str, str]) -> Campaign | None:
    """What the form would become, as the scheduler would have it; None if nobody can say whom it is for."""
    values = values_of(fields, visit.house.library)
    wanted = drafts.audience_of(values)
    if not isinstance(wanted, AudienceFilter):
        wrong.update(said(visit, fields, wanted))
        return None
    kind, number, window = fields.one("kind"), number_of(fields.one("number")), number_of(fields.one("window"))
    draft = lifecycle.draft(
        kind=Kind(kind) if kind in set(CampaignKind) else Kind.NEWS,
        title="",
        content={},
        audience=wanted.model_dump(mode="json"),
        author=visit.member.name,
        now=visit.now,
    )
    fits = window is not None and 1 <= window <= LONGEST_WINDOW_H
    return replace(draft, id=number or 0, window_s=(window or 0) * 3600 if fits else draft.window_s)


def said(visit: Visit, fields: Fields, faults: Collection[Fault]) -> dict[str, str]:
    """What is wrong, field by field, in the member's words, each with what the field is called."""
    filled = slots(fields)
    wrong: dict[str, str] = {}
    for fault in faults:
        name = field_of(fault, filled)
        wrong.setdefault(name, f"{label_of(visit, name)}: {visit.say(f'editor.fault.{fault.name}', **fault.about)}")
    return wrong


# --- a campaign as it is stored


async def see(visit: Visit) -> Response:
    """A stored campaign as it will be, for everybody who may look at campaigns."""
    return await show_stored(visit, None)


async def show_stored(visit: Visit, trouble: Trouble | None) -> Response:
    """The page of `see`, perhaps with what went wrong."""
    campaign = await find(visit)
    content = content_of(campaign)
    return visit.page(
        "preview.html",
        campaign=campaign,
        content=content,
        gaps=gaps(visit, content),
        can_revise=lifecycle.may("revise", campaign),
        trouble=trouble,
        **await looks(visit, content),
        **await prospects(visit, Fields(), campaign),
    )


async def find(visit: Visit) -> Campaign:
    """The campaign of the address. Raises UnknownCampaign, and 404 for a partner's look at another's."""
    number = visit.path["number"]
    if number > LARGEST:
        raise HTTPException(404)
    async with visit.house.database.read() as conn:
        campaign = await ledger.load_campaign(conn, number)
        if not await drafts.is_theirs(conn, number, visit.member):
            raise HTTPException(404)
    return campaign


async def send(visit: Visit) -> Response:
    """A test of a stored campaign, to oneself."""
    campaign = await find(visit)

    async def note(_conn: Connection) -> tuple[Done, int]:
        about = f"campaign:{campaign.id}"
        return Done(f"/console/campaigns/{campaign.id}/preview", "draft_tested", Change("test", about)), campaign.id

    async def again(trouble: Trouble) -> Response:
        return await show_stored(visit, trouble)

    async def unsent(_number: int, trouble: Trouble) -> Response:
        return await show_stored(visit, trouble)

    return await with_test(visit, note, again, unsent)


async def with_test(visit: Visit, change: Saving, again: Again, unsent: Unsent) -> Response:
    """Do what a form asks, and then send its campaign to whoever sent the form: once, however often it comes.

    The test leaves after the commit; if it does not arrive, what was saved stays saved, and `unsent` says so.
    """
    saved: list[int] = []

    async def saving(conn: Connection) -> Done:
        done, number = await change(conn)
        saved.append(number)
        return done

    answer = await visit.act(saving, again)
    for number in saved:
        try:
            await _post(visit, number)
        except BotError as error:
            return await unsent(number, visit.trouble(error))
    return answer


async def _post(visit: Visit, number: int) -> None:
    house = visit.house
    async with house.database.read() as conn:
        chat = await staff.chat_of(conn, visit.member.name)
    if chat is None:
        raise NotLinked
    await send_test(house.database, house.library, house.senders, number, chat, who=visit.member.name, now=visit.now)


ROUTES = (
    Route("POST", "/campaigns/gaps", "create", draw_gaps),
    Route("POST", "/campaigns/preview", "create", draw),
    Route("POST", "/campaigns/audience", "create", draw_audience),
    Route("GET", "/campaigns/{number:int}/preview", "see_campaigns", see),
    Route("POST", "/campaigns/{number:int}/test", "test", send),
)
