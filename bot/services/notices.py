"""Word to staff: an alert that left without a second person, a campaign or another run that was paused for a fault.

A notice is a run like any other, to staff whose chat is linked. What it tells is looked up when it is sent: its
subject holds no more than what it is about.
"""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from bot.domain.messages import Block, Plain, Screen, say
from bot.domain.residents import Address
from bot.services.letters import MENU
from bot.storage import staff
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from scheduler import ledger
from scheduler.lifecycle import PAUSED_FOR
from scheduler.model import Campaign, Event, Kind, Run, RunState

WITHOUT_SECOND = "left without a second person: "
"""How the history of an alert goes on with the reason why it could not wait."""
NEWS_FOR = timedelta(hours=24)
"""What is older is no news: whoever looks after campaigns has seen it."""


class About(StrEnum):
    """What a notice is about."""

    BREAK_GLASS = "break-glass"
    """An alert nobody approved; the number is the campaign's."""
    PAUSED = "paused"
    """A campaign that was paused for a fault; the number is the campaign's."""
    RUN_PAUSED = "run-paused"
    """The same of a run without a campaign (tips, reminders); the number is the run's."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that staff should hear of."""

    about: About
    number: int

    @property
    def subject(self) -> str:
        """Its name in the ledger: `break-glass:7`."""
        return f"{self.about}:{self.number}"


def read_notice(subject: str) -> Notice:
    """The notice of a subject. Raises ValueError if it is none."""
    about, number = subject.split(":")
    return Notice(About(about), int(number))


# --- opening


async def tell_without_second(conn: Connection, campaign_id: int, now: datetime) -> Run:
    """Tell staff of an alert that nobody approved, in the transaction that lets it leave."""
    return await _open(conn, Notice(About.BREAK_GLASS, campaign_id), f"{now:%Y-%m-%dT%H:%M:%S.%f}", now, now)


async def tell_paused(database: Database, now: datetime) -> list[Run]:
    """Tell staff of everything that was paused for a fault, once; returns the notices that are new."""
    async with database.read() as conn:
        missing = [one for one in await _pauses(conn, now) if await ledger.find_run(conn, one.key) is None]
    opened = []
    for one in missing:
        async with database.begin() as conn:
            opened.append(await _open(conn, one.notice, one.which, one.at, now))
    return opened


@dataclass(frozen=True, slots=True)
class _Pause:
    """One pause; `which` tells it from others of the same campaign or run."""

    notice: Notice
    which: str
    at: datetime

    @property
    def key(self) -> str:
        return _key(self.notice, self.which)


async def _pauses(conn: Connection, now: datetime) -> list[_Pause]:
    found = [
        _Pause(Notice(About.PAUSED, event.campaign_id), f"{event.at:%Y-%m-%dT%H:%M:%S.%f}", event.at)
        for event in await ledger.list_pauses(conn, now - NEWS_FOR)
    ]
    for run in await ledger.list_runs(conn, states={RunState.PAUSED}):
        # The ledger does not say when a run was paused; a pause for another reason is another pause.
        if run.campaign_id is None and run.kind is not Kind.NOTICE:
            which = f"{zlib.crc32((run.reason or '').encode()):08x}"
            found.append(_Pause(Notice(About.RUN_PAUSED, run.id), which, now))
    return found


def _key(notice: Notice, which: str) -> str:
    return f"notice:{notice.subject}:{which}"


async def _open(conn: Connection, notice: Notice, which: str, at: datetime, now: datetime) -> Run:
    # The slot is the very moment in the history that the letter is about: that is how it is found again.
    return await ledger.open_run(
        conn,
        ResidentsAudience(),
        key=_key(notice, which),
        kind=Kind.NOTICE,
        slot_at=at,
        expires_at=now + NEWS_FOR,
        now=now,
        subject=notice.subject,
    )


# --- saying


async def notice_letter(conn: Connection, run: Run, reader: Address) -> Screen | None:
    """What a notice says; None when there is nothing to tell any more, or whoever reads there is no staff any more."""
    if not await staff.names_at(conn, reader):
        return None
    notice = read_notice(run.subject)
    match notice.about:
        case About.BREAK_GLASS:
            said = await _without_second(conn, notice.number, run.slot_at)
        case About.PAUSED:
            said = await _paused(conn, notice.number, run.slot_at)
        case About.RUN_PAUSED:
            said = await _run_paused(conn, notice.number)
        case _:
            assert_never(notice.about)
    return Screen(blocks=(said,), rows=((MENU,),), replaces=False) if said else None


async def _without_second(conn: Connection, number: int, at: datetime) -> Block | None:
    event = await _event(conn, number, at, WITHOUT_SECOND)
    if event is None:
        return None
    return say(
        "notice.break_glass",
        title=_title(await ledger.load_campaign(conn, number)),
        number=number,
        who=event.who,
        at=at,
        reason=event.what.removeprefix(WITHOUT_SECOND),
        pause=f"bezpieczny campaign pause {number}",
        cancel=f"bezpieczny campaign cancel {number}",
    )


async def _paused(conn: Connection, number: int, at: datetime) -> Block | None:
    event = await _event(conn, number, at, PAUSED_FOR)
    if event is None:
        return None
    return say(
        "notice.paused",
        title=_title(await ledger.load_campaign(conn, number)),
        number=number,
        at=at,
        reason=event.what.removeprefix(PAUSED_FOR),
        resume=f"bezpieczny campaign resume {number}",
    )


async def _run_paused(conn: Connection, number: int) -> Block | None:
    run = await ledger.load_run(conn, number)
    if run.state is not RunState.PAUSED:
        return None  # somebody has seen to it already
    resume = f"bezpieczny campaign resume-run {run.key}"
    return say("notice.run_paused", run=run.key, reason=run.reason or "", resume=resume)


async def _event(conn: Connection, campaign_id: int, at: datetime, begins: str) -> Event | None:
    events = await ledger.list_events(conn, campaign_id)
    return next((event for event in events if event.at == at and event.what.startswith(begins)), None)


def _title(campaign: Campaign) -> Plain:
    return Plain(dict(campaign.content.get("title") or {"pl": campaign.title}))
