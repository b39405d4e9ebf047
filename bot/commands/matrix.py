"""`bezpieczny matrix …`: what the homeserver has to know of the bot."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bot.channels.matrix import registration as registrations
from bot.commands.common import fail, tell
from bot.domain.errors import BotError
from bot.settings import data_folder, from_environment
from bot.wiring import new_token

app = typer.Typer(help="Make the bot an application service of a Matrix homeserver.", no_args_is_help=True)

FILE = "matrix-registration.yaml"


@app.callback()
def group() -> None:
    """A group, even of one command."""


@app.command()
def registration(
    url: Annotated[str, typer.Option(help="Where the homeserver reaches the bot.", show_default=False)],
    user: Annotated[str, typer.Option(help="The bot's name there: @bot:example.org, or bot.")] = "bot",
    out: Annotated[
        Path | None, typer.Option(help=f"Where to write it; by default {FILE} in the data folder.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace a file that is there; its tokens are valid no more.")] = False,
) -> None:
    """Write the registration file of an application service: for more residents than one account can sync."""
    try:
        text = registrations.written(url, user, as_token=new_token(), hs_token=new_token())
        target = out or data_folder(from_environment()) / FILE
        _write(target, text, force=force)
    except FileExistsError:
        fail(f"{target} is there already; with --force it is replaced, and the homeserver needs the new one.")
    except OSError as error:
        fail(f"{target} cannot be written: {error.strerror}")
    except BotError as error:
        fail(str(error))
    tell(f"1. Copy {target} to the homeserver and name it there in homeserver.yaml: app_service_config_files: [FILE]")
    tell("2. Restart the homeserver. Keep the file closed to others: it holds two secrets.")
    tell(
        f"3. Start the bot with BEZPIECZNY_MATRIX__REGISTRATION={target.resolve()}, without password and access token."
    )


def _write(target: Path, text: str, *, force: bool) -> None:
    """Write whole or not at all, closed to others. Raises FileExistsError unless `force`, and OSError."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".registration-")  # mode 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        if force:
            draft.replace(target)
        else:
            os.link(draft, target)
    finally:
        draft.unlink(missing_ok=True)
