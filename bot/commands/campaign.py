"""`bezpieczny campaign …`: a broadcast, from a file to its last delivery."""

import asyncio
from typing import Annotated

import typer
from rich.live import Live

from bot.catalogue.schema import CampaignKind
from bot.commands import campaign_alert, campaign_results, campaign_runs, campaign_times
from bot.commands import campaign_views as views
from bot.commands.campaign_times import times
from bot.commands.common import console, fail, local, rates, run, table, telegram, tell
from bot.commands.options import File, Number, Template, Who, WhoPerhaps, read_address, read_content, take
from bot.domain.residents import Writable
from bot.services import campaigns as desk
from bot.services import preview as previews
from bot.services import progress, results
from bot.services.campaign_texts import by_season, in_season, missing_languages
from bot.services.campaigns import WrongKind
from bot.services.staff import OPERATOR
from bot.storage.audience import ResidentsAudience
from bot.wiring import House
from scheduler import ledger
from scheduler.calendar import ZONE
from scheduler.model import Campaign, CampaignState

LOOK_S = 0.5
"""How often `show` looks again."""
FROM_CONSOLE = (
    "A test goes to Matrix only from the running bot, whose device has the keys: link your chat, "
    "and press “Send me a test” in the console, on the campaign's preview."
)

app = typer.Typer(help="Write, check, approve, schedule and follow broadcasts.", no_args_is_help=True)


@app.command()
def create(
    who: Who,
    kind: Annotated[CampaignKind | None, typer.Option(help="To be sure that the file says the same.")] = None,
    file: File = None,
    template: Template = None,
) -> None:
    """A new campaign. It goes to review at once when it is there in every language, otherwise it stays a draft."""

    async def use(house: House) -> tuple[Campaign, tuple[str, ...]]:
        content = read_content(house, file, template)
        if kind not in {None, content.kind}:
            raise WrongKind(f"--kind says {kind}, the file says {content.kind.value}.")
        async with house.database.begin() as conn:
            made = await desk.create(conn, house.shelf.library, content, who=who, now=house.clock())
        return made, missing_languages(house.shelf.library, content)

    _say_where_it_stands(*run(use))


@app.command()
def revise(number: Number, who: Who, file: File = None, template: Template = None) -> None:
    """Change what it says or whom it reaches. An approval is void."""

    async def use(house: House) -> tuple[Campaign, tuple[str, ...]]:
        content = read_content(house, file, template)
        async with house.database.begin() as conn:
            revised = await desk.revise(conn, house.shelf.library, number, content, who=who, now=house.clock())
        return revised, missing_languages(house.shelf.library, content)

    _say_where_it_stands(*run(use))


def _say_where_it_stands(campaign: Campaign, missing: tuple[str, ...]) -> None:
    if campaign.state is CampaignState.IN_REVIEW:
        tell(f"Campaign {campaign.id} “{campaign.title}” is in review: somebody else may approve it.")
        return
    tell(f"Campaign {campaign.id} “{campaign.title}” is a draft: some of it is missing in {', '.join(missing)}.")
    tell(f"Complete the file and `campaign revise {campaign.id}`, or `campaign submit {campaign.id}` as it is.")


@app.command()
def submit(number: Number, who: Who) -> None:
    """Ask for approval of a draft as it is: where a language is missing, Polish is shown."""

    take(lambda conn, now: desk.submit(conn, number, who=who, now=now))


@app.command()
def preview(number: Number) -> None:
    """Its words in each language, whom it reaches and whom not, when it would be done, what is in its way."""

    async def use(house: House) -> None:
        audience = ResidentsAudience(rates(house).keys)
        async with house.database.read() as conn:
            found = await previews.preview(
                conn, house.shelf.library, audience, number, rates=rates(house), now=house.clock()
            )
        console.print(views.preview(found, house.shelf.library.words, rates(house)))

    run(use)


@app.command("test")
def send_test(
    number: Number,
    to: Annotated[str, typer.Option(metavar="ADDRESS", help="Such as telegram:12345.", show_default=False)],
    who: WhoPerhaps = None,
    language: Annotated[str | None, typer.Option(help="pl, uk or en; by default the reader's own.")] = None,
) -> None:
    """Send it to one address, marked as a test. Nobody else gets it, and no statistics count it.

    On Matrix a test goes to your own chat, from the console: only the running bot has the keys of its device.
    """
    address = read_address(to)

    async def use(house: House) -> None:
        if address.channel == Writable.MATRIX and house.settings.matrix.homeserver:
            fail(FROM_CONSOLE)
        async with telegram(house) as on:
            senders = {"telegram": on} if on else {}
            await previews.send_test(
                house.database,
                house.shelf.library,
                senders,
                number,
                address,
                who=who or OPERATOR,
                now=house.clock(),
                language=language,
            )

    run(use)
    tell(f"Sent a test of campaign {number} to {to}.")


@app.command()
def approve(number: Number, who: Who) -> None:
    """A second person's yes; nobody approves their own."""

    take(lambda conn, now: desk.approve(conn, number, who=who, now=now))


@app.command()
def reject(
    number: Number, who: Who, reason: Annotated[str, typer.Option(help="What should change.", show_default=False)]
) -> None:
    """Send it back to its author."""

    take(lambda conn, now: desk.reject(conn, number, reason, who=who, now=now))


@app.command()
def pause(number: Number, who: WhoPerhaps = None) -> None:
    """Hold it: within a second nothing more leaves."""

    take(lambda conn, now: desk.pause(conn, number, who=who, now=now))


@app.command()
def resume(number: Number, who: WhoPerhaps = None) -> None:
    """Let it go on where it was held."""

    take(lambda conn, now: desk.resume(conn, number, who=who, now=now))


@app.command()
def cancel(number: Number, who: WhoPerhaps = None) -> None:
    """End it: what has not left stays unsent."""

    take(lambda conn, now: desk.cancel(conn, number, who=who, now=now))


@app.command()
def show(
    number: Number, once: Annotated[bool, typer.Option("--once", help="Look once, even while it runs.")] = False
) -> None:
    """How it is doing: progress, speed, time left, and where everybody in the audience stands."""

    async def use(house: House) -> None:
        async def look() -> progress.Report:
            async with house.database.read() as conn:
                return await progress.report(conn, number, house.clock())

        report = await look()
        with Live(console=console, auto_refresh=False, transient=True) as live:
            while report.is_moving and not once:
                live.update(views.report(report), refresh=True)
                await asyncio.sleep(LOOK_S)
                report = await look()
        console.print(views.report(report))
        for line in times(report.campaign):
            tell(line)
        if report.runs:
            async with house.database.read() as conn:
                (newest,) = await results.of_campaign(conn, house.shelf.library, number, 1)
            for line in campaign_results.facts(newest):
                tell(f"  {line}")
        console.print(views.history(report))

    run(use)


@app.command()
def templates() -> None:
    """Seasonal templates, those in season first; `create --template ID` begins with one."""

    async def use(house: House) -> list[tuple[str, ...]]:
        today = f"{house.clock().astimezone(ZONE):%m-%d}"
        return [
            (
                one.id,
                one.kind.value,
                " – ".join(one.dates),
                "now" if in_season(one, today) else "",
                one.title["pl"],
            )
            for one in by_season(house.shelf.library, today)
        ]

    console.print(table("ID", "Kind", "Days", "", "Title", rows=run(use)))


@app.command("list")
def list_() -> None:
    """All campaigns, the newest first."""

    async def use(house: House) -> list[Campaign]:
        async with house.database.read() as conn:
            return await ledger.list_campaigns(conn)

    found = run(use)
    if not found:
        tell("No campaigns yet: bezpieczny campaign create --file F.yaml --as NAME")
        return
    rows = ((str(one.id), one.kind.value, _state(one), one.author, local(one.next_at), one.title) for one in found)
    console.print(table("ID", "Kind", "State", "Author", "Next", "Title", rows=rows))


def _state(campaign: Campaign) -> str:
    state = campaign.state.value.replace("_", " ")
    return f"{state}, without a second person" if campaign.break_glass else state


app.command()(campaign_times.schedule)
app.command()(campaign_times.unschedule)
app.command()(campaign_times.skip)
app.command()(campaign_runs.runs)
app.command("resume-run")(campaign_runs.resume_run)
app.command()(campaign_runs.retry)
app.command()(campaign_results.report)
app.command("break-glass")(campaign_alert.break_glass)
app.command()(campaign_alert.alert)
