"""What residents should have been sent, said plainly, and what was wrong with what they were sent.

It knows the plan of the town, when the program looked, and what reached whom. Of the product it uses nothing: the times
come from the wall clock of `town`, the audiences from the residents' own wishes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cached_property

from tests.acceptance.months.notes import Notes, Received, Row
from tests.acceptance.months.town import (
    DAY,
    EVENING,
    HOUR,
    HOURS,
    MINUTE,
    MORNING,
    OF_ONE,
    Block,
    CallOff,
    Change,
    Course,
    Erase,
    GiveBack,
    Open,
    Pause,
    Resume,
    Return,
    Spec,
    Step,
    Town,
    Wishes,
    is_quiet,
    local,
    wall,
)

SOON = 5 * MINUTE
"""How long after its time a message may reach the last resident: a run, a death with its pause, and a second try."""
BROADCAST_WINDOW = 24 * HOUR
TIP_WINDOW = 4 * HOUR
CAP, WEEK = 5, 7 * DAY
AHEAD = timedelta(seconds=2)
"""What was on its way when quiet hours began, or when they changed their mind."""
REMINDERS = (("24h", 24 * HOUR, 3 * HOUR), ("2h", 2 * HOUR, HOUR / 2))


@dataclass(frozen=True, slots=True)
class Due:
    """One message that one resident should get."""

    mark: str
    who: int
    at: datetime
    until: datetime
    slot: datetime
    again: bool = False
    """Whether it is sent again when nobody knows if it arrived."""


class Oracle:
    """The whole truth about two months."""

    def __init__(self, town: Town, notes: Notes) -> None:
        self._town = town
        self._notes = notes

    # --- whom and when

    def wishes(self, who: int, at: datetime) -> Wishes | None:
        """What they want at an instant; None when they have blocked the bot, or are gone."""
        wishes, away = self._town.people[who], False
        for _, step in self._steps(at, who):
            match step:
                case Change(_, values):
                    wishes = replace(wishes, **values)
                case Block() | Erase():
                    away = True
                case Return():
                    away = False
                case _:
                    pass
        return None if away else wishes

    def _steps(self, until: datetime, who: int) -> Iterator[tuple[datetime, Step]]:
        return (
            (at, step) for at, step in self._notes.steps if isinstance(step, OF_ONE) and step.who == who and at <= until
        )

    def _looked(
        self, since: datetime, before: datetime, fits: Callable[[datetime], bool] = lambda _: True
    ) -> datetime | None:
        """When the program first looked in a span."""
        return next((at for at in self._notes.looks if since <= at < before and fits(at)), None)

    # --- campaigns

    def openings(self, spec: Spec) -> Iterator[tuple[datetime, datetime]]:
        """When a campaign's runs should open, and for which slot.

        At each slot; after a time off once, for the newest, if that is not too old.
        """
        newest: dict[datetime, datetime] = {}
        for slot in self._town.slots(spec):
            if any(since <= slot < until for since, until in self._held(spec)):
                continue
            look = self._looked(slot, self._town.end + DAY, lambda at: spec.is_alert or not is_quiet(at))
            if look:
                newest[look] = slot
        for look, slot in newest.items():
            if look < self._released(spec, slot) + BROADCAST_WINDOW:
                yield look, slot

    def _released(self, spec: Spec, slot: datetime) -> datetime:
        if spec.is_alert or not is_quiet(slot):
            return slot
        day = local(slot).date()
        return wall(day + DAY if local(slot).time() >= EVENING else day, MORNING)

    def _held(self, spec: Spec) -> Iterator[tuple[datetime, datetime]]:
        since = None
        for at, step in self._notes.steps:
            match step:
                case Pause(spec.mark):
                    since = at
                case Resume(spec.mark) if since:
                    yield since, at
                case _:
                    pass

    def _until(self, spec: Spec, opened_at: datetime) -> datetime:
        """The last instant at which a run's messages may come: later when it was held, or ran into quiet hours."""
        until = opened_at + SOON
        for since, resumed_at in self._held(spec):
            if opened_at <= since < until:
                until = resumed_at + SOON
        if not spec.is_alert and is_quiet(until):
            until = wall(local(until).date() + DAY, MORNING) + SOON
        return until

    def broadcasts(self) -> list[Due]:
        """Everything of every campaign, in the order of its opening."""
        order = {spec.mark: place for place, spec in enumerate(self._town.specs)}
        opened = [(at, slot, spec) for spec in self._town.specs for at, slot in self.openings(spec)]
        found: list[Due] = []
        for at, slot, spec in sorted(opened, key=lambda one: (one[0], one[1], order[one[2].mark])):
            until = self._until(spec, at)
            wanting = [who for who in self._town.people if self._is_for(spec, who, at, found)]
            found += [Due(spec.mark, who, at, until, slot, spec.is_alert) for who in wanting]
        return found

    def _is_for(self, spec: Spec, who: int, at: datetime, before: list[Due]) -> bool:
        wishes = self.wishes(who, at)
        if wishes is None:
            return False
        if spec.is_alert:
            return wishes.alerts
        lives = not spec.districts or wishes.district in spec.districts
        reads = not spec.languages or wishes.language in spec.languages
        return wishes.campaigns and lives and reads and self._this_week(who, at, before) < CAP

    def _this_week(self, who: int, at: datetime, before: list[Due]) -> int:
        """Campaigns of the last seven days that reached them, or may have, or are on their way."""
        alerts = {spec.mark for spec in self._town.specs if spec.is_alert}
        mine = [due for due in before if due.who == who and due.mark not in alerts and due.slot > at - WEEK]
        return sum(map(self._counts, mine))

    def _counts(self, due: Due) -> bool:
        row = self.row(due)
        return row is None or row.state in {"sent", "uncertain"}

    # --- the tip of the day

    def tips(self) -> Iterator[Due]:
        """One a day, at the hour that is theirs when it comes."""
        for day in self._town.days:
            had: set[int] = set()
            for slot in (wall(day, time(hour)) for hour in HOURS):
                at = self._looked(slot, slot + TIP_WINDOW)
                wanting = self._wanting_tips(local(slot).hour, at) - had if at else set()
                had |= wanting
                yield from (Due("tip", who, at, min(at + SOON, slot + TIP_WINDOW), slot) for who in wanting if at)

    def _wanting_tips(self, hour: int, at: datetime) -> set[int]:
        everybody = ((who, self.wishes(who, at)) for who in self._town.people)
        return {who for who, wishes in everybody if wishes and wishes.tip_hour == hour}

    # --- workshops

    def reminders(self) -> Iterator[Due]:
        for course in self._town.courses:
            yield from self._word(course)
            for occasion, ahead, latest in REMINDERS:
                moment = _by_day(course.starts_at - ahead)
                ends_at = course.starts_at - latest
                at = self._looked(moment, ends_at)
                if at and moment < ends_at:
                    coming, _ = self._places(course, [step for since, step in self._notes.steps if since <= at])
                    for who in coming:
                        yield Due(f"{occasion} {course.mark}", who, at, min(at + SOON, ends_at), moment, again=True)

    def _places(self, course: Course, steps: Iterable[Step]) -> tuple[list[int], list[int]]:
        """Who comes and who waits after some steps, each for one place; nobody does when it was called off."""
        coming: list[int] = []
        waiting: list[int] = []
        for step in steps:
            match step:
                case Open(opened) if opened == course:
                    coming, waiting = list(course.booked[: course.capacity]), list(course.booked[course.capacity :])
                case CallOff(course.mark):
                    return [], []
                case GiveBack(who, course.mark) | Erase(who):
                    coming, waiting = ([one for one in those if one != who] for those in (coming, waiting))
                case _:
                    pass
            while waiting and len(coming) < course.capacity:
                coming.append(waiting.pop(0))
        return coming, waiting

    def _word(self, course: Course) -> Iterator[Due]:
        """Who is told that it is off, or that a place is theirs now."""
        taken: list[Step] = []
        for at, step in self._notes.steps:
            before, waited = self._places(course, taken)
            taken.append(step)
            now, _ = self._places(course, taken)
            if at >= course.starts_at or step == Open(course):
                continue
            told = [*before, *waited] if step == CallOff(course.mark) else []
            yield from (Due(f"off {course.mark}", who, at, at + SOON, at, again=True) for who in told)
            moved = [who for who in now if who not in before]
            yield from (Due(f"moved {course.mark}", who, at, at + SOON, at, again=True) for who in moved)

    # --- what was wrong

    @cached_property
    def due(self) -> list[Due]:
        found = [*self.broadcasts(), *self.tips(), *self.reminders()]
        return [due for due in found if self.wishes(due.who, due.at)]

    @cached_property
    def _given(self) -> dict[tuple[str, int], list[Received]]:
        found = defaultdict(list)
        for one in self._notes.received:
            found[one.mark, one.who].append(one)
        return found

    @cached_property
    def _rows(self) -> dict[tuple[str, int], list[Row]]:
        found = defaultdict(list)
        for row in self._notes.rows:
            found[row.mark, row.who].append(row)
        return found

    def row(self, due: Due) -> Row | None:
        """What the ledger says of it."""
        return next((row for row in self._rows[due.mark, due.who] if due.at <= row.opened_at <= due.at + SOON), None)

    def faults(self) -> list[str]:
        """Everything that is not as it should be, in words."""
        return [*self.wrong_messages(), *self.wrong_counts()]

    def wrong_messages(self) -> Iterator[str]:
        """Messages to those who do not want them, in quiet hours, or of nothing that was due."""
        spans: dict[tuple[str, int], list[Due]] = defaultdict(list)
        for due in self.due:
            spans[due.mark, due.who].append(due)
        alerts = {spec.mark for spec in self._town.specs if spec.is_alert}
        for one in self._notes.received:
            if not self._wants(one, one.at) and not self._wants(one, one.at - AHEAD):
                yield f"{one.mark} to {one.who} at {one.at}: unwanted"
            if one.mark not in alerts and is_quiet(one.at) and is_quiet(one.at - AHEAD):
                yield f"{one.mark} to {one.who} at {local(one.at)}: in quiet hours"
            if not any(due.at <= one.at <= due.until for due in spans[one.mark, one.who]):
                yield f"{one.mark} to {one.who} at {local(one.at)}: was not due"

    def _wants(self, one: Received, at: datetime) -> bool:
        wishes = self.wishes(one.who, at)
        if wishes is None:
            return False
        if one.mark == "tip":
            return wishes.tip_hour is not None
        spec = next((spec for spec in self._town.specs if spec.mark == one.mark), None)
        return spec is None or (wishes.alerts if spec.is_alert else wishes.campaigns)

    def wrong_counts(self) -> Iterator[str]:
        """Messages that did not come, or came more often than they may."""
        for due in self.due:
            times = sum(due.at <= one.at <= due.until for one in self._given.get((due.mark, due.who), ()))
            row = self.row(due)
            if times == 0 and not self._may_be_missing(due, row):
                yield f"{due.mark} to {due.who} at {local(due.at)}: missing, the ledger says {row and row.state}"
            if times > 1 + (row.doubts if row and due.again else 0):
                yield f"{due.mark} to {due.who} at {local(due.at)}: {times} times"

    def _may_be_missing(self, due: Due, row: Row | None) -> bool:
        """They changed their mind meanwhile; or a death left it open, and its kind is not sent twice."""
        changed = any(due.at <= at <= due.until for at, _ in self._steps(due.until, due.who))
        died = any(due.at <= at <= due.until for at in self._notes.deaths)
        return changed or (died and not due.again and row is not None and row.state == "uncertain")


def _by_day(at: datetime) -> datetime:
    """The same moment, but from late evening that evening at eight, and from the night the next morning at eight."""
    if not is_quiet(at):
        return at
    if local(at).time() >= EVENING:
        return wall(local(at).date(), time(20))
    return wall(local(at).date(), MORNING)
