"""`bezpieczny content export` and `… import`: quizzes for other programs and from them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.catalogue.exchange import anki, formats, imports
from bot.catalogue.exchange.formats import Format
from bot.catalogue.exchange.languages import only
from bot.catalogue.loader import PROGRAMME, WORDS, read_item
from bot.catalogue.problems import ContentError
from bot.catalogue.programme import Programme
from bot.catalogue.schema import LONGEST_SLUG, Quiz, is_slug
from bot.catalogue.words import Words
from bot.commands.common import CONTENT, fail, tell
from bot.domain.areas import DEFAULT_LANGUAGE, Area
from bot.services import worksheet
from bot.wiring import utc_now

ALL = "all"


def export(
    quiz: Annotated[str, typer.Argument(help="The quiz, as its file is called.", show_default=False)],
    to: Annotated[Format, typer.Option("--format", help="What to make.", show_default=False)],
    language: Annotated[str, typer.Option(help="One language, or `all` that the format can hold.")] = DEFAULT_LANGUAGE,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write; here by default.", dir_okay=False)
    ] = None,
    content: Annotated[
        Path, typer.Option("--content", help="The content folder.", exists=True, file_okay=False)
    ] = CONTENT,
) -> None:
    """Write a quiz for Moodle (gift, moodle-xml), a spreadsheet (csv), Anki, or paper (print)."""
    try:
        item, words = _quiz(content, quiz), Words.load(content / WORDS)
        languages = _languages(words, language, to)
        made = _made(content, item, to, languages, words)
    except ContentError as error:
        fail(str(error))
    file = out or Path(f"{quiz}{formats.SUFFIXES[to]}")
    _write(file, made)
    for loss in formats.lost(item, to, languages):
        tell(loss)
    tell(f"Wrote {file}.")


def _quiz(folder: Path, slug: str) -> Quiz:
    files = {file.stem: file for file in sorted((folder / "quizzes").glob("*.yaml"))}
    if slug not in files:
        fail(f"There is no quiz {slug!r}. There are: {', '.join(files)}.")
    return read_item(files[slug], Quiz).item


def _languages(words: Words, language: str, to: Format) -> tuple[str, ...]:
    if language == ALL and to is not Format.PRINT:
        return words.languages
    if language not in words.languages:
        more = "" if to is Format.PRINT else f", or {ALL}"
        fail(f"There is no language {language!r} for this; choose {', '.join(words.languages)}{more}.")
    return (language,)


def _made(folder: Path, quiz: Quiz, to: Format, languages: Sequence[str], words: Words) -> bytes:
    kept = only(quiz, languages)
    match to:
        case Format.ANKI:
            return anki.write(kept, languages, words, _programme(folder).name, utc_now())
        case Format.PRINT:
            return worksheet.pdf(worksheet.worksheet(words, _programme(folder), kept, languages[0]))
        case _:
            return formats.write(quiz, to, languages, words).encode("utf-8")


def _programme(folder: Path) -> Programme:
    return read_item(folder / PROGRAMME, Programme).item


def import_(
    file: Annotated[Path, typer.Argument(help="GIFT, Moodle XML or CSV.", show_default=False)],
    *,
    format: Annotated[  # noqa: A002 - the option's name
        Format | None, typer.Option(help="What it is, where its name does not say.", show_default=False)
    ] = None,
    id: Annotated[str | None, typer.Option(help="The quiz's name.", show_default=False)] = None,  # noqa: A002
    area: Annotated[Area | None, typer.Option(help="The quiz's area.", show_default=False)] = None,
    language: Annotated[str, typer.Option(help="What it is written in, where it does not say.")] = DEFAULT_LANGUAGE,
    into: Annotated[Path, typer.Option(help="The folder to write into.", exists=True, file_okay=False)] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Make a content file of another program's questions, for you to finish. What is missing is listed."""
    if id is not None and not is_slug(id):
        fail(f"The name {id!r} cannot be; use lower-case letters a-z, digits and hyphens, at most {LONGEST_SLUG}.")
    try:
        made = imports.read(file, what=format, language=language, name=id, area=area)
    except ContentError as error:
        fail(str(error))
    target = into / f"{made.id}.yaml"
    if target.exists() and not force:
        fail(f"{target} is there already; choose another name with --id, or write over it with --force.")
    _write(target, made.text.encode("utf-8"))
    _report(made, target)


def _report(made: imports.Imported, target: Path) -> None:
    for problem in made.skipped:
        tell(str(problem))
    try:
        read_item(target, Quiz)
    except ContentError as error:
        tell(str(error))
    for language, count in made.untranslated.items():
        tell(f"{target}: {count} texts are not in {language!r} yet; translate them")
    left = f", {len(made.skipped)} left out" if made.skipped else ""
    tell(f"Wrote {target}: {made.questions} questions{left}. Lines with TODO say what to add.")


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")


COMMANDS: dict[str, Callable[..., None]] = {"export": export, "import": import_}
"""What `content` adds to its own commands."""
