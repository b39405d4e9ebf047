"""`bezpieczny campaign report`: what became of a campaign's messages, for people and for programs."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from bot.commands.campaign_views import RUNS_SHOWN, balance_line
from bot.commands.common import local, run, tell
from bot.commands.options import Number
from bot.services import results as service
from bot.services.results import Comparison, Group, Results
from bot.wiring import House
from scheduler.model import Summary


def report(
    number: Number,
    as_json: Annotated[bool, typer.Option("--json", help="Every run, for a program.")] = False,
) -> None:
    """What became of its messages: outcomes, reasons, speed, buttons pressed, consents taken back. Totals only."""

    async def use(house: House) -> list[Results]:
        async with house.database.read() as conn:
            return await service.of_campaign(conn, house.shelf.library, number, None if as_json else RUNS_SHOWN)

    found = run(use)
    if as_json:
        tell(json.dumps([service.as_data(one) for one in found], ensure_ascii=False, indent=2))
        return
    if not found:
        tell("Nothing of it has been sent yet.")
    for one in found:
        reason = f" ({one.run.reason})" if one.run.reason else ""
        tell(f"{local(one.run.slot_at)}: {one.run.state.value}{reason}")
        tell(balance_line(one.balance))
        for line in facts(one):
            tell(f"  {line}")


def facts(found: Results) -> Iterator[str]:
    """What is known of a run beyond its balance, a line each; what there is none of has no line."""
    yield from _work(found.summary)
    if found.summary.reasons:
        yield "failed: " + "; ".join(
            f"{count:,} × {reason or 'no reason given'}" for reason, count in found.summary.reasons
        )
    if found.summary.doubts:
        yield f"without an answer: {found.summary.doubts:,}, so at most as many arrived twice"
    if any(one.count for one in found.presses):
        yield "pressed: " + "; ".join(f"{one.count:,} × {one.label}" for one in found.presses)
    if found.unsubscribed:
        yield f"unsubscribed within {service.SOON.days} days: {found.unsubscribed:,}"
    if found.comparison:
        yield _comparison(found.comparison)


def _work(summary: Summary) -> Iterator[str]:
    if summary.first_at and summary.last_at:
        speed = f", {summary.per_second:.1f}/s at work" if summary.per_second else ""
        yield f"sent from {local(summary.first_at)} to {local(summary.last_at)}{speed}"


def _comparison(found: Comparison) -> str:
    return (
        f"finished the quiz {found.quiz} by {local(found.until)}: {_share(found.sent)} who got it, "
        f"{_share(found.held_out)} held out"
    )


def _share(group: Group) -> str:
    return f"{group.share:.1%} of {group.people:,}"
