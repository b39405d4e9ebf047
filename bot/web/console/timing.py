"""The form that gives a campaign its time: simple choices, or a rule's line for the experienced."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from pydantic import BaseModel, Field

from bot.catalogue.schema import LONGEST_WINDOW_H
from bot.web.console.telling import WEEKDAYS
from scheduler.calendar import ZONE, next_slot, parse_local
from scheduler.errors import CalendarError, NeverFires, SchedulerError, SlotInPast
from scheduler.model import Campaign, OneOff, Recurring, Schedule


class How(StrEnum):
    """Ways to say when."""

    ONCE = "once"
    NOW = "now"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    CRON = "cron"


class Weekday(StrEnum):
    """Days of the week as rules write them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Timing(BaseModel):
    """The form, as it was sent; only the fields of the way that was chosen count."""

    how: How
    at: str = ""
    time: str = ""
    weekdays: list[Weekday] = []
    month_day: int | None = Field(default=None, ge=1, le=31)
    cron: str = Field(default="", max_length=200)
    window: int = Field(ge=1, le=LONGEST_WINDOW_H)

    @property
    def lasts(self) -> timedelta:
        """How long after its time a message may still leave."""
        return timedelta(hours=self.window)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A field that keeps the form from being a schedule; without an error it is empty."""

    field: str
    error: SchedulerError | None = None


_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?")


def read_timing(form: Timing, now: datetime) -> Schedule | Wrong:
    """When the form says, or the field that does not let it."""
    match form.how:
        case How.NOW:
            return OneOff(now)
        case How.ONCE:
            return _once(form.at, now)
        case How.CRON:
            return _rule(form.cron, "cron", now) if form.cron else Wrong("cron")
        case How.DAILY | How.WEEKLY | How.MONTHLY:
            return _simple(form, now)
        case _:
            assert_never(form.how)


def _once(text: str, now: datetime) -> Schedule | Wrong:
    if not text:
        return Wrong("at")
    try:
        at = parse_local(text.replace("T", " ")[:16])  # browsers may add seconds
    except CalendarError as error:
        return Wrong("at", error)
    return OneOff(at) if at >= now else Wrong("at", SlotInPast())


def _simple(form: Timing, now: datetime) -> Schedule | Wrong:
    time = _TIME.fullmatch(form.time)
    if time is None:
        return Wrong("time")
    if form.how is How.WEEKLY and not form.weekdays:
        return Wrong("weekdays")
    if form.how is How.MONTHLY and form.month_day is None:
        return Wrong("month_day")
    day = form.month_day if form.how is How.MONTHLY else "*"
    weekdays = ",".join(sorted(set(form.weekdays), key=WEEKDAYS.index)) if form.how is How.WEEKLY else "*"
    return _rule(f"{int(time[2])} {int(time[1])} {day} * {weekdays}", "time", now)


def _rule(line: str, field: str, now: datetime) -> Schedule | Wrong:
    rule = Recurring(line)
    try:
        fires = next_slot(rule, after=now)
    except CalendarError as error:
        return Wrong(field, error)
    return rule if fires else Wrong(field, NeverFires())


# --- the form as it comes


def filled_in(campaign: Campaign) -> Mapping[str, Any]:
    """The fields for the time that a campaign has; a single one in an hour's choice when it has none."""
    fields: dict[str, Any] = {"how": How.ONCE, "at": "", "time": "", "weekdays": [], "month_day": "", "cron": ""}
    fields["window"] = max(campaign.window_s // 3600, 1)
    match campaign.schedule:
        case OneOff(at):
            fields["at"] = f"{at.astimezone(ZONE):%Y-%m-%dT%H:%M}"
        case Recurring(cron):
            fields |= _taken_apart(cron)
        case None:
            pass
    return fields


_DAILY = re.compile(r"(?P<minute>\d{1,2}) (?P<hour>\d{1,2}) \* \* \*")
_WEEKLY = re.compile(rf"(?P<minute>\d{{1,2}}) (?P<hour>\d{{1,2}}) \* \* (?P<days>(?:{'|'.join(WEEKDAYS)}|,)+)")
_MONTHLY = re.compile(r"(?P<minute>\d{1,2}) (?P<hour>\d{1,2}) (?P<day>\d{1,2}) \* \*")
_More = Callable[[re.Match[str]], dict[str, Any]]
_SHAPES: tuple[tuple[How, re.Pattern[str], _More], ...] = (
    (How.DAILY, _DAILY, lambda _: {}),
    (How.WEEKLY, _WEEKLY, lambda found: {"weekdays": found["days"].split(",")}),
    (How.MONTHLY, _MONTHLY, lambda found: {"month_day": found["day"]}),
)


def _taken_apart(cron: str) -> dict[str, Any]:
    for how, shape, more in _SHAPES:
        if found := shape.fullmatch(cron):
            time = f"{int(found['hour']):02}:{int(found['minute']):02}"
            return {"how": how, "time": time, "cron": cron} | more(found)
    return {"how": How.CRON, "cron": cron}
