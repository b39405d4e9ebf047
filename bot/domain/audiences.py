"""Whom a campaign is for, who is left out and why, and who is held out on purpose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from bot.domain.areas import AgeBand, Area

ANY_WORKSHOP = "any"


@dataclass(frozen=True, slots=True)
class Filter:
    """Whom a campaign is for, among those who agreed to its kind; empty means no condition, and all must hold."""

    topics: tuple[Area, ...] = ()
    districts: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    ages: tuple[AgeBand, ...] = ()
    channels: tuple[str, ...] = ()
    active_days: int | None = None
    silent_days: int | None = None
    quiz_taken: str | None = None
    quiz_not_taken: str | None = None
    booked: int | str | None = None
    """A workshop's number, or ANY_WORKSHOP."""
    not_booked: int | str | None = None
    held_out: int = 0
    """Percent of those it would reach."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Filter":
        """From a campaign's audience, as the ledger keeps it (`catalogue.schema.AudienceFilter` as JSON)."""
        return cls(
            topics=tuple(map(Area, values.get("topics", ()))),
            districts=tuple(values.get("districts", ())),
            languages=tuple(values.get("languages", ())),
            ages=tuple(map(AgeBand, values.get("ages", ()))),
            channels=tuple(values.get("channels", ())),
            active_days=values.get("active_days"),
            silent_days=values.get("silent_days"),
            quiz_taken=values.get("quiz_taken"),
            quiz_not_taken=values.get("quiz_not_taken"),
            booked=values.get("booked"),
            not_booked=values.get("not_booked"),
            held_out=values.get("held_out", 0),
        )


class Standing(StrEnum):
    """Why a resident is in a campaign's audience or not: the first of these that holds."""

    BROWSER = "browser"
    """They talk to us on a page that may be closed: we cannot write first."""
    OFF = "off"
    """Their channel is not switched on."""
    LANGUAGE = "language"
    TOPIC = "topic"
    DISTRICT = "district"
    AGE = "age"
    CHANNEL = "channel"
    ACTIVITY = "activity"
    QUIZ = "quiz"
    WORKSHOP = "workshop"
    MUTED = "muted"
    """They did not agree to this kind of message."""
    BLOCKED = "blocked"
    CAPPED = "capped"
    """They have had as many messages as there may be in a week."""
    HELD_OUT = "held_out"
    """They are in the audience, and get nothing, for the comparison."""
    REACHED = "reached"


@dataclass(frozen=True, slots=True)
class Count:
    """How many residents a campaign would reach now, and how many not, by reason."""

    of: Mapping[Standing, int] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)
    """Account → how many of those reached are on it."""

    @property
    def reached(self) -> int:
        """How many would get it."""
        return self.of.get(Standing.REACHED, 0)


PRIME = 2**31 - 1
"""A product of two numbers below it fits 64 bits, so that every database computes the same."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Which residents a campaign holds out: the same in each of its runs, and others than another campaign does.

    A resident is drawn when `((a * resident + b) % PRIME * resident + c) % PRIME % 100 < percent`: hashing by a
    polynomial (Wegman and Carter, 1981), which needs nothing but the integers that every database has.
    """

    a: int
    b: int
    c: int
    percent: int

    @classmethod
    def of(cls, campaign_id: int, percent: int) -> "Draw":
        """A campaign's own draw, fixed for all time by its number."""
        digest = sha256(b"held out: %d" % campaign_id).digest()
        a, b, c = (int.from_bytes(digest[start : start + 8], "big") % PRIME for start in (0, 8, 16))
        return cls(a, b, c, percent)

    def holds(self, resident_id: int) -> bool:
        """Whether this resident is held out."""
        return ((self.a * resident_id + self.b) % PRIME * resident_id + self.c) % PRIME % 100 < self.percent
