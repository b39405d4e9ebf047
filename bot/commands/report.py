"""`bezpieczny report`: a year of the programme, on the screen, on paper and in files."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.common import console, fail, run, table, tell
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.services.programme_report import files, keeping, paper, reading
from bot.services.programme_report.reading import Reading, Sheet
from bot.wiring import House


def report(
    year: Annotated[int, typer.Option(help="The year, in Kraków's time.", show_default=False)],
    pdf: Annotated[bool, typer.Option("--pdf", help="Write bezpieczny-krakow-YEAR.pdf.")] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="Write each table as a CSV file in bezpieczny-krakow-YEAR.")
    ] = False,
    to: Annotated[Path, typer.Option(help="The folder to write into.", file_okay=False)] = Path(),
    language: Annotated[str, typer.Option(help="Its language.")] = DEFAULT_LANGUAGE,
) -> None:
    """A year of the programme: reach, knowledge, workshops, campaigns, cost. Numbers of fewer than 5 people are hidden.

    Without --pdf and --csv the tables are shown here. The year is counted anew, which takes seconds in a large city.
    """

    async def use(house: House) -> None:
        library = house.shelf.library
        if language not in library.words.languages:
            fail(f"There are no words in {language!r}. There are: {', '.join(library.words.languages)}.")
        keeping.check_year(library, year, house.clock())
        counted = await keeping.again(house.database, library, year, house.clock())
        words = reading.read(counted, library, language)
        if pdf:
            content = await asyncio.to_thread(paper.pdf, words, library.words, counted.as_of)
            _write_all(to, {f"bezpieczny-krakow-{year}.pdf": content})
        if csv:
            _write_all(to / f"bezpieczny-krakow-{year}", files.csv_files(counted, words, library.words))
        if not pdf and not csv:
            _show(words)

    run(use)


def _show(words: Reading) -> None:
    for line in (words.title, words.as_of, *words.warnings):
        tell(line)
    for sheet in words.sheets:
        tell(f"\n{sheet.title}\n{sheet.about}")
        _show_table(sheet)
    tell("")
    for line in words.notes:
        tell(line)


def _show_table(sheet: Sheet) -> None:
    console.print(table(sheet.first, *sheet.headings, rows=((line.label, *line.cells) for line in sheet.lines)))


def _write_all(folder: Path, contents: dict[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{folder} cannot be used as a folder: {error.strerror}")
    for name, content in contents.items():
        _write(folder / name, content)


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")
    tell(f"Wrote {file}.")
