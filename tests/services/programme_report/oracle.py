"""A second count of every table, over the rows of a city in plain Python: it shares no line with the first."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

import pytest

from bot.domain.suppression import FEWEST
from bot.services.programme_report.model import TOTAL, Gap, Name, Report, Value
from scheduler.calendar import ZONE
from tests.services.programme_report.city import NOW, RowOf, Rows, area_of_quiz, area_of_tip, month


def check(report: Report, all_rows: Rows) -> None:
    """Every number of the report is right, or hidden because it is of a few people."""
    check_reach(report, all_rows)
    check_crossed(report, all_rows)
    check_answers(report, all_rows)
    check_gain(report, all_rows)
    check_workshops(report, all_rows)
    check_messages(report, all_rows)


@dataclass(frozen=True)
class Act:
    """Something somebody did, as the report divides it."""

    who: int
    month: int
    area: str
    district: str
    finished: bool = False


def acts_of(all_rows: Rows, year: int) -> dict[str, list[Act]]:
    """The year's acts, by kind, found by reading everything."""
    home = {one["id"]: str(one["district"] or "unsaid") for one in all_rows.residents}
    places = {one["id"]: one["area"] for one in all_rows.workshops}
    kinds: dict[str, list[tuple[RowOf, str, str, bool]]] = {
        "attempts": [
            (one, "started_at", area_of_quiz(one["quiz"]), one["finished_at"] is not None)
            for one in all_rows.attempts
            if one["resident_id"] is not None
        ],
        "tips": [(one, "seen_at", area_of_tip(one["tip"]), False) for one in all_rows.tips_seen],
        "places": [
            (one, "created_at", places[one["workshop_id"]], False)
            for one in all_rows.bookings
            if one["state"] == "confirmed"
        ],
    }
    found: dict[str, list[Act]] = defaultdict(list)
    for kind, events in kinds.items():
        for row, column, area, finished in events:
            in_year, number = month(row[column])
            if in_year == year:
                found[kind].append(Act(row["resident_id"], number, area, home[row["resident_id"]], finished))
    return found


KEYS: dict[Name, Callable[[Act], str]] = {
    Name.AREA: lambda act: act.area,
    Name.MONTH: lambda act: str(act.month),
    Name.DISTRICT: lambda act: act.district,
}


def agree(shown: Value, counted: float, people: int | None = None) -> None:
    """What is shown is true, and what is of a few people is not shown."""
    few = (counted if people is None else people) < FEWEST
    if shown == Gap.HIDDEN:
        return
    assert shown == pytest.approx(counted)
    assert counted == 0 or not few


def groups(acts: Iterable[Act], key: Callable[[Act], str]) -> dict[str, list[Act]]:
    found: dict[str, list[Act]] = defaultdict(list)
    for act in acts:
        found[key(act)].append(act)
        found[TOTAL].append(act)
    return found


def check_reach(report: Report, all_rows: Rows) -> None:
    acts = acts_of(all_rows, report.year)
    everybody = [act for kind in acts.values() for act in kind]
    shown = 0
    for name, key in KEYS.items():
        table = report.table(name)
        active, attempts, tips = (groups(some, key) for some in (everybody, acts["attempts"], acts["tips"]))
        for row in table.rows:
            values = table.row(row.key)
            if values["active"] in (Gap.AHEAD, Gap.UNMEASURED):
                assert not active[row.key]
                continue
            tried, read = attempts[row.key], tips[row.key]
            agree(values["active"], len({act.who for act in active[row.key]}))
            agree(values["attempts"], len(tried), len({act.who for act in tried}))
            agree(values["tips"], len(read), len({act.who for act in read}))
            if values["finished"] not in set(Gap):
                assert values["finished"] == pytest.approx(fmean(act.finished for act in tried))
            shown += values["active"] != Gap.HIDDEN
    assert shown > 20  # not everything is hidden


def check_crossed(report: Report, all_rows: Rows) -> None:
    attempts = acts_of(all_rows, report.year)["attempts"]
    for name, by in ((Name.AREA_MONTH, Name.MONTH), (Name.AREA_DISTRICT, Name.DISTRICT)):
        table = report.table(name)
        for row in table.rows:
            for area, value in table.row(row.key).items():
                mine = [act for act in attempts if row.key in (TOTAL, KEYS[by](act)) and area in (TOTAL, act.area)]
                if value in (Gap.AHEAD, Gap.UNMEASURED):
                    assert not mine
                else:
                    agree(value, len(mine), len({act.who for act in mine}))
        assert table.column(TOTAL) == report.table(by).column("attempts")


def check_answers(report: Report, all_rows: Rows) -> None:
    residents = {one["id"]: one["resident_id"] for one in all_rows.attempts}
    mine = [
        one
        for one in all_rows.answers
        if month(one["at"])[0] == report.year and residents[one["attempt_id"]] is not None
    ]
    table = report.table(Name.AREA)
    for row in table.rows:
        given = [one for one in mine if row.key in (TOTAL, area_of_quiz(one["quiz"]))]
        values = table.row(row.key)
        agree(values["answers"], len(given), len({residents[one["attempt_id"]] for one in given}))
        if values["right"] not in set(Gap):
            assert values["right"] == pytest.approx(fmean(one["right"] for one in given))


def check_gain(report: Report, all_rows: Rows) -> None:
    right: dict[int, list[bool]] = defaultdict(list)
    for one in all_rows.answers:
        right[one["attempt_id"]].append(one["right"])
    goes: dict[tuple[int, str], list[RowOf]] = defaultdict(list)
    for one in all_rows.attempts:
        if one["resident_id"] and one["quiz"] and one["finished_at"] and month(one["finished_at"])[0] == report.year:
            goes[one["resident_id"], one["quiz"]].append(one)
    table = report.table(Name.GAIN)
    for row in table.rows:
        people: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for (who, quiz), theirs in goes.items():
            ordered = sorted(theirs, key=lambda one: one["finished_at"])
            if len(ordered) > 1 and row.key in (TOTAL, area_of_quiz(quiz)):
                people[who].append((fmean(right[ordered[0]["id"]]), fmean(right[ordered[-1]["id"]])))
        means = [(fmean(one for one, _ in each), fmean(other for _, other in each)) for each in people.values()]
        check_gain_of(table.row(row.key), means)


def check_gain_of(values: Any, means: list[tuple[float, float]]) -> None:
    agree(values["people"], len(means))
    if values["people"] == Gap.HIDDEN:
        assert set(values.values()) == {Gap.HIDDEN}
        return
    differences = [after - before for before, after in means]
    assert values["before"] == pytest.approx(fmean(before for before, _ in means))
    assert values["after"] == pytest.approx(fmean(after for _, after in means))
    assert values["gain"] == pytest.approx(fmean(differences))
    error = stdev(differences) / len(differences) ** 0.5
    assert (values["high"] - values["low"]) / 2 / error == pytest.approx(1.96, rel=0.5)
    assert values["low"] + values["high"] == pytest.approx(2 * values["gain"])


def check_workshops(report: Report, all_rows: Rows) -> None:
    table = report.table(Name.WORKSHOPS)
    for row in table.rows:
        mine = [
            one
            for one in all_rows.workshops
            if month(one["starts_at"])[0] == report.year and row.key in (TOTAL, one["area"])
        ]
        held = {one["id"]: one for one in mine if one["ends_at"] <= NOW and not one["cancelled_at"]}
        places = [one for one in all_rows.bookings if one["workshop_id"] in held and one["state"] == "confirmed"]
        noted = [one for one in places if one["attended"] is not None]
        values = table.row(row.key)
        assert values["held"] == len(held)
        assert values["off"] == sum(one["cancelled_at"] is not None for one in mine)
        assert values["ahead"] == sum(one["ends_at"] > NOW and not one["cancelled_at"] for one in mine)
        assert values["places"] == sum(one["capacity"] for one in held.values())
        agree(values["booked"], sum(one["places"] for one in places))
        if not noted:
            assert values["attended"] == values["turnout"] == Gap.UNMEASURED
            continue
        agree(values["attended"], sum(one["attended"] for one in noted))
        if values["turnout"] != Gap.HIDDEN:
            shares = sum(one["attended"] for one in noted) / sum(one["places"] for one in noted)
            assert values["turnout"] == pytest.approx(shares)


def check_messages(report: Report, all_rows: Rows) -> None:
    states: dict[int, Counter[str]] = defaultdict(Counter)
    for one in all_rows.deliveries:
        states[one["run_id"]][one["state"]] += 1
    runs = [one for one in all_rows.runs if month(one["slot_at"])[0] == report.year and states[one["id"]]["sent"] >= 5]
    table = report.table(Name.MONTH)
    for row in table.rows:
        mine = [one for one in runs if row.key in (TOTAL, str(month(one["slot_at"])[1]))]
        if table.row(row.key)["messages"] != Gap.AHEAD:
            assert table.row(row.key)["messages"] == sum(states[one["id"]]["sent"] for one in mine)
    areas = report.table(Name.AREA)
    assert areas.row(TOTAL)["messages"] == table.row(TOTAL)["messages"] == sum(areas.column("messages")[:-1])  # type: ignore[arg-type] # all are numbers
    check_campaigns(report, all_rows, states)


def check_campaigns(report: Report, all_rows: Rows, states: dict[int, Counter[str]]) -> None:
    pressed = Counter[int]()
    for one in all_rows.presses:
        if one["button"].isdigit():
            pressed[one["run_id"]] += one["count"]
    theirs: dict[str, list[RowOf]] = defaultdict(list)
    for one in all_rows.runs:
        if one["campaign_id"] and month(one["slot_at"])[0] == report.year and one["state"] in ("finished", "cancelled"):
            theirs[str(one["campaign_id"])].append(one)
    table = report.table(Name.CAMPAIGNS)
    assert {row.key for row in table.rows} == set(theirs)
    titles = {str(one["id"]): one["title"] for one in all_rows.campaigns}
    for row in table.rows:
        values, (run,) = table.row(row.key), theirs[row.key]
        assert row.title == titles[row.key]
        assert values["first"] == run["slot_at"].astimezone(ZONE).date().isoformat()
        agree(values["audience"], run["audience"])
        for column, state in (("delivered", "sent"), ("blocked", "blocked"), ("failed", "failed")):
            agree(values[column], states[run["id"]][state])
        agree(values["presses"], pressed[run["id"]])
