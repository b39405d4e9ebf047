"""What a town is made of: residents and their wishes, campaigns, workshops, and what may befall them, as plain values.

The wall clock here is worked out from the time zone alone, minute by minute; it is what the product's calendar is held
against.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Warsaw")
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVENING, MORNING = time(21), time(8)
PEOPLE = 24
CALM = 14
"""Residents whom only what is for everybody reaches."""
HOURS = range(8, 21)
"""At which a tip may come."""
TIP_HOURS = (8, 9, 12, 17, 20)
"""At which it comes here, for somebody."""


@lru_cache(maxsize=4096)
def wall(day: date, shows: time) -> datetime:
    """The first minute of a day at which a clock on the wall shows this time or a later one."""
    at = datetime.combine(day, time(), tzinfo=ZONE).astimezone(UTC)
    while at.astimezone(ZONE).time() < shows:
        at += MINUTE
    return at


def local(at: datetime) -> datetime:
    return at.astimezone(ZONE)


def is_quiet(at: datetime) -> bool:
    return not MORNING <= local(at).time() < EVENING


# --- what there is


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a resident said they want; the fields are columns of `residents`."""

    language: str
    district: int
    tip_hour: int | None
    campaigns: bool
    alerts: bool


@dataclass(frozen=True, slots=True)
class Spec:
    """A campaign: the rule as the product reads it (`cron`, or `once`), and again as people say it (`on`, `shows`)."""

    mark: str
    kind: str
    cron: str = ""
    on: Callable[[date], bool] = lambda _: True
    shows: time = time()
    skip: frozenset[date] = frozenset()
    once: datetime | None = None
    districts: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def is_alert(self) -> bool:
        return self.kind == "alert"


@dataclass(frozen=True, slots=True)
class Course:
    """A workshop, and who booked in which order; whoever finds no place waits."""

    mark: str
    starts_at: datetime
    capacity: int
    booked: tuple[int, ...]


# --- what befalls it


@dataclass(frozen=True, slots=True)
class Change:
    who: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    who: int


@dataclass(frozen=True, slots=True)
class Return:
    """They unblock the bot and write to it."""

    who: int


@dataclass(frozen=True, slots=True)
class Erase:
    who: int


@dataclass(frozen=True, slots=True)
class Pause:
    mark: str


@dataclass(frozen=True, slots=True)
class Resume:
    mark: str


@dataclass(frozen=True, slots=True)
class Open:
    """A workshop can be booked, and is."""

    course: Course


@dataclass(frozen=True, slots=True)
class GiveBack:
    who: int
    course: str


@dataclass(frozen=True, slots=True)
class CallOff:
    course: str


@dataclass(frozen=True, slots=True)
class Flood:
    """The channel asks for silence at the next message, for this long."""

    silence: timedelta


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """The channel takes the next message, and nobody learns of it."""


@dataclass(frozen=True, slots=True)
class Restart:
    """The program is stopped as it should be, and started again."""


@dataclass(frozen=True, slots=True)
class Doom:
    """The program will die when it has touched the database or the channel this many times more."""

    touches: int
    away: timedelta


@dataclass(frozen=True, slots=True)
class Off:
    """The program is off for this long."""

    until: datetime


Step = (
    Change
    | Block
    | Return
    | Erase
    | Pause
    | Resume
    | Open
    | GiveBack
    | CallOff
    | Flood
    | LoseAnswer
    | Restart
    | Doom
    | Off
)
OF_ONE = (Change, Block, Return, Erase)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant at which the program looks at what is due, after something befell it, perhaps."""

    at: datetime
    step: Step | None = None
    sweep: bool = False

    @property
    def happens_late(self) -> bool:
        """Whether it still happens when the program was off at its time."""
        return self.step is not None and not isinstance(self.step, Doom | Flood | LoseAnswer | Restart)


@dataclass(frozen=True, slots=True)
class Town:
    """A plan, from its first instant to its last."""

    start: datetime
    end: datetime
    people: Mapping[int, Wishes]
    specs: tuple[Spec, ...]
    courses: tuple[Course, ...]
    steps: tuple[tuple[datetime, Step], ...]
    seed: int
    deaths: int
    calm_from: datetime
    """From here on the program lives on without a break."""

    @property
    def days(self) -> Iterator[date]:
        day = local(self.start).date()
        while day <= local(self.end).date():
            yield day
            day += DAY

    def slots(self, spec: Spec) -> Iterator[datetime]:
        """When a campaign is due, within the plan, in order."""
        if spec.once:
            yield spec.once
            return
        for day in self.days:
            if spec.on(day) and day not in spec.skip and self.start < (at := wall(day, spec.shows)) <= self.end:
                yield at
