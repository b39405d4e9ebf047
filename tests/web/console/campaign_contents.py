"""Campaigns of every shape that loads, for properties of the editor."""

from hypothesis import strategies as st
from pydantic import ValidationError

from bot.catalogue.schema import Campaign
from bot.domain.areas import AgeBand, Area
from bot.domain.residents import Writable

PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (2).to_bytes(4) * 2
"""As much of a picture as anybody looks at: its mark and its size."""
LANGUAGES = ("pl", "uk", "en")
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0")
LINES = st.characters(exclude_categories=["Cs"], exclude_characters="\r\0")


def _texts(letters: st.SearchStrategy[str], longest: int) -> st.SearchStrategy[dict[str, str]]:
    text = st.text(letters, min_size=1, max_size=longest).filter(lambda one: not one.isspace())
    others = st.dictionaries(st.sampled_from([*LANGUAGES[1:], "de"]), text)
    return st.builds(lambda polish, more: {"pl": polish, **more}, text, others)


def _some(
    values: type[Area] | type[AgeBand] | type[Writable] | range | tuple[str, ...],
) -> st.SearchStrategy[list[object]]:
    """Some of a form's choices, in the order in which it has them."""
    listed: list[object] = [getattr(one, "value", one) for one in values]
    return st.lists(st.sampled_from(listed), unique=True).map(lambda chosen: sorted(chosen, key=listed.index))


_BUTTON = st.fixed_dictionaries({}, optional={"text": _texts(LETTERS, 40)}).flatmap(
    lambda words: st.one_of(
        st.just({"quiz": "czad"} | words),
        st.just({"tip": "czujka"} | words),
        st.just({"workshops": True} | words),
        st.just({"workshop": 1} | words),
        st.just({"url": "https://krakow.pl/a?b=c&d=%C4%85"} | words) if words else st.just({"workshops": True}),
    )
)
_AUDIENCE = st.fixed_dictionaries(
    {
        "topics": _some(Area),
        "districts": _some(range(1, 19)),
        "languages": _some(LANGUAGES),
        "ages": _some(AgeBand),
        "channels": _some(Writable),
        "held_out": st.sampled_from([0, 0, 7, 50]),
    },
    optional={
        "active_days": st.integers(1, 730),
        "silent_days": st.integers(1, 730),
        "quiz_taken": st.just("czad"),
        "quiz_not_taken": st.just("czad"),
        "booked": st.sampled_from(["any", 1]),
        "not_booked": st.sampled_from(["any", 1]),
    },
)
_VALUES = st.fixed_dictionaries(
    {
        "id": st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).filter(lambda one: len(one) <= 32),
        "kind": st.sampled_from(["tip", "news", "alert", "quiz", "workshop"]),
        "title": _texts(LETTERS, 80),
        "text": _texts(LINES, 200),
        "buttons": st.lists(_BUTTON, max_size=3),
        "audience": _AUDIENCE,
        "window": st.integers(1, 168),
    },
    optional={
        "picture": st.fixed_dictionaries({"file": st.just("zima.png"), "alt": _texts(LETTERS, 240)}),
        "late_joiners": st.booleans(),
        "dates": st.sampled_from([["11-01"], ["11-01", "03-31"]]),
    },
)


def _loads(values: dict[str, object]) -> bool:
    try:
        Campaign.model_validate(values)
    except ValidationError:
        return False
    return True


CONTENTS = _VALUES.filter(_loads).map(Campaign.model_validate)
"""What a file may hold that the loader takes."""
