"""The plan of the months: who lives in the town, what they are to be sent, and what befalls whom and when."""

import random  # noqa: TID251 - seeded: the same months each time
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from tests.acceptance.months.town import (
    CALM,
    DAY,
    HOUR,
    MINUTE,
    PEOPLE,
    SECOND,
    TIP_HOURS,
    Block,
    CallOff,
    Change,
    Course,
    Doom,
    Erase,
    Flood,
    GiveBack,
    LoseAnswer,
    Moment,
    Off,
    Open,
    Pause,
    Restart,
    Resume,
    Return,
    Spec,
    Step,
    Town,
    Wishes,
    wall,
)


def people() -> dict[int, Wishes]:
    """Of every district, language and tip hour somebody; some want no tips, some no campaigns, some no alerts."""
    calm = Wishes(language="uk", district=7, tip_hour=None, campaigns=True, alerts=False)
    return {
        who: Wishes(
            language=("pl", "uk", "en")[who % 3],
            district=1 + who % 6,
            tip_hour=TIP_HOURS[who % len(TIP_HOURS)] if who <= PEOPLE // 2 else None,
            campaigns=who % 8 != 7,
            alerts=who % 4 == 0,
        )
        for who in range(1, PEOPLE + 1)
    } | dict.fromkeys(range(PEOPLE + 1, PEOPLE + CALM + 1), calm)


def specs(change: date) -> tuple[Spec, ...]:
    """Recurring campaigns of every kind of rule, around a change of the clock."""
    skipped = frozenset({change, change + DAY, change + 9 * DAY})
    return (
        Spec("daily", "news", "0 12 * * *", shows=time(12), districts=(1,)),
        Spec("twin", "tip", "0 12 * * tue,thu", lambda day: day.weekday() in (1, 3), time(12), districts=(1,)),
        Spec("weekdays", "quiz", "30 17 * * mon-fri", lambda day: day.weekday() < 5, time(17, 30), districts=(2,)),
        Spec("weekly", "tip", "15 9 * * 1", lambda day: day.weekday() == 0, time(9, 15)),
        Spec("monthly", "workshop", "0 10 31 * *", lambda day: day.day == 31, time(10), languages=("pl", "en")),
        Spec("odd hour", "alert", "30 2 * * sat,sun,mon", lambda day: day.weekday() in (5, 6, 0), time(2, 30)),
        Spec("odd sunday", "news", "45 2 * * sun", lambda day: day.weekday() == 6, time(2, 45), districts=(3,)),
        Spec("late", "news", "0 22 * * wed", lambda day: day.weekday() == 2, time(22), districts=(3,)),
        Spec(
            "skips",
            "news",
            "45 15 * * */2",
            lambda day: day.isoweekday() % 7 % 2 == 0,
            time(15, 45),
            skipped,
            districts=(4,),
        ),
        Spec("held", "quiz", "20 11 * * *", shows=time(11, 20), districts=(5,)),
        Spec("night", "alert", once=wall(change + DAY, time(3, 10)) + 20 * SECOND),
        Spec("crossing", "news", once=wall(change + 16 * DAY, time(20, 59)) + 56 * SECOND),
    )


def courses(change: date) -> tuple[Course, ...]:
    """Workshops whose reminders fall over the change, into the evening, into the night."""

    def at(days: int, hour: int, minute: int = 0) -> datetime:
        return wall(change + days * DAY, time(hour, minute))

    return (
        Course("first", at(-27, 17), 5, (1, 2, 3)),
        Course("plain", at(-20, 17), 10, (1, 2, 3, 4)),
        Course("over the change", at(0, 10), 10, (3, 4, 5, 6)),
        Course("at nine", at(0, 9), 10, (7, 8)),
        Course("too early", at(1, 8, 15), 10, (9, 10)),
        Course("by night", at(3, 23, 15), 10, (1, 11, 12)),
        Course("called off", at(8, 16), 2, (2, 13, 14)),
        Course("popular", at(12, 18), 2, (15, 16, 17, 18)),
    )


def _walk(change: date, dice: random.Random) -> Iterator[tuple[datetime, Step]]:
    """What befalls residents, campaigns and workshops."""

    def at(days: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
        return wall(change + days * DAY, time(hour, minute)) + timedelta(seconds=second)

    # Another hour for the tip: later, after it came; earlier, before it came; off and on again.
    yield at(-24, 10, 10), Change(1, {"tip_hour": 20})
    yield at(-15, 12, 30), Change(1, {"tip_hour": 9})
    yield at(-1, 23, 5), Change(2, {"tip_hour": 8})
    yield at(0, 8, 30), Change(3, {"tip_hour": 12})
    yield at(-18, 10, 40), Change(4, {"tip_hour": None})
    yield at(-10, 7, 50), Change(4, {"tip_hour": 8})
    # Campaigns and alerts off and on; one of them in the middle of a run.
    yield at(-22, 13, 20), Change(6, {"campaigns": False})
    yield at(-12, 9, 10), Change(6, {"campaigns": True})
    yield at(-8, 12, 0, 2), Change(18, {"campaigns": False})
    yield at(-7, 21, 40), Change(8, {"alerts": False})
    yield at(0, 1, 20), Change(8, {"alerts": True})
    yield at(5, 14, 0), Change(12, {"campaigns": False, "alerts": False, "tip_hour": None})
    # Blocked, one for good; erased, one in the middle of a run.
    yield at(-19, 11, 5), Block(9)
    yield at(-4, 19, 30), Block(10)
    yield at(6, 10, 20), Return(10)
    yield at(2, 2, 30, 2), Erase(24)
    yield at(-6, 16, 0), Erase(19)
    # Staff pause a campaign for days, and in the middle of a run.
    yield at(-16, 10, 0), Pause("held")
    yield at(-13, 13, 0), Resume("held")
    yield at(8, 9, 15, 4), Pause("weekly")
    yield at(8, 10, 0), Change(21, {"campaigns": False})
    yield at(8, 11, 15), Resume("weekly")
    # Workshops are opened, one is called off, places move.
    for place, course in enumerate(courses(change)):
        yield max(at(-30, 6), course.starts_at - 9 * DAY) + place * MINUTE, Open(course)
    yield at(6, 12, 0), CallOff("called off")
    yield at(10, 10, 5), GiveBack(16, "popular")
    yield at(11, 12, 15), Erase(15)
    # An alert's answer is lost; the channel asks for silence in the middle of a run.
    yield at(1, 3, 10, 20), LoseAnswer()
    yield at(16, 20, 59, 55), Flood(40 * SECOND)
    # The program is off: over a slot; over a whole day and the send windows in it; from the middle of a run.
    yield at(-24, 11, 30), Off(at(-24, 12, 40))
    yield at(-10, 17, 0), Off(at(-8, 10, 0))
    yield at(13, 12, 0, 1), Off(at(13, 12, 3))
    for _ in range(6):
        day, hour = dice.randrange(-28, 15), dice.choice((2.5, 9, 11.334, 12, 15.75, 17.5))
        yield at(day, 0) + hour * HOUR + timedelta(seconds=dice.uniform(0.2, 6)), Restart()


def moments(town: Town) -> list[Moment]:
    """When the program looks: at every full hour of the day and a few of the night, at each slot, just before some of
    them, and whenever something befalls somebody. In life it looks every second; between these nothing is due.
    """
    dice = random.Random(town.seed)  # noqa: S311 - dice, no secrets
    slots = [at for spec in town.specs for at in town.slots(spec)]
    slots += [wall(day, time(hour)) for day in town.days for hour in TIP_HOURS]
    late = [at + timedelta(seconds=dice.uniform(0, 1)) for at in slots]
    early = [at - timedelta(seconds=1) for at in slots if dice.random() < 0.1]
    found = [Moment(at) for at in (*late, *early)]
    found += [Moment(wall(day, time(3, 30)), sweep=True) for day in town.days]
    found += [Moment(at, step) for at, step in town.steps]
    found += [
        Moment(at - timedelta(milliseconds=1), Doom(dice.randint(1, 40), timedelta(seconds=dice.uniform(0, 100))))
        for at in dice.sample(sorted(at for at in late if at < town.calm_from), town.deaths)
    ]
    return sorted((one for one in found if town.start < one.at <= town.end), key=lambda one: one.at)


def two_months(change: date, seed: int) -> Town:
    """Thirty days before a change of the clock and thirty after it, with all that may happen."""
    dice = random.Random(seed)  # noqa: S311 - dice, no secrets
    return Town(
        start=wall(change - 30 * DAY, time(5)),
        end=wall(change + 30 * DAY, time(20, 30)),
        people=MappingProxyType(people()),
        specs=specs(change),
        courses=courses(change),
        steps=tuple(_walk(change, dice)),
        seed=seed,
        deaths=40,
        calm_from=wall(change + 15 * DAY, time(5)),
    )


def off_over(change: date) -> Town:
    """A few days, in which the program is off from the evening before the change until the morning after it."""
    start, end = wall(change - 4 * DAY, time(5)), wall(change + 3 * DAY, time(20, 30))
    off_at, on_at = wall(change - DAY, time(20, 30)), wall(change, time(10, 15))
    near = tuple(course for course in courses(change) if start < course.starts_at - DAY and course.starts_at < end)
    steps: tuple[tuple[datetime, Step], ...] = (
        *((start + MINUTE, Open(course)) for course in near),
        (off_at, Off(on_at)),
    )
    return Town(
        start, end, MappingProxyType(people()), specs(change), near, steps, seed=change.year, deaths=0, calm_from=end
    )
