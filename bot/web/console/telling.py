"""What the ledger and the histories of campaigns say, in the member's words."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from bot.services.campaign_texts import REVISED
from bot.services.campaigns import SENT_BACK
from bot.services.notices import WITHOUT_SECOND
from bot.web.console.visit import Visit
from scheduler.calendar import parse_local
from scheduler.errors import CalendarError
from scheduler.ledger.campaigns import CREATED
from scheduler.ledger.runs import EMPTY
from scheduler.lifecycle import MISSED, PAUSED_FOR
from scheduler.model import Balance, CampaignState, DeliveryState, OneOff, RunState, Schedule

TONES: Mapping[CampaignState | RunState, str] = {
    CampaignState.DRAFT: "calm",
    CampaignState.IN_REVIEW: "wait",
    CampaignState.APPROVED: "wait",
    CampaignState.SCHEDULED: "good",
    CampaignState.RUNNING: "good",
    CampaignState.PAUSED: "bad",
    CampaignState.FINISHED: "calm",
    CampaignState.CANCELLED: "calm",
}
"""State → the tone of its badge; a run's states have the names, and the tones, of the campaign's."""
MONDAY = date(2024, 1, 1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As rules write them; Monday first, as people here count."""


# --- numbers


def balance(visit: Visit, found: Balance) -> str:
    """The ledger's balance: `4 112 = 4 060 sent + 31 blocked + …`."""
    words = visit.looks.words
    counts = [visit.say(f"campaigns.count.{state.value}", n=found[state]) for state in DeliveryState if found[state]]
    return f"{words.number(found.audience, visit.language)} = {' + '.join(counts) or '0'}"


def span(visit: Visit, seconds: float) -> str:
    """How long something takes, as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [("hours", hours), ("minutes", minutes), ("seconds", rest)]
    said = [visit.say(f"campaigns.span.{unit}", n=number) for unit, number in parts if number]
    return " ".join(said[:2]) or visit.say("campaigns.span.moment")


def speed(visit: Visit, per_second: float) -> str:
    """Messages a second, to one place."""
    return visit.looks.words.number(round(per_second, 1), visit.language)


# --- rules


def rule(visit: Visit, when: Schedule) -> str:
    """When a campaign leaves: a moment, or a rule in words; one that has no simple words as it is written."""
    if isinstance(when, OneOff):
        return visit.looks.words.moment(when.at, visit.language)
    return cron(visit, when.cron)


_SIMPLE = re.compile(r"(\d{1,2}) (\d{1,2}) (\*|\d{1,2}) \* (\*|[a-z]{3}(?:,[a-z]{3})*)")


def cron(visit: Visit, line: str) -> str:
    """A rule in words, if it is one of those that the form makes."""
    found = _SIMPLE.fullmatch(line)
    if found is None:
        return visit.say("campaigns.rule.cron", cron=line)
    minute, hour, day, weekdays = found.groups()
    time = f"{int(hour)}:{int(minute):02}"
    if day == "*" and weekdays == "*":
        return visit.say("campaigns.rule.daily", time=time)
    if day == "*" and all(one in WEEKDAYS for one in weekdays.split(",")):
        days = ", ".join(weekday(visit, WEEKDAYS.index(one)) for one in weekdays.split(","))
        return visit.say("campaigns.rule.weekly", days=days, time=time)
    if weekdays == "*":
        return visit.say("campaigns.rule.monthly", day=day, time=time)
    return visit.say("campaigns.rule.cron", cron=line)


def weekday(visit: Visit, place: int, *, short: bool = False) -> str:
    """The name of a day of the week, from 0 for Monday."""
    return visit.looks.words.weekday(MONDAY + timedelta(days=place), visit.language, short=short)


# --- histories

Line = Callable[[Visit, re.Match[str]], str]


def _plain(key: str, *names: str) -> Line:
    """Words that take the groups of a line as they are."""
    return lambda visit, found: visit.say(f"campaigns.history.{key}", **dict(zip(names, found.groups(), strict=True)))


def _at(visit: Visit, found: re.Match[str]) -> str:
    try:
        when = visit.looks.words.moment(parse_local(found[1]), visit.language)
    except CalendarError:  # the hour that autumn repeats: better as it is than guessed
        when = found[1]
    return visit.say("campaigns.history.scheduled", when=when)


def _rule(visit: Visit, found: re.Match[str]) -> str:
    said = visit.say("campaigns.history.scheduled", when=cron(visit, found[1]))
    return f"{said}; {visit.say('campaigns.not_on', days=found[2])}" if found[2] else said


def _paused(visit: Visit, found: re.Match[str]) -> str:
    return visit.say("campaigns.history.paused_for", reason=reason(visit, found[1]))


def _opened(visit: Visit, found: re.Match[str]) -> str:
    said = visit.say("campaigns.history.opened", n=int(found[1]))
    return f"{said}; {visit.say('campaigns.history.missed', n=int(found[2]))}" if found[2] else said


def _counted(key: str) -> Line:
    return lambda visit, found: visit.say(f"campaigns.history.{key}", n=int(found[1]))


_ONE_WORD = (CREATED, "submitted", "approved", REVISED, "unscheduled", "paused", "resumed", "cancelled", "finished")
_LINES: tuple[tuple[re.Pattern[str], Line], ...] = tuple(
    (re.compile(pattern, re.DOTALL), line)
    for pattern, line in (
        *((word, _plain(word)) for word in _ONE_WORD),
        ("sent at once", _plain("at_once")),
        ("scheduled", _plain("waits")),
        (r"scheduled for (\d{4}-\d\d-\d\d \d\d:\d\d)", _at),
        (r"scheduled for (.+?)(?:, not on (.+))?", _rule),
        (r"skips (.+)", _plain("skips", "day")),
        (re.escape(SENT_BACK) + "(.*)", _plain("sent_back", "reason")),
        (re.escape(WITHOUT_SECOND) + "(.*)", _plain("alone", "reason")),
        (re.escape(PAUSED_FOR) + "(.*)", _paused),
        (r"opened \S+ for (\d+)(?:, missed (\d+) before it)?", _opened),
        (r"missed (\d+), the last at .+", _counted("missed")),
        (r"sends again what failed in \S+: (\d+)", _counted("again")),
        (r"sent a test in (.+)", _plain("test", "language")),
        (r"copied from campaign (\d+)", _plain("copied", "number")),
    )
)


def history(visit: Visit, what: str) -> str:
    """A line of a history; one that we have no words for as it is."""
    return _told(visit, what, _LINES)


_REASONS: tuple[tuple[re.Pattern[str], Line], ...] = tuple(
    (re.compile(pattern, re.DOTALL), line)
    for pattern, line in (
        (re.escape(EMPTY), _plain("nobody")),
        (re.escape(MISSED), _plain("too_late")),
        (
            r"(\d+) of the last (\d+) failed, most often: (.*)",
            _plain("failing", "failed", "of", "reason"),
        ),
        (r"its audience could not be written: (.*)", _plain("unwritten", "reason")),
    )
)


def reason(visit: Visit, text: str | None) -> str:
    """Why a campaign or a run stands as it does; a person's own words as they are."""
    return _told(visit, text, _REASONS) if text else ""


def _told(visit: Visit, text: str, lines: tuple[tuple[re.Pattern[str], Line], ...]) -> str:
    for pattern, line in lines:
        if found := pattern.fullmatch(text):
            return line(visit, found)
    return text


def who(visit: Visit, name: str) -> str:
    """Who did something: a member by name, a part of the program by what it is."""
    key = f"campaigns.who.{name}"
    return visit.say(key) if visit.looks.words.has(key) else name
