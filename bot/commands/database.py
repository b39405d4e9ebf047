"""`bezpieczny database …`: copies, the way back, and upgrades."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.settings import Settings, data_folder, from_environment
from bot.storage import backup as copies
from bot.storage import migrate, transfer
from bot.storage.database import Database
from bot.storage.lock import hold
from bot.wiring import utc_now

app = typer.Typer(help="Back up, restore and upgrade the database.", no_args_is_help=True)
console = Console(highlight=False, soft_wrap=True)


@app.command()
def backup(
    file: Annotated[
        Path | None,
        typer.Argument(help="Where to write it; by default `backups` in the data folder.", show_default=False),
    ] = None,
) -> None:
    """Copy the database while the bot runs. The secret key is not in it: keep that elsewhere."""
    settings = from_environment()
    source = copies.database_file(settings.database_url.get_secret_value())
    target = file or _backup_name(settings, source)
    copies.backup(source, target)
    console.print(f"Copied to {target}.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A copy made by `database backup`.", show_default=False)],
) -> None:
    """Put a copy in the place of the database; the present one is copied first. The bot must be stopped."""
    settings = from_environment()
    target = copies.database_file(settings.database_url.get_secret_value())
    with hold(lock_file(settings)):
        kept = _backup_name(settings, target.with_stem(f"{target.stem}-replaced"))
        copies.restore(file, target, kept)
        asyncio.run(migrate.upgrade(_database(settings)))
    console.print(f"Restored {file}." + (f" What was there is kept as {kept}." if kept.exists() else ""))


@app.command()
def upgrade() -> None:
    """Bring the database to this version of the bot, as the bot does at its start. The bot must be stopped."""
    settings = from_environment()
    with hold(lock_file(settings)):
        asyncio.run(migrate.upgrade(_database(settings)))
    console.print(f"The database is at revision {migrate.head()}.")


@app.command()
def copy(
    to: Annotated[
        str | None,
        typer.Option(
            help="The URL of an empty database, written as in BEZPIECZNY_DATABASE_URL; asked for if it is not given.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Copy everything to another, empty database: from SQLite to PostgreSQL, say. The bot must be stopped."""
    settings = from_environment()
    with hold(lock_file(settings)):
        url = to or console.input("The URL of the other database: ", password=sys.stdin.isatty())  # it may hold one
        rows = asyncio.run(_copy(settings, Database(url)))
    console.print(f"Copied {rows} rows. Set BEZPIECZNY_DATABASE_URL to the other database and start the bot.")


async def _copy(settings: Settings, target: Database) -> int:
    source = _database(settings)
    try:
        await source.check()
        await target.check()
        return await transfer.copy(source, target)
    finally:
        await source.close()
        await target.close()


@app.command(hidden=True)
def draft(title: str) -> None:
    """For developers: write a migration to the tables as the code declares them."""
    console.print(f"Wrote {asyncio.run(migrate.draft(title))}. Read it, mend it, then `make format test`.")


def lock_file(settings: Settings) -> Path:
    """What a running bot holds; the data folder is made if need be."""
    return data_folder(settings) / "bot.lock"


def _database(settings: Settings) -> Database:
    return Database(settings.database_url.get_secret_value())


def _backup_name(settings: Settings, source: Path) -> Path:
    return copies.backup_name(data_folder(settings) / "backups", source, utc_now())
