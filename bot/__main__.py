"""The command line: `bezpieczny …`."""

import asyncio
import locale
import os
import signal
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bot import wiring
from bot.catalogue.problems import ContentError
from bot.channels import terminal
from bot.commands import campaign, content, database, demo, matrix, quiz, report, staff, workshop
from bot.domain.errors import BotError
from bot.domain.roles import EVERYTHING, Role, roles_of
from bot.obs import configure_logging
from bot.services import signin
from bot.settings import Settings, from_environment

if TYPE_CHECKING:
    from bot.running import Running

app = typer.Typer(
    name="bezpieczny",
    help="Bezpieczny Kraków: a chatbot that teaches a city's residents to stay safe.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for group, name in (
    (campaign.app, "campaign"),
    (workshop.app, "workshop"),
    (quiz.app, "quiz"),
    (staff.app, "staff"),
    (content.app, "content"),
    (database.app, "database"),
    (matrix.app, "matrix"),
):
    app.add_typer(group, name=name)
app.command()(demo.demo)
app.command()(report.report)


def _settings() -> Settings:
    settings = from_environment()
    configure_logging(settings.log, settings.log_level)
    return settings


OFF = {
    "telegram": "Telegram is off: set BEZPIECZNY_TELEGRAM__TOKEN to turn it on.",
    "matrix": "Matrix is off: set BEZPIECZNY_MATRIX__HOMESERVER to turn it on; docs/matrix.md says how.",
}
"""How a channel is turned on."""


def _announce(console: Console, on: "Running", roles: Collection[Role]) -> None:
    console.print(f"[bold]Bezpieczny Kraków[/bold] is running: [link]{on.address}[/link]")
    if roles != EVERYTHING:
        console.print(f"Roles: {', '.join(sorted(roles))}")
    console.print(f"Channels: {', '.join(on.channels)}")
    for channel, how in OFF.items():
        if channel not in on.channels:
            console.print(how)
    if on.console:
        console.print(f"Console: {on.console}", markup=False, soft_wrap=True)
    if on.first_link:
        console.print(f"Sign in within five minutes, once: {on.first_link}", markup=False, soft_wrap=True)
        console.print(f"Another link: bezpieczny staff invite {signin.FIRST}")
    console.print("Stop with Ctrl+C.")


@app.command()
def run(
    roles: Annotated[
        str,
        typer.Option(
            help="What this process does of it: web, deliver, matrix, plan, or some of them with commas (PostgreSQL)."
        ),
    ] = ",".join(Role),
) -> None:
    """Run the assistant: the browser page, Telegram and Matrix if they are set up, and everything the clock does."""
    chosen = roles_of(roles)
    from bot import running  # noqa: PLC0415 - the web framework and Telegram's library take a second to load

    settings = _settings()
    console = Console(stderr=False)

    async def main() -> None:
        stop = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        await running.run(settings, stop, lambda on: _announce(console, on, chosen), roles=chosen)

    with asyncio.Runner(loop_factory=_quick_loop()) as runner:
        runner.run(main())


def _quick_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop on libuv, about twice as fast; None, for the standard one, where there is none."""
    try:
        import uvloop  # noqa: PLC0415 - it is not there on every system
    except ImportError:
        return None
    return uvloop.new_event_loop


@app.command()
def chat(
    language: Annotated[str, typer.Option(help="Begin in this language; by default the terminal's own.")] = "",
) -> None:
    """Talk to the assistant here, in the terminal. Numbers press buttons; Ctrl+D leaves."""
    settings = _settings()

    async def main() -> None:
        async with wiring.open_house(settings) as house:
            await terminal.talk(
                house.engine,
                lambda: house.shelf.library.words,
                _read_line,
                lambda text: print(f"\n{text}\n"),
                language=language or (locale.getlocale()[0] or ""),
                new_key=wiring.new_token,
                folder=Path.cwd(),
            )

    asyncio.run(main())


async def _read_line() -> str | None:
    try:
        return await asyncio.to_thread(input, "> ")
    except EOFError:
        return None


def main() -> None:
    """Run a command; what goes wrong is one clear line and a non-zero exit."""
    os.umask(0o077)  # what is kept here is nobody else's on this machine
    try:
        app(prog_name="bezpieczny")
    except ContentError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        sys.exit(1)
    except BotError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
