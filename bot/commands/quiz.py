"""`bezpieczny quiz …`: a quiz for a class, a poster for a tram stop."""

import asyncio
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import segno
import typer

from bot.commands.common import fail, local, run, telegram, tell
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.errors import BotError, UnknownItem
from bot.services import classroom, learning, poster
from bot.services.links import MatrixStart
from bot.storage.classroom import QuizLink
from bot.wiring import House

if TYPE_CHECKING:
    from bot.channels.telegram.channel import TelegramChannel

app = typer.Typer(help="Share quizzes.", no_args_is_help=True)


@app.callback()
def quizzes() -> None:
    """Share quizzes."""  # with a callback, one command stays a command and not the whole application


@app.command()
def link(
    slug: Annotated[str, typer.Argument(help="The quiz, as its file is called.", show_default=False)],
    pdf: Annotated[
        Path | None, typer.Option("--poster", help="Also write a one-page poster.", dir_okay=False, show_default=False)
    ] = None,
    language: Annotated[str, typer.Option(help="The poster's language.")] = DEFAULT_LANGUAGE,
) -> None:
    """Make a link to a quiz that anybody may answer for 30 days, with its QR code."""

    async def use(house: House) -> None:
        library = house.shelf.library
        try:
            quiz = learning.get_quiz(library, slug)
        except UnknownItem:
            fail(f"There is no quiz {slug!r}. There are: {', '.join(sorted(library.quizzes))}.")
        async with house.database.begin() as conn:
            made = await classroom.share(
                conn, library, slug, resident_id=None, code=house.tools.new_code(), now=house.clock()
            )
        page = house.tools.links.page(made.code)
        if pdf:
            content = poster.sheet(library, quiz, page, made, language)
            _write(pdf, await asyncio.to_thread(poster.pdf, content))
        on_matrix = house.tools.links.matrix_start(f"q_{made.code}")
        _show(page, made, await _on_telegram(house, made), on_matrix)

    run(use)


def _show(page: str, made: QuizLink, on_telegram: str | None, on_matrix: MatrixStart | None) -> None:
    picture = io.StringIO()
    segno.make(page, error="m").terminal(picture, compact=True)
    tell(picture.getvalue())
    tell(f"In the browser:  {page}")
    if on_telegram:
        tell(f"On Telegram:     {on_telegram}")
    if on_matrix:
        tell(f"On Matrix:       {on_matrix.url} and then send: {on_matrix.message}")
    tell(f"Open until {local(made.ends_at)}. Totals appear from {classroom.FEWEST_SHOWN} people on.")


async def _on_telegram(house: House, made: QuizLink) -> str | None:
    async with telegram(house) as channel:
        return await _address(channel, f"q_{made.code}") if channel else None


async def _address(channel: "TelegramChannel", parameter: str) -> str | None:
    try:
        await channel.ask_name()
    except BotError as error:  # the link in the browser works all the same
        tell(f"Telegram does not say what the bot is called there: {error}")
    return channel.link(parameter)


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")
    tell(f"Wrote {file}.")
