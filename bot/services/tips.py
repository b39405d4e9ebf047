"""Tips: which one is next, and what people say of them."""

from collections.abc import Iterable
from datetime import datetime

from bot.catalogue.library import Library
from bot.catalogue.schema import Tip
from bot.domain.areas import Season
from bot.domain.errors import UnknownItem
from bot.domain.quizzes import shuffled
from bot.domain.residents import Resident
from bot.services.learning import audiences_of
from bot.storage import learning as store
from bot.storage.database import Connection

_SEASONS = (Season.WINTER, Season.SPRING, Season.SUMMER, Season.AUTUMN)


def season_of(now: datetime) -> Season:
    """The meteorological season of an instant."""
    return _SEASONS[now.month % 12 // 3]


def get_tip(library: Library, slug: str) -> Tip:
    """A tip by its slug. Raises UnknownItem."""
    tip = library.tips.get(slug)
    if tip is None:
        raise UnknownItem
    return tip


def tips_of(library: Library, *, topic: str = "", area: str = "") -> list[Tip]:
    """Tips of a topic or an area (empty: all), by title in Polish."""
    found = [
        tip for tip in library.tips.values() if (not topic or tip.topic == topic) and (not area or tip.area == area)
    ]
    return sorted(found, key=lambda tip: tip.title["pl"])


def choose_next(tips: Iterable[Tip], seen: dict[str, datetime], resident: Resident, now: datetime) -> Tip | None:
    """The tip to show next: unseen before seen, timely before timeless, then the longest ago."""
    wanted = audiences_of(resident)
    season = season_of(now)
    fitting = [tip for tip in tips if wanted & set(tip.audience) and (not tip.season or season in tip.season)]
    if not fitting:
        return None
    order = {place: turn for turn, place in enumerate(shuffled(len(fitting), seed=resident.id, salt="tips"))}

    def rank(place: int) -> tuple[bool, float, bool, int]:
        tip = fitting[place]
        seen_at = seen.get(tip.id)
        return (seen_at is not None, seen_at.timestamp() if seen_at else 0.0, not tip.season, order[place])

    return fitting[min(range(len(fitting)), key=rank)]


async def next_tip(conn: Connection, library: Library, resident: Resident, *, topic: str, now: datetime) -> Tip:
    """The next tip for a resident, of a topic or of the areas they follow; not marked yet. Raises UnknownItem."""
    seen = await store.tips_of(conn, resident.id)
    tips = [tip for tip in tips_of(library, topic=topic) if topic or resident.follows(tip.area)]
    tip = choose_next(tips, seen, resident, now) or choose_next(library.tips.values(), seen, resident, now)
    if tip is None:
        raise UnknownItem
    return tip
