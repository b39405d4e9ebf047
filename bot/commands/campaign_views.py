"""How campaigns look in a terminal."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.text import Text

from bot.catalogue.words import Words
from bot.commands.common import local, table
from bot.domain.audiences import Count, Standing
from bot.services.preview import Preview, Version
from bot.services.progress import Report
from scheduler.model import Balance, Campaign, CampaignState, DeliveryState, Progress, Run

BAR_WIDTH = 60
RUNS_SHOWN = 3

REASONS: Mapping[Standing, str] = {
    Standing.BROWSER: "in the browser only: cannot be written to",
    Standing.OFF: "on a channel that is off",
    Standing.LANGUAGE: "another language",
    Standing.TOPIC: "follow other topics",
    Standing.DISTRICT: "another district, or none named",
    Standing.AGE: "another age, or none named",
    Standing.CHANNEL: "another channel",
    Standing.ACTIVITY: "wrote too recently, or too long ago",
    Standing.QUIZ: "the quiz: finished, or not finished",
    Standing.WORKSHOP: "the workshop: booked, or not booked",
    Standing.MUTED: "did not agree to this kind",
    Standing.BLOCKED: "blocked us",
    Standing.CAPPED: "had enough this week",
    Standing.HELD_OUT: "held out for the comparison",
}
CHANNELS = {"telegram": "Telegram", "matrix": "Matrix"}


def standing(campaign: Campaign) -> str:
    """Where a campaign stands, in a line."""
    when = f", next at {local(campaign.next_at)}" if campaign.next_at else ""
    reason = f" ({campaign.reason})" if campaign.reason else ""
    glass = f" It left without a second person: {campaign.break_glass}" if campaign.break_glass else ""
    state = campaign.state.value.replace("_", " ")
    return f"Campaign {campaign.id} “{campaign.title}” is {state}{reason}{when}.{glass}"


# --- before


def preview(found: Preview, words: Words, rates: Mapping[str, float]) -> RenderableType:
    """All that is known before it leaves."""
    return Group(
        Text(standing(found.campaign)),
        *(_version(version, found.room, words.language_name(version.language)) for version in found.versions),
        _count(found.count),
        Text(_time(found, rates)),
        *(Text(line, style="yellow") for line in _warnings(found, words)),
    )


def _version(version: Version, room: Mapping[str, int], language: str) -> RenderableType:
    title = language if version.complete else f"{language}: some of it is missing, Polish is shown"
    picture = [Text(f"[picture: {version.picture}]", style="cyan")] if version.picture else []
    buttons = Text("  ".join(f"[{label}]" for label in version.buttons), style="cyan")
    fits = ", ".join(f"{version.length:,} of {most:,} characters on {CHANNELS[name]}" for name, most in room.items())
    body = Group(*picture, Markdown(version.text), Text(), buttons, Text(fits, style="dim"))
    return Panel(body, title=Text(title), border_style="none" if version.complete else "red", width=80)


def _count(count: Count) -> RenderableType:
    rows = [("would get it", f"{count.reached:,}")]
    rows += [(f"not: {words}", f"{count.of[reason]:,}") for reason, words in REASONS.items() if count.of.get(reason)]
    rows += [("all residents", f"{sum(count.of.values()):,}")]
    return table("Residents", "", rows=rows)


def _time(found: Preview, rates: Mapping[str, float]) -> str:
    if not found.count.reached:
        return "Nobody would get it now."
    speed = ", ".join(f"{rate:g}/s on {account}" for account, rate in rates.items() if account in found.count.accounts)
    took = f"At {speed} this takes {_span(found.ends_at - found.starts_at)}"
    quiet = "; quiet hours hold it until then" if found.starts_at > found.asked_for else ""
    collides = "" if found.collisions else "; nothing else is near"
    return f"{took}, from {local(found.starts_at)} to {local(found.ends_at)}{quiet}{collides}."


def _warnings(found: Preview, words: Words) -> Iterator[str]:
    if found.missing:
        yield f"Missing: {', '.join(map(words.language_name, found.missing))}. Who reads that is shown Polish."
    if not found.ends_in_time:
        yield f"Not all would leave before its window ends at {local(found.expires_at)}: what is left expires."
    for one in found.collisions:
        starts = "runs now" if one.campaign.state is CampaignState.RUNNING else f"starts at {local(one.at)}"
        yield f"Near it: campaign {one.campaign.id} “{one.campaign.title}” {starts}; {one.shared:,} would get both."


def _span(span: timedelta) -> str:
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")) if number]
    return " ".join(parts[:2]) or "a second"


# --- while it runs, and after


def report(found: Report) -> RenderableType:
    """How it is doing: each run's bar, balance, speed and time left."""
    parts: list[RenderableType] = [Text(standing(found.campaign))]
    for run, progress in found.runs[:RUNS_SHOWN]:
        parts += _run(run, progress)
    return Group(*parts)


def _run(run: Run, progress: Progress) -> list[RenderableType]:
    balance = progress.balance
    share = f"{balance.settled / balance.audience:.0%}" if balance.audience else "nobody"
    reason = f" ({run.reason})" if run.reason else ""
    speed = f", {progress.per_second:.1f}/s" if balance.open else ""
    left = f", about {_span(timedelta(seconds=progress.eta_s))} left" if balance.open and progress.eta_s else ""
    return [
        Text(f"{local(run.slot_at)}: {run.state.value}{reason}, {share} done{speed}{left}"),
        Padding(ProgressBar(total=max(balance.audience, 1), completed=balance.settled, width=BAR_WIDTH), 0),
        Text(balance_line(balance)),
    ]


def balance_line(balance: Balance) -> str:
    """The ledger's balance: `4,112 = 4,060 sent + 31 blocked + …`."""
    counts = [f"{balance[state]:,} {state.value.replace('_', ' ')}" for state in DeliveryState if balance[state]]
    holds = "" if balance.holds else "  — the ledger does not balance: report this"
    return f"{balance.audience:,} = {' + '.join(counts) or '0'}{holds}"


def history(found: Report) -> RenderableType:
    """Who did what, when."""
    return table("When", "Who", "What", rows=((local(event.at), event.who, event.what) for event in found.events))
