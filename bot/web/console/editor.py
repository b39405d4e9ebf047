"""Where campaigns are written: from a template or from nothing, until they are there for approval."""

from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from bot.catalogue.schema import Campaign as Content
from bot.catalogue.schema import CampaignKind
from bot.services import campaigns as desk
from bot.services import drafts
from bot.services.campaign_texts import by_season, content_of, from_template, in_season
from bot.services.drafts import Rival
from bot.services.preview import fill_of
from bot.storage.database import Connection
from bot.web.console import preview
from bot.web.console.editor_choices import Choices, choices, value_of
from bot.web.console.editor_forms import differing, fields_of, number_of, slots, taking, values_of
from bot.web.console.fields import Fields, Trouble
from bot.web.console.preview import Saving
from bot.web.console.visit import Change, Done, Route, Visit
from scheduler import lifecycle
from scheduler.calendar import ZONE
from scheduler.model import Campaign

NEW = "/console/campaigns/new"


# --- a new one


async def begin(visit: Visit) -> Response:
    """A new campaign: first what it is to begin with, then its form."""
    template, kind = visit.query.get("template", ""), visit.query.get("kind", "")
    if template:
        return await _editor(visit, None, fields_of(from_template(visit.house.library, template)))
    if kind in set(CampaignKind):
        return await _editor(visit, None, Fields((("kind", kind), ("window", "24"))))
    today = f"{visit.now.astimezone(ZONE):%m-%d}"
    seasonal = [(one, in_season(one, today)) for one in by_season(visit.house.library, today)]
    return visit.page(
        "editor_start.html",
        kinds=tuple(CampaignKind),
        seasonal=seasonal,
        kind_name=lambda kind: visit.say(f"editor.kind.{kind.value}"),
        dates_of=_dates_of,
    )


def _dates_of(template: Content) -> str:
    """Its days as they are written here: `15.11 – 31.12`."""
    return " – ".join(f"{day[3:]}.{day[:2]}" for day in template.dates)


async def create(visit: Visit) -> Response:
    """What the form of a new campaign asks for."""
    return await _take(visit, None)


# --- one that is there


async def edit(visit: Visit) -> Response:
    """Its form; of one that cannot be changed now, how it looks, and why."""
    campaign = await preview.find(visit)
    if not lifecycle.may("revise", campaign):
        return visit.go(f"/console/campaigns/{campaign.id}/preview")
    return await _editor(visit, campaign, _filled(campaign))


async def save(visit: Visit) -> Response:
    """What its form asks for."""
    return await _take(visit, await preview.find(visit))


def _filled(campaign: Campaign) -> Fields:
    fields = fields_of(content_of(campaign))
    return _at(Fields((*fields.pairs, ("number", str(campaign.id)))), campaign.revision)


def _at(fields: Fields, revision: int) -> Fields:
    """The same form, begun at a revision."""
    return Fields((*(pair for pair in fields.pairs if pair[0] != "revision"), ("revision", str(revision))))


# --- the form


async def _take(visit: Visit, campaign: Campaign | None) -> Response:
    match visit.fields.one("do"):
        case "preview":
            return await _editor(visit, campaign, visit.fields)
        case "take" if campaign:
            mixed = taking(visit.fields, _filled(campaign), visit.fields.all("take"))
            return await _editor(visit, campaign, _at(mixed, campaign.revision))
        case asked:
            return await _keep(visit, campaign, asked)


async def _keep(visit: Visit, campaign: Campaign | None, asked: str) -> Response:
    library = visit.house.library
    async with visit.house.database.read() as conn:
        content = await drafts.read(conn, library, values_of(visit.fields, library))
    if not isinstance(content, Content):
        wrong = Trouble(visit.say("console.trouble"), preview.said(visit, visit.fields, content))
        return await _editor(visit, campaign, visit.fields, wrong)
    again = partial(_again, visit, campaign)
    saving = _saving(visit, campaign, content, asked)
    if asked == "test":
        return await preview.with_test(visit, saving, again, partial(_unsent, visit))

    async def alone(conn: Connection) -> Done:
        return (await saving(conn))[0]

    return await visit.act(alone, again)


def _saving(visit: Visit, before: Campaign | None, content: Content, asked: str) -> Saving:
    async def saving(conn: Connection) -> tuple[Done, int]:
        kept = await drafts.keep(
            conn,
            visit.house.library,
            before.id if before else None,
            content,
            who=visit.member.name,
            now=visit.now,
            revision=_revision(visit),
            ask=asked == "submit",
        )
        return _done(before, kept, asked), kept.id

    return saving


def _done(before: Campaign | None, kept: Campaign, asked: str) -> Done:
    here = f"/console/campaigns/{kept.id}"
    told = {"submit": "draft_submitted", "test": "draft_tested"}.get(asked, "draft_saved")
    return Done(here if asked == "submit" else f"{here}/edit", told, _change(before, kept))


def _change(before: Campaign | None, kept: Campaign) -> Change | tuple[Change, ...]:
    """What the audit log is told: the parts that are other than before."""
    about = f"campaign:{kept.id}"
    new = {**kept.content, "state": kept.state.value}
    if before is None:
        return Change("create", about, after=new)
    old = {**before.content, "state": before.state.value}
    changed = [name for name in new if new[name] != old.get(name)]
    if not changed:
        return ()
    return Change("revise", about, {name: old.get(name) for name in changed}, {name: new[name] for name in changed})


def _revision(visit: Visit) -> int:
    """The revision that the form began with; a form that does not say was begun at none."""
    typed = number_of(visit.fields.one("revision"))
    return -1 if typed is None else typed


async def _again(visit: Visit, campaign: Campaign | None, trouble: Trouble) -> Response:
    """The form with what went wrong; if somebody else was quicker, with their version beside."""
    if campaign is None:
        return await _editor(visit, None, visit.fields, trouble)
    async with visit.house.database.read() as conn:
        rival = await drafts.rival(conn, campaign.id, _revision(visit))
    if rival is None:
        return await _editor(visit, campaign, visit.fields, trouble)
    quicker = Trouble(visit.say("editor.conflict", who=rival.who))
    return await _editor(visit, rival.campaign, _at(visit.fields, rival.campaign.revision), quicker, rival)


async def _unsent(visit: Visit, number: int, trouble: Trouble) -> Response:
    """It was saved, but the test did not arrive."""
    async with visit.house.database.read() as conn:
        campaign = await desk.load(conn, number)
    return await _editor(visit, campaign, _at(visit.fields, campaign.revision), trouble)


async def _editor(
    visit: Visit,
    campaign: Campaign | None,
    typed: Fields,
    trouble: Trouble | None = None,
    rival: Rival | None = None,
) -> Response:
    """The page with the form."""
    library = visit.house.library
    content = drafts.sketch(library, values_of(typed, library))
    options = await choices(visit, typed)
    return visit.page(
        "editor.html",
        status=409 if rival else 200,
        action=f"/console/campaigns/{campaign.id}/edit" if campaign else NEW,
        campaign=campaign,
        typed=typed,
        tongues=_tongues(visit, typed),
        opened={0, *slots(typed)},
        options=options,
        rival=rival,
        rows=_rows(visit, typed, rival.campaign, options) if rival else (),
        limit=fill_of(content, "").most,
        gaps=preview.gaps(visit, content),
        trouble=trouble,
        **await preview.looks(visit, content),
        **await preview.prospects(visit, typed),
    )


def _tongues(visit: Visit, typed: Fields) -> list[str]:
    """The languages of the form: ours, and any others in which something stands."""
    written = (name.partition(".")[2] for name, _ in typed.pairs)
    return list(dict.fromkeys((*visit.house.library.words.languages, *filter(None, written))))


@dataclass(frozen=True, slots=True)
class Row:
    """A field in which two versions differ."""

    name: str
    label: str
    mine: str
    theirs: str


def _rows(visit: Visit, typed: Fields, campaign: Campaign, options: Choices) -> list[Row]:
    theirs = _filled(campaign)
    return [
        Row(name, preview.label_of(visit, name), value_of(options, typed, name), value_of(options, theirs, name))
        for name in differing(typed, theirs)
    ]


ROUTES = (
    Route("GET", "/campaigns/new", "create", begin),
    Route("POST", "/campaigns/new", "create", create),
    Route("GET", "/campaigns/{number:int}/edit", "revise", edit),
    Route("POST", "/campaigns/{number:int}/edit", "revise", save),
)
