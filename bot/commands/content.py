"""`bezpieczny content …`: check what is taught, count it, begin a file, and describe the files to editors."""

import json
import os.path
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.catalogue import drafts
from bot.catalogue.check import check as find_problems
from bot.catalogue.documents import FOLDERS
from bot.catalogue.loader import Reader
from bot.catalogue.problems import Problem, Severity
from bot.catalogue.programme import Programme, Terms
from bot.catalogue.schema import Item
from bot.catalogue.stats import DUE_WITHIN, Pending, Stats, count
from bot.catalogue.words import LOCAL_TIME
from bot.commands import exchange
from bot.commands.common import CONTENT, fail
from bot.commands.preview import preview
from bot.domain.areas import Area
from bot.domain.errors import BotError
from bot.wiring import utc_now

STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
SCHEMAS: Mapping[str, type[Item]] = {
    "programme": Programme,
    "terms": Terms,
    **{model.__name__.lower(): model for model in FOLDERS.values()},
}

app = typer.Typer(help="Check, count, write and preview what the assistant teaches.", no_args_is_help=True)
app.command()(preview)
for name, command in exchange.COMMANDS.items():
    app.command(name)(command)
console = Console(highlight=False, soft_wrap=True)

Folder = Annotated[Path, typer.Option("--content", help="The content folder.", exists=True, file_okay=False)]


@app.command()
def check(content: Folder = CONTENT) -> None:
    """Look for everything that should be put right. Errors end with exit code 1, warnings do not."""
    problems = find_problems(Reader(_shown(content)).read(), _today())
    for problem in problems:
        console.print(_line(problem))
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    console.print(f"Errors: {errors}, warnings: {len(problems) - errors}.")
    raise typer.Exit(1 if errors else 0)


@app.command()
def stats(
    content: Folder = CONTENT,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program to read.")] = False,
) -> None:
    """Count what there is, and list what is due for review or rests on the press alone."""
    found = count(Reader(_shown(content), strict=False).read(), _today())
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2, ensure_ascii=False, default=str))
        return
    console.print(_areas(found))
    for title, numbers in (
        ("Audience", found.audiences),
        ("Kind of question", found.kinds),
        ("Campaign template", found.campaigns),
        (f"Language of {found.texts} texts", found.languages),
    ):
        console.print(_table(title, "Items", rows=((name, str(number)) for name, number in sorted(numbers.items()))))
    days = DUE_WITHIN.days
    _list(f"To review within {days} days", found.due)
    _list("Known from the press alone, to confirm with an authority", found.to_confirm)


class Kind(StrEnum):
    """What can be begun."""

    QUIZ = "quiz"
    TIP = "tip"
    CAMPAIGN = "campaign"


@app.command()
def new(
    kind: Annotated[Kind, typer.Argument(help="What it will be.")],
    name: Annotated[str, typer.Argument(help="Its id: lower-case letters, digits and hyphens.")],
    area: Annotated[Area, typer.Option(help="The area it belongs to.")] = Area.EVERYDAY,
    content: Folder = CONTENT,
) -> None:
    """Begin a quiz, a tip or a campaign template: a file with a comment beside every field."""
    try:
        file = drafts.write(_shown(content), kind.value, name, area, _today())
    except BotError as error:
        fail(str(error))
    console.print(f"{file} is there. Fill it in; `bezpieczny content check` lists what is missing.", markup=False)
    console.print("A running assistant keeps the last good content until then.")


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option("--out", help="A folder to write <kind>.json into.")] = None,
) -> None:
    """Print JSON Schemas of all kinds of content files, or write them for an editor to use."""
    schemas = {name: model.model_json_schema() for name, model in SCHEMAS.items()}
    if out is None:
        typer.echo(json.dumps(schemas, indent=2, ensure_ascii=False))
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, described in schemas.items():
        file = out / f"{name}.json"
        file.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        console.print(str(file))


def _today() -> date:
    return utc_now().astimezone(LOCAL_TIME).date()


def _shown(folder: Path) -> Path:
    """The folder as it is shortest to read, so that editors can follow `file:line:column`."""
    short = Path(os.path.relpath(folder))
    return folder if ".." in short.parts else short


def _line(problem: Problem) -> Text:
    return Text(str(problem), style=STYLES[problem.severity] if console.is_terminal else "")


def _table(*headings: str, rows: Iterable[tuple[str, ...]]) -> Table:
    """A table; without lines where nobody looks at it."""
    table = Table(*headings, box=box.SIMPLE_HEAD if console.is_terminal else None)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _areas(found: Stats) -> Table:
    rows = [(area.value, *map(str, asdict(number).values())) for area, number in found.areas.items()]
    total = map(sum, zip(*(asdict(number).values() for number in found.areas.values()), strict=True))
    headings = ("Area", "Quizzes", "Questions", "Pairs", "Measuring", "Tips", "Cards")
    return _table(*headings, rows=[*rows, ("all", *map(str, total))])


def _list(title: str, claims: Sequence[Pending]) -> None:
    console.print(f"\n{title}: {len(claims)}")
    for claim in claims:
        console.print(Text(f"  {claim.place}  {claim.review_on}  {claim.publisher}"))
