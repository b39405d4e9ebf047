"""What programs send and get: campaigns and workshops."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from bot.catalogue.schema import LARGEST, LONGEST_TEXT, Campaign
from bot.domain.areas import Area
from bot.services.workshops import Plan
from bot.storage.workshops import Numbers
from scheduler import model
from scheduler.model import CampaignState, Kind, Recurring, RunState

Number = Annotated[int, Field(ge=1, le=LARGEST)]


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# --- campaigns


def _polish(**longest: int) -> Callable[[JsonDict], None]:
    """Adds to a schema which of its fields are texts by language, how long each may be, and that Polish is needed."""

    def add(schema: JsonDict) -> None:
        fields = cast("dict[str, JsonDict]", schema["properties"])
        for name, most in longest.items():
            text: JsonDict = {"type": "string", "minLength": 1, "maxLength": most}
            fields[name] |= {"properties": {"pl": text, "uk": text, "en": text}, "required": ["pl"]}

    return add


class CampaignDraft(Campaign):
    """What a campaign says and to whom: the same as in a file of the staff's.

    `id` is a short name, for your own use. Texts stand by language (`pl`, `uk`, `en`); Polish is needed, and is shown
    wherever another is missing. `text` is Markdown: bold, emphasis, lists, links.
    """

    model_config = ConfigDict(json_schema_extra=_polish(title=80, text=LONGEST_TEXT))


class CampaignSummary(_Out):
    """Where a campaign stands."""

    number: Number
    kind: Kind
    title: str
    state: CampaignState
    author: str = Field(description="A member of the staff, or `api:` and the name of the token that wrote it.")
    approved_by: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    next_at: AwareDatetime | None = Field(description="When it goes out next; null while it has no time.")
    rule: str | None = Field(description="The rule by which it repeats (five cron fields, Kraków's time), if it does.")
    reason: str | None = Field(description="Why it was sent back, paused or called off.")
    revision: int


class CampaignDetails(CampaignSummary):
    """A campaign with what it says and to whom."""

    content: dict[str, JsonValue] = Field(description="As CampaignDraft describes it.")
    window_hours: float = Field(description="How long after its time a message may still leave.")


class CampaignPage(_Out):
    """Some campaigns, the newest first."""

    items: list[CampaignSummary]
    next_cursor: str | None = Field(description="Ask with it for the next page; null on the last.")


def summary_of(campaign: model.Campaign) -> CampaignSummary:
    """A campaign in outline."""
    return CampaignSummary(**_summary(campaign))


def details_of(campaign: model.Campaign) -> CampaignDetails:
    """A campaign whole."""
    return CampaignDetails(**_summary(campaign), content=campaign.content, window_hours=campaign.window_s / 3600)


def _summary(campaign: model.Campaign) -> dict[str, Any]:
    return {
        "number": campaign.id,
        "kind": campaign.kind,
        "title": campaign.title,
        "state": campaign.state,
        "author": campaign.author,
        "approved_by": campaign.approved_by,
        "created_at": campaign.created_at,
        "updated_at": campaign.updated_at,
        "next_at": campaign.next_at,
        "rule": campaign.schedule.cron if isinstance(campaign.schedule, Recurring) else None,
        "reason": campaign.reason,
        "revision": campaign.revision,
    }


class RunFailure(_Out):
    """Why messages failed."""

    reason: str
    count: int


class RunPress(_Out):
    """How often a button was pressed."""

    button: str
    label: str
    count: int


class RunGroup(_Out):
    """People compared."""

    people: int
    finished: int


class RunComparison(_Out):
    """Those who got the message beside those held out of it; never of fewer than five people."""

    quiz: str
    until: str
    sent: RunGroup
    held_out: RunGroup


class RunResults(_Out):
    """What became of a run's messages. `audience` is the sum of `balance`: everybody stands in one of its counts."""

    run: str = Field(description="The run's own name, unique for all time.")
    state: RunState
    reason: str | None
    slot_at: str
    started_at: str
    finished_at: str | None
    audience: int
    balance: dict[str, int]
    balances: bool = Field(description="Whether the counts add up to the audience; they always should.")
    failures: list[RunFailure]
    first_settled_at: str | None
    last_settled_at: str | None
    working_s: float
    per_second: float | None
    possible_duplicates: int
    presses: list[RunPress]
    unsubscribed: int
    comparison: RunComparison | None


class RunList(_Out):
    """The newest runs of a campaign, the newest first."""

    items: list[RunResults]


# --- workshops

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _in_our_time(at: datetime) -> datetime:
    if not FIRST <= at <= LAST:
        raise ValueError("choose a time between the years 2000 and 2100")
    return at


Instant = Annotated[AwareDatetime, AfterValidator(_in_our_time)]
"""An instant with its offset: `2026-12-05T17:00:00+01:00`."""


class WorkshopPlan(Plan):
    """A workshop as it is planned. Texts stand by language; Polish is needed."""

    model_config = ConfigDict(json_schema_extra=_polish(title=80, about=360))

    starts: Instant = Field(alias="starts_at")
    ends: Instant = Field(alias="ends_at")


class Workshop(_Out):
    """A workshop, and how many places are taken; by whom, nobody learns here."""

    number: Number
    area: Area
    title: dict[str, str]
    about: dict[str, str]
    place: str
    district: int | None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    capacity: int
    taken: int = Field(description="Places that are confirmed.")
    waiting: int = Field(description="Places that people wait for.")
    cancelled_at: AwareDatetime | None
    partner: str | None = Field(description="The partner who runs it; null: the city itself.")
    revision: int = Field(description="Rises with every change; the `ETag` is made of it.")


class WorkshopPage(_Out):
    """Some workshops: those to come the soonest first, those past the latest first."""

    items: list[Workshop]
    next_cursor: str | None = Field(description="Ask with it for the next page; null on the last.")


def workshop_of(found: Numbers) -> Workshop:
    """A workshop with its places."""
    one = found.workshop
    return Workshop(
        number=one.id,
        area=one.area,
        title=dict(one.title),
        about=dict(one.about),
        place=one.place,
        district=one.district,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        capacity=one.capacity,
        taken=one.taken,
        waiting=found.waiting,
        cancelled_at=one.cancelled_at,
        partner=one.owner,
        revision=one.revision,
    )


# --- content


class CatalogueItem(_Out):
    """A quiz or a tip: what it is called, and what it is about."""

    id: str = Field(description="Its name, as a campaign's button gives it.")
    area: Area
    title: dict[str, str]
    audience: list[str]
    topic: str | None = Field(default=None, description="Of a tip: its topic.")
    questions: int | None = Field(default=None, description="Of a quiz: how many it asks.")


class Catalogue(_Out):
    """Everything of one kind that the library teaches now."""

    items: list[CatalogueItem]
