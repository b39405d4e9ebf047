"""What a campaign says: from a file of staff's own, from a seasonal template, and as it is stored."""

from pathlib import Path

from bot.catalogue import loader
from bot.catalogue.library import Library
from bot.catalogue.problems import ContentError
from bot.catalogue.schema import Campaign as Content
from bot.domain.errors import BotError
from bot.services import refusals
from bot.storage.database import Connection
from scheduler import ledger
from scheduler.model import Campaign, Run

REVISED = "revised"
"""In a campaign's history: from here on it says something else."""


class UnknownTemplate(BotError):
    """There is no campaign template of this name."""


def read_file(file: Path, library: Library) -> Content:
    """A campaign that staff wrote. Raises ContentError, with file, line and column of everything wrong."""
    document = loader.read_item(file, Content)
    problems = list(refusals.in_file(document, library))
    if problems:
        raise ContentError(problems)
    return document.item


def in_season(template: Content, today: str) -> bool:
    """Whether a template's recommended days hold `today` (`MM-DD`)."""
    return bool(template.dates) and template.dates[0] <= today <= template.dates[-1]


def by_season(library: Library, today: str) -> list[Content]:
    """Seasonal templates: those in season first, then as they come up from `today` (`MM-DD`) on, round the year."""

    def rank(template: Content) -> tuple[bool, bool, tuple[str, ...]]:
        begun = not template.dates or template.dates[0] < today
        return not in_season(template, today), begun, template.dates

    return sorted(library.campaigns.values(), key=rank)


def from_template(library: Library, name: str) -> Content:
    """A seasonal template of the library. Raises UnknownTemplate."""
    if name not in library.campaigns:
        known = ", ".join(sorted(library.campaigns))
        raise UnknownTemplate(f"There is no campaign template {name!r}. There are: {known}.")
    return library.campaigns[name]


def content_of(campaign: Campaign) -> Content:
    """What a stored campaign says."""
    return Content.model_validate(campaign.content)


async def content_at(conn: Connection, run: Run, campaign: Campaign) -> Content | None:
    """What a run of a campaign said; None if the campaign was revised since, for then nobody knows any more."""
    events = await ledger.list_events(conn, campaign.id)
    if any(event.what == REVISED and event.at > run.started_at for event in events):
        return None
    return content_of(campaign)


def missing_languages(library: Library, content: Content) -> tuple[str, ...]:
    """Languages in which its audience would read some of it in Polish."""
    wanted = content.audience.languages or library.words.languages
    texts = [content.title, content.text, *(button.text for button in content.buttons if button.text)]
    texts += [content.picture.alt] if content.picture else []
    return tuple(language for language in wanted if any(language not in text for text in texts))
