"""What was sent in a year, and what became of campaigns. Deliveries are never read: their sums are kept.

A run that reached fewer than five people counts nowhere, neither in its campaign's line nor in the months and areas:
were it in one of them alone, the difference would tell of it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.catalogue.library import Library
from bot.domain.actions import FEWER
from bot.services.programme_report import cells
from bot.services.programme_report.cells import FEWEST, Tally
from bot.services.programme_report.model import COLUMNS, Gap, Name, Row, Table, Value
from bot.services.results import UNSUBSCRIBED
from bot.storage import yearly_events
from bot.storage.database import Connection
from bot.storage.yearly import Frame
from bot.storage.yearly_events import Sending
from scheduler import ledger
from scheduler.calendar import ZONE
from scheduler.model import Balance, DeliveryState


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages delivered, and the campaigns that most of them belong to."""

    by_month: Mapping[int, int]
    by_area: Mapping[str | None, int]
    campaigns: tuple[Row, ...]

    @property
    def total(self) -> int:
        """How many were delivered."""
        return sum(self.by_month.values())


async def messages(conn: Connection, library: Library, frame: Frame) -> Messages:
    """Count what was sent."""
    runs = await yearly_events.sendings(conn, frame)
    sums = await ledger.sums(conn, [run.id for run in runs])
    campaigns = await yearly_events.campaigns_of(conn, frame)
    areas = {number: area_of(library, content) for number, (_, content) in campaigns.items()}
    by_month: Counter[int] = Counter()
    by_area: Counter[str | None] = Counter()
    balances: dict[int, list[tuple[Sending, Balance]]] = defaultdict(list)
    for run in runs:
        balance, _ = sums[run.id]
        if run.campaign_id is not None:
            balances[run.campaign_id].append((run, balance))
        if _counts(balance):
            by_month[run.slot_at.astimezone(ZONE).month] += balance[DeliveryState.SENT]
            by_area[areas.get(run.campaign_id or 0)] += balance[DeliveryState.SENT]
    pressed = _pressed(await yearly_events.presses_of(conn, frame))
    rows = (_campaign(number, campaigns[number][0], theirs, pressed[number]) for number, theirs in balances.items())
    return Messages(by_month, by_area, tuple(rows))


def campaigns_table(found: Messages) -> Table:
    """A line for each campaign, in the order of their first runs."""
    return Table(Name.CAMPAIGNS, found.campaigns)


def area_of(library: Library, content: Mapping[str, Any]) -> str | None:
    """The area a campaign belongs to: of what its first button leads to, or else its only topic; none if several."""
    for button in content.get("buttons", ()):
        item = library.quizzes.get(button.get("quiz") or "") or library.tips.get(button.get("tip") or "")
        if item:
            return item.area.value
    topics = content.get("audience", {}).get("topics", ())
    return str(topics[0]) if len(topics) == 1 else None


def _counts(balance: Balance) -> bool:
    return balance[DeliveryState.SENT] >= FEWEST


def _pressed(found: Iterable[tuple[int, str, int]]) -> Counter[int]:
    """Campaign → how often its buttons were pressed, without those by which people want less of it."""
    counts: Counter[int] = Counter()
    for campaign, button, count in found:
        if button not in (UNSUBSCRIBED, FEWER):
            counts[campaign] += count
    return counts


def _campaign(number: int, title: str, runs: Sequence[tuple[Sending, Balance]], presses: int) -> Row:
    counted = [balance for _, balance in runs if _counts(balance)]
    values = _outcomes(counted) | {
        "first": runs[0][0].slot_at.astimezone(ZONE).date().isoformat(),
        "runs": len(runs),
        "presses": cells.alone(cells.of_people(presses)) if counted else Gap.HIDDEN,
    }
    return Row(str(number), tuple(values[column] for column, _ in COLUMNS[Name.CAMPAIGNS]), title)


def _outcomes(balances: Sequence[Balance]) -> dict[str, Value]:
    """The outcomes that are shown. There are others, so that none of these follows from the rest."""
    if not balances:
        return dict.fromkeys(("audience", "delivered", "blocked", "failed"), Gap.HIDDEN)
    audience = sum(balance.audience for balance in balances)
    delivered, blocked, failed = (
        _tally(balances, state) for state in (DeliveryState.SENT, DeliveryState.BLOCKED, DeliveryState.FAILED)
    )
    few = [one for one in (blocked, failed) if one.is_small]
    rest = audience - sum(one.count for one in (delivered, blocked, failed) if one not in few)
    shown = [one.count if rest == 0 or not one.is_small else Gap.HIDDEN for one in (blocked, failed)]
    return {"audience": audience, "delivered": delivered.count, "blocked": shown[0], "failed": shown[1]}


def _tally(balances: Sequence[Balance], state: DeliveryState) -> Tally:
    """Of one run each person is counted once, of several perhaps each time: so they are at least as many as in one."""
    counts = [balance[state] for balance in balances]
    return Tally(sum(counts), max(counts))
