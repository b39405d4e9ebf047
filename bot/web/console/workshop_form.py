"""Planning a workshop, and changing one: the form, and what two who change the same are shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import Response

from bot.domain.areas import Area
from bot.domain.messages import Plain
from bot.domain.workshops import Workshop
from bot.services import workshops as service
from bot.services.workshops import LONGEST, Edited, Plan
from bot.storage import workshop_messages
from bot.storage.database import Connection
from bot.web.console.fields import Trouble
from bot.web.console.visit import Change, Done, Route, Visit
from bot.web.console.workshop_parts import LARGEST, about, find, only_of, url_of
from scheduler.calendar import ZONE, parse_local
from scheduler.errors import CalendarError, NotATime, TimeDoesNotExist, TimeHappensTwice

TITLES, ABOUTS = ("title_pl", "title_uk", "title_en"), ("about_pl", "about_uk", "about_en")
TELL = "tell"
_LABELS: Mapping[str, str] = {
    "area": "workshops.area",
    "title_pl": "workshops.form.title_pl",
    "title_uk": "workshops.form.title_uk",
    "title_en": "workshops.form.title_en",
    "about_pl": "workshops.form.about_pl",
    "about_uk": "workshops.form.about_uk",
    "about_en": "workshops.form.about_en",
    "place": "workshops.place",
    "district": "workshops.district",
    "starts": "workshops.form.starts",
    "ends": "workshops.form.ends",
    "capacity": "workshops.form.capacity",
}
"""Field → the key of its label."""
_NO_TIME: Mapping[type[CalendarError], str] = {
    NotATime: "workshops.form.no_time",
    TimeDoesNotExist: "workshops.form.skipped_time",
    TimeHappensTwice: "workshops.form.double_time",
}


class Form(BaseModel):
    """A workshop as it is typed; times are Kraków's, as a browser writes them: `2026-12-05T17:00`."""

    area: Area
    title_pl: str = Field(max_length=80)
    title_uk: str = Field(default="", max_length=80)
    title_en: str = Field(default="", max_length=80)
    about_pl: str = Field(max_length=360)
    about_uk: str = Field(default="", max_length=360)
    about_en: str = Field(default="", max_length=360)
    place: str = Field(max_length=200)
    district: int | None = Field(default=None, ge=1, le=18)
    starts: str
    ends: str
    capacity: int = Field(ge=1, le=1000)

    def texts(self, names: tuple[str, ...]) -> dict[str, str]:
        """Language → text, of those that say something."""
        return {name.rpartition("_")[2]: text for name in names if (text := getattr(self, name))}


def read(visit: Visit) -> Plan | Trouble:
    """The posted form as a plan, or what is wrong with it."""
    form = visit.read(Form)
    if isinstance(form, Trouble):
        return form
    starts, ends = _instant(visit, form.starts), _instant(visit, form.ends)
    wrong = {name: at for name, at in (("starts", starts), ("ends", ends)) if isinstance(at, str)}
    if isinstance(starts, str) or isinstance(ends, str):
        return Trouble(visit.say("console.trouble"), wrong)
    if not starts < ends <= starts + LONGEST:
        return Trouble(visit.say("console.trouble"), {"ends": visit.say("workshops.form.wrong_end", n=LONGEST.days)})
    return Plan.model_construct(
        area=form.area,
        title=form.texts(TITLES),
        about=form.texts(ABOUTS),
        place=form.place,
        district=form.district,
        starts=starts,
        ends=ends,
        capacity=form.capacity,
    )


def _instant(visit: Visit, text: str) -> datetime | str:
    """The instant that was typed, or what is wrong with it."""
    try:
        return parse_local(text.replace("T", " "))
    except CalendarError as error:
        return visit.say(_NO_TIME.get(type(error), "workshops.form.no_time"))


def values_of(workshop: Workshop) -> dict[str, str]:
    """A workshop as the form would be filled in for it."""
    texts = {
        f"{name}_{language}": words
        for name, of in (("title", workshop.title), ("about", workshop.about))
        for language, words in of.items()
    }
    return {
        **dict.fromkeys((*TITLES, *ABOUTS), ""),
        **texts,
        "area": workshop.area.value,
        "place": workshop.place,
        "district": str(workshop.district or ""),
        "starts": _as_typed(workshop.starts_at),
        "ends": _as_typed(workshop.ends_at),
        "capacity": str(workshop.capacity),
    }


def _as_typed(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%dT%H:%M}"


def _typed(visit: Visit) -> dict[str, str]:
    return {name: visit.fields.one(name) for name in _LABELS}


def _choices(visit: Visit) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen: (value, words)."""
    programme = visit.house.library.programme
    districts = [(str(one.number), f"{one.number}. {one.name}") for one in programme.districts]
    areas = [(area.value, visit.looks.words.label(Plain(programme.areas[area].name), visit.language)) for area in Area]
    return {"areas": areas, "districts": [("", visit.say("workshops.no_district")), *districts]}


# --- a new one


async def blank(visit: Visit) -> Response:
    """An empty form."""
    return _new(visit, dict.fromkeys(_LABELS, ""), None)


def _new(visit: Visit, values: Mapping[str, str], trouble: Trouble | None) -> Response:
    return visit.page("workshops_form.html", workshop=None, values=values, choices=_choices(visit), trouble=trouble)


async def create(visit: Visit) -> Response:
    """Open it for booking; a partner's is their own."""
    plan = read(visit)

    async def again(trouble: Trouble) -> Response:
        return _new(visit, _typed(visit), trouble)

    if isinstance(plan, Trouble):
        return await again(plan)

    async def change(conn: Connection) -> Done:
        owner = only_of(visit)
        number = await service.create(conn, plan, visit.now, owner=owner)
        made = Change("create", about(number), None, {**as_json(plan), "owner": owner})
        return Done(url_of(number), told="workshop_created", log=made)

    return await visit.act(change, again)


def as_json(plan: Plan) -> dict[str, Any]:
    """A plan as the audit log keeps it."""
    return plan.model_dump(mode="json")


# --- changing one


async def edit(visit: Visit) -> Response:
    """The form, filled in."""
    return await _edit(visit, None)


async def _edit(visit: Visit, trouble: Trouble | None) -> Response:
    async with visit.house.database.read() as conn:
        workshop = await find(visit, conn)
        booked = await workshop_messages.reach(conn, workshop.id)
    now_is, typed = values_of(workshop), _typed(visit)
    overtaken = trouble is not None and visit.fields.one("revision") != str(workshop.revision)
    return visit.page(
        "workshops_form.html",
        workshop=workshop,
        values=typed if trouble else now_is,
        choices=_choices(visit),
        people=sum(one.told + one.silent for one in booked.values()),
        hear=sum(one.told for one in booked.values()),
        tell=TELL in visit.fields if trouble else True,
        others=_differences(visit, typed, now_is) if overtaken else [],
        trouble=trouble,
    )


def _differences(visit: Visit, typed: Mapping[str, str], now_is: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Where what was typed and what somebody else has saved differ: the label, theirs, and what was typed."""
    return [
        (visit.say(label), now_is[name], typed[name])
        for name, label in _LABELS.items()
        if typed[name].strip() != now_is[name].strip()
    ]


async def save(visit: Visit) -> Response:
    """Change it, as it was when the form was opened."""
    plan = read(visit)
    if isinstance(plan, Trouble):
        return await _edit(visit, plan)

    async def change(conn: Connection) -> Done:
        number = (await find(visit, conn)).id
        edited = await service.edit(
            conn,
            visit.house.tools.vault,
            number,
            plan,
            revision=_revision(visit.fields.one("revision")),
            tell=TELL in visit.fields,
            now=visit.now,
        )
        told = "workshop_changed_told" if edited.told else "workshop_changed"
        return Done(url_of(number), told=told, log=_line(edited))

    return await visit.act(change, again=lambda trouble: _edit(visit, trouble))


def _revision(text: str) -> int:
    """The revision that a form was opened with; of a forged one, none that there is."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST)) else -1


def _line(edited: Edited) -> Change:
    """What was changed, from what to what, and who heard of it."""
    before, after = (as_json(service.plan_of(one)) for one in (edited.before, edited.after))
    changed = [name for name in after if before[name] != after[name]]
    told = {"told": edited.told, "moved_up": edited.moved_up}
    return Change(
        "edit",
        about(edited.after),
        {name: before[name] for name in changed},
        {**{name: after[name] for name in changed}, **told},
    )


ROUTES = (
    Route("GET", "/workshops/new", "plan_workshops", blank),
    Route("POST", "/workshops/new", "plan_workshops", create),
    Route("GET", "/workshops/{number:int}/edit", "plan_workshops", edit),
    Route("POST", "/workshops/{number:int}/edit", "plan_workshops", save),
)
