"""What was written down each night while the demo city grew: the numbers behind the plots."""

from collections import Counter
from datetime import date, datetime, timedelta

from bot.domain.workshops import BookingState
from bot.services.demo.city import City
from bot.services.snapshots import BACK, BEGUN, FINISHED, OTHER, PLACES, SUBSCRIBERS
from bot.storage.bulk import Row
from scheduler.calendar import ZONE

Numbers = Counter[tuple[date, str, str]]
"""Day, measure, part → how many."""


def add_snapshots(city: City) -> None:
    """The last 90 days; consents are taken to be as old as the residents who gave them."""
    today = _day(city.now)
    days = [today - timedelta(days=back) for back in range(BACK.days, 0, -1)]
    joined, done = _joined(city), _done(city)
    standing: Counter[tuple[str, str]] = Counter()
    for (day, measure, part), count in joined.items():
        if day < days[0]:
            standing[measure, part] += count
    for day in days:
        for (measure, part), count in _on(joined, day).items():
            standing[measure, part] += count
        figures = standing + _on(done, day)
        figures[PLACES, OTHER] += 0
        city.rows["snapshots"].extend(
            {"day": day, "measure": measure, "part": part, "count": count}
            for (measure, part), count in sorted(figures.items())
        )


def _joined(city: City) -> Numbers:
    """Who came on which day, by what they agreed to."""
    found: Numbers = Counter()
    for one in city.rows["residents"]:
        for measure in SUBSCRIBERS:
            found[_day(one["created_at"]), measure, one["channel"]] += _agreed(one, measure)
    return found


def _agreed(resident: Row, measure: str) -> bool:
    if measure == "residents":
        return True
    wish = resident["tip_hour"] is not None if measure == "daily_tips" else resident[measure]
    return bool(wish) and resident["blocked_at"] is None


def _done(city: City) -> Numbers:
    """What happened on which day."""
    found: Numbers = Counter()
    areas = {row["id"]: row["area"] for row in city.rows["workshops"]}
    for one in city.rows["attempts"]:
        area = city.library.quizzes[one["quiz"]].area.value
        found[_day(one["started_at"]), BEGUN, area] += 1
        found[_day(one["started_at"]), FINISHED, area] += one["finished_at"] is not None
    for one in city.rows["bookings"]:
        if one["state"] == BookingState.CONFIRMED.value:
            found[_day(one["created_at"]), PLACES, areas[one["workshop_id"]]] += one["places"]
    return found


def _on(numbers: Numbers, day: date) -> Counter[tuple[str, str]]:
    return Counter({(measure, part): count for (on, measure, part), count in numbers.items() if on == day})


def _day(at: datetime) -> date:
    return at.astimezone(ZONE).date()
