"""Settings: all optional, all reversible, each in place."""

from bot.dialogue.scenes.parts import MENU, button, column, grid, tick
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.areas import AgeBand, Area, district_numeral
from bot.domain.errors import StaleAction
from bot.domain.messages import Block, Button, Plain, Row, Screen, say
from bot.domain.residents import Answering, Resident
from bot.services import learning

FIRST_TIP_HOUR = 8
TIP_HOURS = range(8, 21)
"""Outside quiet hours, so that a daily tip is never held back."""
NO_TIP = -1
CONSENTS = ("tips", "alerts", "campaigns")
DISTRICT_COUNT = 18


async def overview(turn: Turn, action: do.Settings) -> Screen:  # noqa: ARG001 - every scene takes its action
    """What is set, and ways to change it."""
    resident = turn.resident
    facts, rows = _answering(resident) if resident.chooses_how else ((), ())
    return Screen(
        blocks=(say("settings.title"), _facts(turn, resident), *facts),
        rows=(
            (button("settings.language", do.Languages()), button("settings.consents", do.Consents())),
            (button("settings.topics", do.Topics()), button("settings.tip_hour", do.TipHours())),
            (button("settings.district", do.Districts()), button("settings.age", do.Ages())),
            *rows,
            (button("home.privacy", do.Privacy()), *MENU),
        ),
    )


def _answering(resident: Resident) -> tuple[tuple[Block, ...], tuple[Row, ...]]:
    how = say("answering.fact", how=say(f"answering.{resident.answering.value}"))
    return (how,), ((button("settings.answering", do.AnsweringWays()),),)


def _facts(turn: Turn, resident: Resident) -> Block:
    areas = turn.library.programme.areas
    chosen = [Plain(areas[area].name) for area in Area if area in resident.topics and area in areas]
    topics: Block = say("settings.all_topics")
    for place, name in enumerate(chosen):
        topics = name if place == 0 else say("list.and", first=topics, second=name)
    unset, no_tip = say("settings.unset"), say("settings.off")
    return say(
        "settings.facts",
        language=turn.library.words.language_name(resident.language),
        topics=topics,
        tip=no_tip if resident.tip_hour is None else say("settings.at_hour", hour=resident.tip_hour),
        district=unset if resident.district is None else _district(turn, resident.district),
        age=say(f"age.{resident.age.value}") if resident.age else unset,
    )


def _district(turn: Turn, number: int) -> Block:
    name = next(one.name for one in turn.library.programme.districts if one.number == number)
    return say("settings.district_line", numeral=district_numeral(number), name=name)


# --- language


async def languages(turn: Turn, action: do.Languages) -> Screen:  # noqa: ARG001 - every scene takes its action
    """Choose a language; each is named in itself."""
    words = turn.library.words
    choices = [Button(Plain({"pl": words.language_name(code)}), do.SetLanguage(code)) for code in words.languages]
    return Screen(blocks=(say("settings.choose_language"),), rows=(*column(choices), _back()))


async def set_language(turn: Turn, action: do.SetLanguage) -> Screen:
    """Speak this language from now on, and say again what was on the screen."""
    if action.language not in turn.library.words.languages:
        raise StaleAction
    await turn.change_resident(language=action.language)
    return await turn.go(do.Settings() if isinstance(turn.here, do.Languages) else turn.here)


def _back() -> Row:
    return (button("back", do.Settings()), *MENU)


# --- topics, hour, district, age


async def topics(turn: Turn, action: do.Topics) -> Screen:  # noqa: ARG001 - every scene takes its action
    """Areas to hear about; none chosen means all."""
    boxes = [
        tick(
            Plain(info.name),
            do.SetTopic(area.value, area not in turn.resident.topics),
            on=area in turn.resident.topics,
        )
        for area, info in turn.library.programme.areas.items()
    ]
    return Screen(blocks=(say("settings.choose_topics"),), rows=(*column(boxes), _back()))


async def set_topic(turn: Turn, action: do.SetTopic) -> Screen:
    """Follow an area, or not."""
    if action.area not in list(Area):
        raise StaleAction
    await turn.change_resident(**{action.area: action.on})
    return await turn.go(do.Topics())


async def tip_hours(turn: Turn, action: do.TipHours) -> Screen:  # noqa: ARG001 - every scene takes its action
    """The hour of the daily tip."""
    if not turn.resident.can_be_written_to:
        return _only_answers(turn)
    now = turn.resident.tip_hour
    hours = [
        Button(
            say("choice.chosen" if hour == now else "choice.plain", name=say("settings.at_hour", hour=hour)),
            do.SetTipHour(hour),
        )
        for hour in TIP_HOURS
    ]
    none = button("settings.no_tip", do.SetTipHour(NO_TIP))
    return Screen(blocks=(say("settings.choose_hour"),), rows=(*grid(hours, 4), (none,), _back()))


async def set_tip_hour(turn: Turn, action: do.SetTipHour) -> Screen:
    """A daily tip at this hour, or none."""
    if action.hour != NO_TIP and (action.hour not in TIP_HOURS or not turn.resident.can_be_written_to):
        raise StaleAction
    await turn.change_resident(tip_hour=None if action.hour == NO_TIP else action.hour)
    return await turn.go(do.Settings())


async def districts(turn: Turn, action: do.Districts) -> Screen:  # noqa: ARG001 - every scene takes its action
    """Choose a district, by its numeral and name."""
    choices = [
        Button(_district(turn, one.number), do.SetDistrict(one.number)) for one in turn.library.programme.districts
    ]
    forget = button("settings.forget", do.SetDistrict(0))
    return Screen(blocks=(say("settings.choose_district"),), rows=(*grid(choices, 2), (forget,), _back()))


async def set_district(turn: Turn, action: do.SetDistrict) -> Screen:
    """Live in this district, or do not say."""
    if action.district not in range(DISTRICT_COUNT + 1):
        raise StaleAction
    await turn.change_resident(district=action.district or None)
    return await turn.go(do.Settings())


async def ages(turn: Turn, action: do.Ages) -> Screen:  # noqa: ARG001 - every scene takes its action
    """Choose an age band."""
    choices = [button(f"age.{age.value}", do.SetAge(age.value)) for age in AgeBand]
    forget = button("settings.forget", do.SetAge(""))
    return Screen(blocks=(say("settings.choose_age"),), rows=(*grid(choices, 3), (forget,), _back()))


async def set_age(turn: Turn, action: do.SetAge) -> Screen:
    """Be of this age band, or do not say."""
    if action.age and action.age not in list(AgeBand):
        raise StaleAction
    await turn.change_resident(age=action.age or None)
    return await turn.go(do.Settings())


# --- how to choose


async def answering_ways(turn: Turn, action: do.AnsweringWays) -> Screen:  # noqa: ARG001 - every scene takes its action
    """Choose how to choose; where there are buttons, there is no such command."""
    if not turn.resident.chooses_how:
        return await turn.go(do.Explain("command"))
    ways = [
        Button(
            say(
                "choice.chosen" if how is turn.resident.answering else "choice.plain",
                name=say(f"answering.choose.{how.value}"),
            ),
            do.SetAnswering(how.value),
        )
        for how in Answering
    ]
    return Screen(blocks=(say("answering.title"), say("answering.help")), rows=(*column(ways), _back()))


async def set_answering(turn: Turn, action: do.SetAnswering) -> Screen:
    """Choose so from now on; numbers and words are understood all the same."""
    if action.how not in list(Answering) or not turn.resident.chooses_how:
        raise StaleAction
    await turn.change_resident(answering=action.how)
    return await turn.go(do.Settings())


# --- consent


def consent_row(turn: Turn, attempt: int = 0) -> tuple[Row, ...]:
    """The three choices, each of its own, a mark saying which is on."""
    resident = turn.resident
    on = {"tips": resident.tip_hour is not None, "alerts": resident.alerts, "campaigns": resident.campaigns}
    hour = FIRST_TIP_HOUR if resident.tip_hour is None else resident.tip_hour
    return column(
        tick(say(f"consent.{kind}", hour=hour), do.SetConsent(kind, not on[kind], attempt), on=on[kind])
        for kind in CONSENTS
    )


def _only_answers(turn: Turn) -> Screen:
    links = turn.tools.links
    blocks = [say("consent.only_answers")]
    if telegram := links.telegram_start("subscribe"):
        blocks.append(say("consent.telegram", url=telegram))
    if matrix := links.matrix_start("subscribe"):
        blocks.append(say("consent.matrix", url=matrix.url, message=matrix.message))
    return Screen(blocks=tuple(blocks), rows=(_back(),))


async def consents(turn: Turn, action: do.Consents) -> Screen:  # noqa: ARG001 - every scene takes its action
    """What may be sent unasked."""
    if not turn.resident.can_be_written_to:
        return _only_answers(turn)
    if turn.resident.consent_asked_at is None:
        await turn.change_resident(consent_asked_at=turn.now)
    return Screen(
        blocks=(say("consent.title"),),
        rows=(*consent_row(turn), (button("done", do.Home()), button("home.privacy", do.Privacy()))),
    )


async def set_consent(turn: Turn, action: do.SetConsent) -> Screen:
    """Agree to one kind of message, or withdraw; the choice stays where it stood."""
    if action.kind not in CONSENTS or not turn.resident.can_be_written_to:
        raise StaleAction
    if action.attempt:  # before anything is set: a button that is not theirs sets nothing
        await learning.own_attempt(turn.conn, turn.resident, action.attempt)
    if action.kind == "tips":
        hour = FIRST_TIP_HOUR if turn.resident.tip_hour is None else turn.resident.tip_hour
        await turn.change_resident(tip_hour=hour if action.on else None)
    else:
        await turn.change_resident(**{action.kind: action.on})
    if action.attempt:
        return await turn.go(do.ShowResult(action.attempt))
    return await turn.go(do.Consents())
