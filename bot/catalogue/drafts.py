"""Skeletons of content files, with a comment beside every field."""

from datetime import date, timedelta
from pathlib import Path

from bot.catalogue.schema import is_slug
from bot.domain.areas import Area
from bot.domain.errors import BotError

FOLDER_OF = {"quiz": "quizzes", "tip": "tips", "campaign": "campaigns"}
"""Kind of item → the folder of the content it belongs in."""
REVIEW_AFTER = timedelta(days=180)
_SKELETONS = Path(__file__).with_name("skeletons")


class BadNameError(BotError):
    """A name has lower-case letters a-z, digits and single hyphens, at most 32 of them: my-quiz."""


class TakenError(BotError):
    """There is a file of this name already."""


def write(content: Path, kind: str, name: str, area: Area, today: date) -> Path:
    """Put a skeleton into a content folder. Raises BadNameError or TakenError; nothing is ever overwritten."""
    if not is_slug(name):
        raise BadNameError
    file = content / FOLDER_OF[kind] / f"{name}.yaml"
    skeleton = (_SKELETONS / f"{kind}.yaml").read_text(encoding="utf-8")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(skeleton.format(id=name, area=area.value, review_on=today + REVIEW_AFTER))
    except FileExistsError as error:
        raise TakenError(f"{file} is there already; choose another name.") from error
    return file
