"""The scheduler's nouns: campaigns, their runs, deliveries, and what became of each."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

SEND_WINDOW = timedelta(hours=24)
"""How long after its time a message may still leave; after that it is expired rather than late."""


class Kind(StrEnum):
    """What a message is for; it decides the lane, quiet hours and what happens to the uncertain."""

    TIP = "tip"
    NEWS = "news"
    ALERT = "alert"
    QUIZ = "quiz"
    WORKSHOP = "workshop"
    DAILY_TIP = "daily_tip"
    REMINDER = "reminder"
    NOTICE = "notice"
    """To staff: an alert that left without a second person, a run that was paused."""


class Lane(IntEnum):
    """Who goes first under one account's limit; the lowest number first."""

    REPLY = 0
    ALERT = 1
    CAMPAIGN = 2
    TIP = 3


_LANES = {Kind.ALERT: Lane.ALERT, Kind.NOTICE: Lane.ALERT, Kind.TIP: Lane.TIP, Kind.DAILY_TIP: Lane.TIP}


def lane_of(kind: Kind) -> Lane:
    """The lane in which deliveries of this kind travel."""
    return _LANES.get(kind, Lane.CAMPAIGN)


def resends_uncertain(kind: Kind) -> bool:
    """Whether a message that may or may not have arrived is sent again: better twice than never, for these only."""
    return kind in {Kind.ALERT, Kind.REMINDER, Kind.NOTICE}


def keeps_trying(kind: Kind) -> bool:
    """Whether a channel in trouble is asked again, soon and for as long as the window lasts: for alerts."""
    return kind is Kind.ALERT


def minds_quiet_hours(kind: Kind) -> bool:
    """Whether quiet hours hold this kind back: all but alerts and word to staff."""
    return kind not in {Kind.ALERT, Kind.NOTICE}


class CampaignState(StrEnum):
    """Where a campaign stands between its first draft and its end."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class RunState(StrEnum):
    """Where one run stands; deliveries leave only while it is running."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class DeliveryState(StrEnum):
    """What became of one message to one recipient; each counts once in the ledger's balance."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    BLOCKED = "blocked"
    FAILED = "failed"
    OPTED_OUT = "opted_out"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"
    HELD_OUT = "held_out"
    """Left out on purpose, to compare those who got the message with those who did not."""


@dataclass(frozen=True, slots=True)
class OneOff:
    """A schedule of a single slot."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Recurring:
    """A schedule by rule: five cron fields read in Kraków's time, but not on the dates to skip."""

    cron: str
    skip: frozenset[date] = frozenset()


Schedule = OneOff | Recurring


@dataclass(frozen=True, slots=True)
class Campaign:
    """One broadcast as staff see it. `content` and `audience` are the host's own; the scheduler only carries them.

    `next_at` is the next slot to open (None: no more); `paused_from` is the state that a resume goes back to;
    `window_s` is how long after its slot a message may still leave; `break_glass` is the reason why an alert left
    without a second person; `revision` guards against lost edits.
    """

    id: int
    kind: Kind
    title: str
    content: dict[str, Any]
    audience: dict[str, Any]
    author: str
    created_at: datetime
    updated_at: datetime
    state: CampaignState = CampaignState.DRAFT
    approved_by: str | None = None
    schedule: Schedule | None = None
    next_at: datetime | None = None
    paused_from: CampaignState | None = None
    window_s: int = int(SEND_WINDOW.total_seconds())
    reason: str | None = None
    break_glass: str | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a campaign's history."""

    campaign_id: int
    at: datetime
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Run:
    """One slot's audience being reached.

    `key` is unique for all time (`campaign:7:2026-12-01T16:30Z`, `daily-tip:2026-12-01T07`, `reminder:24h:12`): opening
    a run twice opens it once. `subject` is the host's (a workshop's id, say); `audience` counts the recipients.
    """

    id: int
    key: str
    kind: Kind
    campaign_id: int | None
    subject: str
    slot_at: datetime
    expires_at: datetime
    state: RunState
    audience: int
    started_at: datetime
    finished_at: datetime | None = None
    reason: str | None = None


MAX_ATTEMPTS = 8
"""After so many a message is given up. Staff's retry of what failed begins a new round of as many."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one recipient, about to be tried for the `attempt`-th time.

    `key` is the same at every attempt: a channel that takes an idempotency key can be given it. `in_doubt`: an earlier
    attempt may have arrived, and the channel would know this one for a repeat.
    """

    run_id: int
    recipient: int
    account: str
    key: str
    attempt: int
    in_doubt: bool = False

    @property
    def place(self) -> tuple[int, int]:
        """Its place in the ledger, whatever the attempt."""
        return self.run_id, self.recipient

    @property
    def tries(self) -> int:
        """Which try of the present round of MAX_ATTEMPTS this is, from 1."""
        return (self.attempt - 1) % MAX_ATTEMPTS + 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the ledger knows of one person and one run, for their export of data."""

    kind: Kind
    slot_at: datetime
    state: DeliveryState
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel took it; `reference` is the channel's own name for the message."""

    reference: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """The recipient can no longer be reached on this channel."""


@dataclass(frozen=True, slots=True)
class OptedOut:
    """The recipient changed their mind after the audience was written."""


@dataclass(frozen=True, slots=True)
class Retry:
    """It certainly was not sent; try again at `at`. `account_wide` also holds everything else of the account."""

    at: datetime
    reason: str
    account_wide: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It was refused, and would be refused again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The request left and no answer came: it may or may not have arrived."""

    reason: str


Outcome = Sent | Blocked | OptedOut | Retry | GiveUp | Uncertain


@dataclass(frozen=True, slots=True)
class Balance:
    """The ledger's account of one run: everyone in the audience stands in exactly one of the counts."""

    audience: int
    counts: dict[DeliveryState, int] = field(default_factory=dict)

    def __getitem__(self, state: DeliveryState) -> int:
        return self.counts.get(state, 0)

    @property
    def holds(self) -> bool:
        """Whether the counts add up to the audience."""
        return self.audience == sum(self.counts.values())

    @property
    def open(self) -> int:
        """How many are not settled yet: waiting or in flight."""
        return self[DeliveryState.WAITING] + self[DeliveryState.SENDING]

    @property
    def settled(self) -> int:
        """How many have a final outcome."""
        return self.audience - self.open


@dataclass(frozen=True, slots=True)
class Progress:
    """A run's balance, its present speed in deliveries settled per second, and the seconds left (None: unknown)."""

    balance: Balance
    per_second: float
    eta_s: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run's messages went, beyond their balance; empty once the ledger keeps only counts of it."""

    reasons: tuple[tuple[str, int], ...] = ()
    """Why messages failed, and how many for each reason; the most frequent first."""
    doubts: int = 0
    """Attempts that ended without an answer: no more messages than this can have arrived twice."""
    tried: int = 0
    """Messages of which the channel, or its silence, said what became."""
    first_at: datetime | None = None
    last_at: datetime | None = None
    """When the first and the last of these were settled."""
    working_s: float = 0.0
    """How long it took, without the pauses: quiet hours, a campaign on hold."""

    @property
    def per_second(self) -> float | None:
        """Messages settled in a second of work; None when there was too little to tell."""
        return self.tried / self.working_s if self.working_s else None
