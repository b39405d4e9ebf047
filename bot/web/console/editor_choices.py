"""What can be chosen in the editor, in words; and what a choice, or a field, is called."""

from collections.abc import Iterable, Mapping

from bot.catalogue.schema import ANY_WORKSHOP, Campaign, CampaignKind, Tip
from bot.catalogue.texts import Texts
from bot.domain.areas import AgeBand, Area, district_numeral
from bot.domain.messages import Plain
from bot.domain.residents import Writable
from bot.storage import workshops
from bot.web.console.editor_forms import MOST_BUTTONS
from bot.web.console.fields import Fields
from bot.web.console.preview import CHANNELS
from bot.web.console.visit import Visit

MOST_WORKSHOPS = 200
WAYS = ("quiz", "tip", "workshop")
"""What a button may lead to by its name."""

Options = list[tuple[str, str]]
"""Value and words."""
Choices = Mapping[str, Options]
"""Field → what can be chosen there."""


async def choices(visit: Visit, typed: Fields) -> Choices:
    """All lists of the form; what was chosen and is there no more stays in its list, by its bare name."""
    library, say = visit.house.library, visit.say
    quizzes = _titled(visit, {quiz.id: quiz.title for quiz in library.quizzes.values()})
    tips = _titled(visit, {tip.id: tip.title for tip in library.tips.values()})
    coming = await _workshops(visit)
    anyone = [(ANY_WORKSHOP, say("editor.any_workshop")), *coming]
    found: dict[str, Options] = {
        "kind": [(kind.value, say(f"editor.kind.{kind.value}")) for kind in CampaignKind],
        "topics": [(area.value, _text(visit, library.programme.areas[area].name)) for area in Area],
        "districts": [
            (str(one.number), f"{district_numeral(one.number)} {one.name}") for one in library.programme.districts
        ],
        "languages": [(code, library.words.language_name(code)) for code in library.words.languages],
        "ages": [(age.value, say(f"age.{age.value}")) for age in AgeBand],
        "channels": [(channel.value, CHANNELS[channel.value]) for channel in Writable],
        "quiz_taken": quizzes,
        "quiz_not_taken": quizzes,
        "booked": anyone,
        "not_booked": anyone,
        "picture": _pictures(visit),
        "late_joiners": [(value, say(f"editor.late.{value}")) for value in ("true", "false")],
        "workshops": [("workshops", say("editor.all_workshops"))],
        "url": [("url", say("editor.an_address"))],
    }
    ways = dict(zip(WAYS, (quizzes, tips, coming), strict=True))
    found |= {kind: [(f"{kind}:{name}", words) for name, words in options] for kind, options in ways.items()}
    return {name: _with(options, _chosen(typed, name)) for name, options in found.items()}


def _titled(visit: Visit, titles: Mapping[str, Texts]) -> Options:
    named = [(name, _text(visit, title)) for name, title in titles.items()]
    return sorted(named, key=lambda one: one[1].casefold())


def _text(visit: Visit, texts: Texts) -> str:
    return visit.house.library.words.label(Plain(texts), visit.language)


async def _workshops(visit: Visit) -> Options:
    async with visit.house.database.read() as conn:
        coming = await workshops.upcoming(conn, visit.now, limit=MOST_WORKSHOPS)
    moment = visit.house.library.words.moment
    return [(str(one.id), f"{moment(one.starts_at, visit.language)}: {_text(visit, one.title)}") for one in coming]


def _pictures(visit: Visit) -> Options:
    """Pictures of the library, by what they belong to."""
    library = visit.house.library
    items: tuple[Campaign | Tip, ...] = (*library.tips.values(), *library.campaigns.values())
    titles = {one.picture.file: one.title for one in items if one.picture and one.picture.file in library.pictures}
    return _titled(visit, titles)


def _chosen(typed: Fields, name: str) -> list[str]:
    if name not in WAYS:
        return typed.all(name)
    targets = (typed.one(f"button{slot}") for slot in range(MOST_BUTTONS))
    return [target for target in targets if target.startswith(f"{name}:")]


def _with(options: Options, chosen: Iterable[str]) -> Options:
    known = {value for value, _ in options}
    return [*options, *((value, value) for value in dict.fromkeys(chosen) if value and value not in known)]


def value_of(options: Choices, fields: Fields, name: str) -> str:
    """What stands in a field, in words."""
    base = name.rstrip("0123456789")
    lists = (*WAYS, "workshops", "url") if base == "button" else (name,)
    words = {value: label for one in lists for value, label in options.get(one, ())}
    return ", ".join(words.get(value, value) for value in fields.all(name) if value)
