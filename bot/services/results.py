"""What became of a campaign's messages: buttons pressed, consents withdrawn, a run's numbers. Totals, nobody in them.

A press, or a withdrawal, is added to a count of its run and to nothing of the resident's. Links to the web are not
counted: that would take an address of ours between the reader and the page, and with it the means to follow people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.catalogue.library import Library
from bot.catalogue.schema import Campaign as Content
from bot.domain import actions as do
from bot.domain.actions import Action
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.errors import StaleAction, UnknownItem
from bot.domain.messages import Button, Link, say
from bot.domain.residents import Resident
from bot.services.campaign_texts import content_at
from bot.services.classroom import FEWEST_SHOWN
from bot.services.letters import way_of
from bot.storage import presses
from bot.storage.database import Connection
from scheduler import ledger
from scheduler.errors import UnknownRun
from scheduler.model import Balance, Campaign, DeliveryState, Kind, Run, Summary

UNSUBSCRIBED = "unsubscribed"
"""Counted among the presses: who withdrew their consent soon after the message."""
SOON = timedelta(days=7)
"""How long after a message what people do is put down to it."""

CONSENTS: Mapping[str, frozenset[Kind]] = {
    "alerts": frozenset({Kind.ALERT}),
    "campaigns": frozenset({Kind.TIP, Kind.NEWS, Kind.QUIZ, Kind.WORKSHOP}),
}
"""Which kinds of campaigns stand on which consent."""


# --- counting


async def press(conn: Connection, library: Library, resident: Resident, run_id: int, place: str) -> Action:
    """What a button of a run's message does; the press is counted if the run reached this resident.

    Raises StaleAction if there is no such button (any more), UnknownItem if what it led to is gone.
    """
    action = await _meant(conn, library, run_id, place)
    if await ledger.has_reached(conn, run_id, resident.id):
        await presses.add(conn, run_id, place)
    if action is None:
        raise UnknownItem
    return action


async def _meant(conn: Connection, library: Library, run_id: int, place: str) -> Action | None:
    try:
        run, campaign = await ledger.load_work(conn, run_id)
    except UnknownRun as error:
        raise StaleAction from error
    if place == do.FEWER:
        return do.Consents()
    content = await content_at(conn, run, campaign) if campaign else None
    if content is None or place not in map(str, range(len(content.buttons))):
        raise StaleAction
    way = way_of(library, content.buttons[int(place)])
    if isinstance(way, Link):  # it leads out of here: whoever presses it tells us nothing
        raise StaleAction
    return way.action if way else None


async def withdrawn(conn: Connection, resident: Resident, consent: str, now: datetime) -> None:
    """Count that a resident took a consent back, for the newest message of its kinds, if it is not long ago."""
    kinds = CONSENTS.get(consent, frozenset())
    run_id = await ledger.last_reached(conn, resident.id, kinds, now - SOON)
    if run_id is not None:
        await presses.add(conn, run_id, UNSUBSCRIBED)


# --- a run's numbers


@dataclass(frozen=True, slots=True)
class Pressed:
    """How often one button was pressed."""

    button: str
    """Its place among the campaign's buttons, from 0, or FEWER."""
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Group:
    """People compared: how many they are, and how many of them finished the quiz."""

    people: int
    finished: int

    @property
    def share(self) -> float:
        """The part of them who finished it."""
        return self.finished / self.people


@dataclass(frozen=True, slots=True)
class Comparison:
    """Those who got the message beside those held out of it."""

    quiz: str
    until: datetime
    """When the counting ends; it has not, while this is in the future."""
    sent: Group
    held_out: Group


@dataclass(frozen=True, slots=True)
class Results:
    """The numbers of one run."""

    run: Run
    balance: Balance
    summary: Summary
    presses: tuple[Pressed, ...]
    unsubscribed: int
    comparison: Comparison | None
    """None without a held-out share, without a quiz button, and where fewer than five people would be shown."""


async def of_campaign(conn: Connection, library: Library, campaign_id: int, most: int | None = None) -> list[Results]:
    """The numbers of a campaign's newest runs, of all if `most` is not given. Raises UnknownCampaign.

    It reads all deliveries of those that are not over: for a look, not for a display that refreshes.
    """
    campaign = await ledger.load_campaign(conn, campaign_id)
    runs = await ledger.list_runs(conn, campaign_id)
    return [await of_run(conn, library, run, campaign) for run in runs[:most]]


async def of_run(
    conn: Connection, library: Library, run: Run, campaign: Campaign, language: str = DEFAULT_LANGUAGE
) -> Results:
    """The numbers of one run of a campaign; its buttons are named in `language`."""
    content = await content_at(conn, run, campaign)
    counts = await presses.of_run(conn, run.id)
    balance, summary = (await ledger.sums(conn, [run.id]))[run.id]
    return Results(
        run,
        balance,
        summary,
        tuple(_pressed(library, content, counts, language)),
        counts.get(UNSUBSCRIBED, 0),
        await _compare(conn, run, balance, content),
    )


def _pressed(library: Library, content: Content | None, counts: Mapping[str, int], language: str) -> list[Pressed]:
    labels = _labels(library, content, language)
    places = {*labels, *counts} - {UNSUBSCRIBED}
    return [Pressed(place, labels.get(place, f"button {place}"), counts.get(place, 0)) for place in sorted(places)]


def _labels(library: Library, content: Content | None, language: str) -> dict[str, str]:
    ways = {str(place): way_of(library, one) for place, one in enumerate(content.buttons if content else ())}
    labels = {place: way.label for place, way in ways.items() if isinstance(way, Button)} | {
        do.FEWER: say("campaign.fewer")
    }
    return {place: library.words.label(label, language) for place, label in labels.items()}


async def _compare(conn: Connection, run: Run, balance: Balance, content: Content | None) -> Comparison | None:
    quiz = next((one.quiz for one in content.buttons if one.quiz), None) if content else None
    if quiz is None or not balance[DeliveryState.HELD_OUT]:
        return None
    until = run.slot_at + SOON
    finished = await presses.finished_quiz(conn, run.id, quiz, since=run.slot_at, before=until)
    sent, held_out = (
        Group(balance[state], finished.get(state, 0)) for state in (DeliveryState.SENT, DeliveryState.HELD_OUT)
    )
    if min(sent.finished, held_out.finished) < FEWEST_SHOWN:
        return None
    return Comparison(quiz, until, sent, held_out)


# --- as plain values


def as_data(found: Results) -> dict[str, Any]:
    """A run's numbers as JSON can hold them; instants in UTC."""
    summary = found.summary
    return {
        "run": found.run.key,
        "state": found.run.state.value,
        "reason": found.run.reason,
        "slot_at": _iso(found.run.slot_at),
        "started_at": _iso(found.run.started_at),
        "finished_at": _iso(found.run.finished_at),
        "audience": found.balance.audience,
        "balance": {state.value: found.balance[state] for state in DeliveryState},
        "balances": found.balance.holds,
        "failures": [{"reason": reason, "count": count} for reason, count in summary.reasons],
        "first_settled_at": _iso(summary.first_at),
        "last_settled_at": _iso(summary.last_at),
        "working_s": summary.working_s,
        "per_second": summary.per_second,
        "possible_duplicates": summary.doubts,
        "presses": [{"button": one.button, "label": one.label, "count": one.count} for one in found.presses],
        "unsubscribed": found.unsubscribed,
        "comparison": _comparison(found.comparison),
    }


def _comparison(found: Comparison | None) -> dict[str, Any] | None:
    if found is None:
        return None
    groups = {"sent": found.sent, "held_out": found.held_out}
    return {"quiz": found.quiz, "until": _iso(found.until)} | {
        name: {"people": group.people, "finished": group.finished} for name, group in groups.items()
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
