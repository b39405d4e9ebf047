"""Word to staff: a campaign that waits for their yes or came back, an alert that left without one, what paused itself.

A notice is a run like any other, to staff whose chat is linked. What it tells is looked up when it is sent: its
subject holds no more than what it is about.
"""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from bot.catalogue.library import Library
from bot.domain.messages import Block, Screen, say
from bot.domain.residents import Address
from bot.services import tokens
from bot.services.letters import MENU
from bot.services.links import Links
from bot.services.reviews import review, title_of, ways_on
from bot.services.staff import may
from bot.storage import caps, staff
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from bot.storage.readers import Members
from scheduler import ledger
from scheduler.lifecycle import PAUSED_FOR
from scheduler.model import Campaign, CampaignState, Event, Kind, Run, RunState
from scheduler.ports import Audience

WITHOUT_SECOND = "left without a second person: "
"""How the history of an alert goes on with the reason why it could not wait."""
SUBMITTED = "submitted"
"""In a campaign's history: from here on it waits for a second person's yes."""
SENT_BACK = "sent back: "
"""How the line of the history that returns it to its author goes on with the reason."""
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
    REVIEW = "review"
    """A campaign that waits for approval; the number is the campaign's."""
    RETURNED = "returned"
    """A campaign that was sent back to its author; the number is the campaign's."""


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


async def tell_review(conn: Connection, campaign: Campaign, now: datetime) -> Run | None:
    """Tell whoever may approve a campaign that it waits for them; None if there is nobody to tell."""
    return await _tell(conn, About.REVIEW, campaign, await _second_persons(conn, campaign), now)


async def tell_returned(conn: Connection, campaign: Campaign, now: datetime) -> Run | None:
    """Tell its author that a campaign came back; None if there is nobody to tell."""
    linked = {one.name for one in await staff.everyone(conn) if one.linked}
    return await _tell(conn, About.RETURNED, campaign, linked & await writers(conn, campaign), now)


async def _tell(conn: Connection, about: About, campaign: Campaign, names: set[str], now: datetime) -> Run | None:
    if not names:
        return None
    readers, notice = Members(frozenset(names)), Notice(about, campaign.id)
    return await _open(conn, notice, _version(campaign), now, now, readers=readers)


def _version(campaign: Campaign) -> str:
    return f"r{campaign.revision}"


async def _second_persons(conn: Connection, campaign: Campaign) -> set[str]:
    able = {one.name for one in await staff.everyone(conn) if one.linked and may(one.role, "approve")}
    return able - await writers(conn, campaign)


async def writers(conn: Connection, campaign: Campaign) -> set[str]:
    """Who cannot be the second person: its author and, if that is a program, whoever made its token."""
    maker = await tokens.maker_of(conn, campaign.author)
    return {campaign.author} | ({maker} if maker else set())


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


async def _open(
    conn: Connection, notice: Notice, which: str, at: datetime, now: datetime, *, readers: Audience | None = None
) -> Run:
    # The slot is the very moment in the history that the letter is about: that is how it is found again.
    return await ledger.open_run(
        conn,
        readers or ResidentsAudience(),
        key=_key(notice, which),
        kind=Kind.NOTICE,
        slot_at=at,
        expires_at=now + NEWS_FOR,
        now=now,
        subject=notice.subject,
    )


# --- saying


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads a notice, and what letters are made of."""

    conn: Connection
    run: Run
    reader: Address
    library: Library
    links: Links | None


async def notice_letter(reading: Reading) -> Screen | None:
    """What a notice says; None when there is nothing to tell any more, or whoever reads there is no staff any more."""
    conn, run = reading.conn, reading.run
    if not await staff.names_at(conn, reading.reader):
        return None
    notice = read_notice(run.subject)
    match notice.about:
        case About.BREAK_GLASS:
            return _told(await _without_second(conn, notice.number, run.slot_at))
        case About.PAUSED:
            return _told(await _paused(conn, notice.number, run.slot_at))
        case About.RUN_PAUSED:
            return _told(await _run_paused(conn, notice.number))
        case About.REVIEW:
            return await _review(reading, notice.number)
        case About.RETURNED:
            return await _returned(reading, notice.number)
        case _:
            assert_never(notice.about)


def _told(said: Block | None) -> Screen | None:
    return Screen(blocks=(said,), rows=((MENU,),), replaces=False) if said else None


async def _review(reading: Reading, number: int) -> Screen | None:
    """Only while it still waits as it was then, and only for whoever could say yes, in a chat of their own."""
    conn, run = reading.conn, reading.run
    campaign = await ledger.load_campaign(conn, number)
    told_of = run.key == _key(Notice(About.REVIEW, number), _version(campaign))
    if campaign.state is not CampaignState.IN_REVIEW or not told_of:
        return None
    if not await approvers_at(conn, reading.reader, campaign):
        return None
    marks = await caps.find(conn, run.started_at) if campaign.kind in caps.CAPPED else b""
    count = await ResidentsAudience(marks=marks).count(conn, campaign, run.started_at)
    return review(reading.library, reading.links, campaign, count.reached)


async def approvers_at(conn: Connection, reader: Address, campaign: Campaign) -> list[str]:
    """Who at an address may say the second yes: nobody in a group, and nobody where the author reads too."""
    there = await staff.names_at(conn, reader)
    if not reader.is_private or (set(there) & await writers(conn, campaign)):
        return []
    members = [await staff.find(conn, name) for name in there]
    return [one.name for one in members if one and may(one.role, "approve")]


async def _returned(reading: Reading, number: int) -> Screen | None:
    conn, run = reading.conn, reading.run
    campaign = await ledger.load_campaign(conn, number)
    event = await _event(conn, number, run.slot_at, SENT_BACK)
    there = set(await staff.names_at(conn, reading.reader))
    if event is None or not reading.reader.is_private or not there & await writers(conn, campaign):
        return None
    reason = event.what.removeprefix(SENT_BACK)
    said = say("notice.returned", title=title_of(campaign), number=number, who=event.who, reason=reason)
    return Screen(blocks=(said,), rows=ways_on(reading.links, number), replaces=False)


async def _without_second(conn: Connection, number: int, at: datetime) -> Block | None:
    event = await _event(conn, number, at, WITHOUT_SECOND)
    if event is None:
        return None
    return say(
        "notice.break_glass",
        title=title_of(await ledger.load_campaign(conn, number)),
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
        title=title_of(await ledger.load_campaign(conn, number)),
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
