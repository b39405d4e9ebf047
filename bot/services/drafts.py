"""A campaign while somebody writes it: what is wrong with it, what can be seen of it already, and keeping it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.catalogue.campaigns import named, overlong, room, workshops_of
from bot.catalogue.library import Library
from bot.catalogue.references import PNG
from bot.catalogue.schema import AudienceFilter, CampaignButton, CampaignKind, Picture, Unfit
from bot.catalogue.schema import Campaign as Content
from bot.catalogue.texts import Where
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.services import campaigns as desk
from bot.services.campaign_texts import missing_languages
from bot.storage import workshops
from bot.storage.database import Connection
from bot.storage.staff import Member, Role
from scheduler import ledger
from scheduler.model import Campaign, CampaignState

Values = Mapping[str, Any]
"""A draft as it was typed, in the shape of a file of `content/campaigns`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right: its name, where it stands, and what its words need to know."""

    name: str
    where: Where
    about: Mapping[str, int] = field(default_factory=dict)


# --- what is wrong with it


async def read(conn: Connection, library: Library, values: Values) -> Content | tuple[Fault, ...]:
    """A campaign, or all that keeps it from being one: the same as of a file of staff's own."""
    try:
        content = Content.model_validate(values)
    except ValidationError as error:
        return tuple(map(_fault, error.errors()))
    wanted = workshops_of(content)
    missing = wanted - await workshops.known(conn, wanted) if wanted else set()
    return (*_of_workshops(content, missing), *faults(content, library)) or content


def faults(content: Content, library: Library) -> Iterator[Fault]:
    """What the library does not bear out; in step with `refusals.in_file`, which says it of a file."""
    known = {"quizzes": library.quizzes, "tips": library.tips}
    yield from (Fault("gone", where) for folder, name, where in named(content) if name not in known[folder])
    if content.picture and not library.pictures.get(content.picture.file, b"").startswith(PNG):
        yield Fault("gone", ("picture", "file"))
    for language, used in overlong(content):
        yield Fault("message_long", ("text", language), {"used": used, "limit": room(content)})
    for place, language in enumerate(content.audience.languages):
        if language not in library.words.languages:
            yield Fault("unread", ("audience", "languages", place))
    for where, text in _texts(content):
        if DEFAULT_LANGUAGE not in text and where[0] != "buttons":
            yield Fault("polish", (*where, DEFAULT_LANGUAGE))


def _texts(content: Content) -> Iterator[tuple[Where, Mapping[str, str]]]:
    """Every text of a campaign, and where it stands."""
    yield ("title",), content.title
    yield ("text",), content.text
    if content.picture:
        yield ("picture", "alt"), content.picture.alt
    yield from (
        (("buttons", place, "text"), button.text) for place, button in enumerate(content.buttons) if button.text
    )


def _of_workshops(content: Content, missing: set[int]) -> Iterator[Fault]:
    for place, button in enumerate(content.buttons):
        if button.workshop in missing:
            yield Fault("gone", ("buttons", place, "workshop"))
    for name in ("booked", "not_booked"):
        if getattr(content.audience, name) in missing:
            yield Fault("gone", ("audience", name))


_NAMES = {
    "missing": "missing",
    "too_short": "missing",
    "int_parsing": "number",
    "int_parsing_size": "number",
    "int_from_float": "number",
    "greater_than_equal": "least",
    "less_than_equal": "most",
    "url_parsing": "address",
    "url_scheme": "address",
    "url_too_long": "address",
}
"""Type of pydantic's error → name of the fault; whatever else cannot be chosen on a page."""
_BOUNDS = ("ge", "le")


def _fault(error: ErrorDetails) -> Fault:
    about = error.get("ctx", {})
    if isinstance(unfit := about.get("error"), Unfit):
        return Fault(unfit.name, (*error["loc"], *unfit.where), unfit.about)
    bound = next((int(about[name]) for name in _BOUNDS if name in about), 0)
    return Fault(_NAMES.get(error["type"], "choice"), error["loc"], {"limit": bound})


# --- what can be seen of it already


def sketch(library: Library, values: Values) -> Content:
    """As much of a draft as can be shown, whatever is wrong with the rest; nothing of it is to be kept."""
    kind = values.get("kind")
    picture = _read(Picture, values.get("picture"))
    return Content.model_construct(
        id="",
        kind=CampaignKind(kind) if kind in set(CampaignKind) else CampaignKind.NEWS,
        title=values["title"],
        text=values["text"],
        picture=picture if picture and picture.file in library.pictures else None,
        buttons=tuple(button for one in values["buttons"] if (button := _read(CampaignButton, one))),
        audience=_read(AudienceFilter, values["audience"]) or AudienceFilter(),
    )


def audience_of(values: Values) -> AudienceFilter | tuple[Fault, ...]:
    """Whom a draft is for, or what is wrong with that."""
    try:
        return AudienceFilter.model_validate(values["audience"])
    except ValidationError as error:
        found = map(_fault, error.errors())
        return tuple(replace(fault, where=("audience", *fault.where)) for fault in found)


def gaps(library: Library, content: Content) -> dict[str, tuple[Where, ...]]:
    """Language of its audience → the texts that its readers would see in Polish."""
    return {
        language: tuple(where for where, text in _texts(content) if language not in text)
        for language in missing_languages(library, content)
    }


def _read(model: type[BaseModel], values: Any) -> Any:
    try:
        return model.model_validate(values) if values else None
    except ValidationError:
        return None


# --- keeping it


async def keep(
    conn: Connection,
    library: Library,
    campaign_id: int | None,
    content: Content,
    *,
    who: str,
    now: datetime,
    revision: int | None = None,
    ask: bool = False,
) -> Campaign:
    """A new campaign, or another version of one; with `ask`, its author asks for approval.

    What says the same as before stays as it is, with its approval: to send oneself a test changes nothing.
    Raises what `campaigns.create` and `campaigns.revise` raise, StaleCampaign among it.
    """
    if campaign_id is None:
        return await desk.create(conn, library, content, who=who, now=now, ask=ask)
    campaign = await desk.load(conn, campaign_id, revision)
    if content.model_dump(mode="json") != campaign.content:
        return await desk.revise(conn, library, campaign_id, content, who=who, now=now, revision=revision, ask=ask)
    if ask and campaign.state is CampaignState.DRAFT:
        return await desk.submit(conn, campaign_id, who=who, now=now, revision=revision)
    return campaign


@dataclass(frozen=True, slots=True)
class Rival:
    """What somebody else has made of a campaign in the meantime."""

    campaign: Campaign
    who: str
    at: datetime


async def rival(conn: Connection, campaign_id: int, revision: int) -> Rival | None:
    """Who has changed a campaign since it was at this revision; None if nobody has. Raises UnknownCampaign."""
    campaign = await ledger.load_campaign(conn, campaign_id)
    if campaign.revision == revision:
        return None
    events = await ledger.list_events(conn, campaign_id)
    changed = next((event for event in reversed(events) if event.at == campaign.updated_at), events[-1])
    return Rival(campaign, changed.who, campaign.updated_at)


async def is_theirs(conn: Connection, campaign_id: int, member: Member) -> bool:
    """Whether a campaign is any business of a member's: a partner has only what they wrote themselves."""
    return member.role is not Role.PARTNER or await desk.is_own(conn, campaign_id, member.name)
