"""An area or a topic by its name, however that is typed: in any language, without case and diacritics."""

from collections.abc import Iterable, Mapping

from bot.catalogue.programme import AreaInfo, Programme, Topic
from bot.catalogue.stems import fold, tokens
from bot.domain.areas import Area


def area_named(programme: Programme, text: str) -> Area | None:
    """The area that is called so."""
    return next((area for area, info in programme.areas.items() if _is_called(info, text)), None)


def topic_named(programme: Programme, text: str) -> str | None:
    """The topic that is called so."""
    return next((slug for slug, topic in programme.topics.items() if _is_called(topic, text)), None)


def spelt(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared: letters and digits alone, folded."""
    return tuple(map(fold, tokens(text)))


def _is_called(named: AreaInfo | Topic, text: str) -> bool:
    said = spelt(text)
    return bool(said) and said in _spellings(named.name)


def _spellings(name: Mapping[str, str]) -> Iterable[tuple[str, ...]]:
    return map(spelt, name.values())
