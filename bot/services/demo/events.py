"""What took place in the demo city: workshops, campaigns, daily tips."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from bot.catalogue.schema import Campaign as Content
from bot.catalogue.schema import CampaignKind
from bot.domain.areas import Area
from bot.domain.workshops import ERASED_AFTER, BookingState, state_for
from bot.services.demo.city import APPROVER, EDITOR, PARTNER, City
from bot.storage.bulk import Row
from scheduler.calendar import ZONE
from scheduler.model import SEND_WINDOW, CampaignState, DeliveryState, Kind, RunState

PER_SECOND = 25
"""How fast the past campaigns are said to have gone out."""
WORKSHOP_DAYS = (-75, -40, -20, -6, 3, 9, 16, 30)
"""When the workshops are, in days from now."""
PARTNERS_EACH = 4
"""Every so many-th workshop is a partner's."""
CAMPAIGN_DAYS = (80, 55, 33, 12, 4)
TIP_DAYS = 7
FATES = {
    DeliveryState.SENT: 970,
    DeliveryState.BLOCKED: 16,
    DeliveryState.OPTED_OUT: 10,
    DeliveryState.FAILED: 3,
    DeliveryState.UNCERTAIN: 1,
}
SUBJECTS: Mapping[Area, Mapping[str, str]] = {
    Area.EVERYDAY: {"pl": "Pierwsza pomoc", "uk": "Перша допомога", "en": "First aid"},
    Area.CYBER: {"pl": "Bezpieczny telefon", "uk": "Безпечний телефон", "en": "A safe phone"},
    Area.ROAD: {"pl": "Rowerem do szkoły", "uk": "Велосипедом до школи", "en": "By bike to school"},
}
ABOUT = {"pl": "Zajęcia przykładowe.", "uk": "Приклад заняття.", "en": "An example of a workshop."}


def add_workshops(city: City) -> None:
    """Some past, some to come, with bookings and waiting lists."""
    for place, days in enumerate(WORKSHOP_DAYS):
        area, subject = list(SUBJECTS.items())[place % len(SUBJECTS)]
        number, capacity = city.next_id("workshops"), city.dice.choice((12, 20, 30))
        day = (city.now + timedelta(days=days)).astimezone(ZONE).date()
        starts_at = datetime.combine(day, time(17), tzinfo=ZONE)
        city.rows["workshops"].append(
            {
                "id": number,
                "area": area.value,
                "title": {language: f"Demo: {words}" for language, words in subject.items()},
                "about": ABOUT,
                "place": f"Demo, ul. Przykładowa {place + 1}",
                "district": city.dice.randint(1, 18),
                "starts_at": starts_at,
                "ends_at": starts_at + timedelta(hours=2),
                "capacity": capacity,
                "created_at": starts_at - timedelta(days=30),
                "cancelled_at": None,
                "owner": PARTNER if place % PARTNERS_EACH == 0 else None,
            }
        )
        _bookings(city, number, starts_at, capacity)


def _bookings(city: City, workshop: int, starts_at: datetime, free: int) -> None:
    people = city.rows["residents"]
    wanted = min(len(people), int(free * city.dice.uniform(0.3, 0.9)))
    opened_at = min(starts_at, city.now) - timedelta(days=20)
    erased = starts_at + timedelta(hours=2) + ERASED_AFTER < city.now
    moments = sorted(city.between(opened_at, min(starts_at, city.now)) for _ in range(wanted))
    for resident, at in zip(city.dice.sample(people, wanted), moments, strict=True):
        places = city.dice.choice((1, 1, 1, 2, 2, 3))
        state = state_for(places, free=free)
        free -= places if state is BookingState.CONFIRMED else 0
        city.rows["bookings"].append(
            {
                "id": city.next_id("bookings"),
                "workshop_id": workshop,
                "resident_id": resident["id"],
                "places": places,
                "state": state.value,
                "name": None if erased else city.vault.seal(f"Demo {resident['id']}"),
                "contact": None if erased else city.vault.seal(f"demo{resident['id']}@example.org"),
                "created_at": at,
                "changed_at": at,
            }
        )


# --- what was sent


def add_campaigns(city: City) -> None:
    """Some that went out."""
    templates = list(city.library.campaigns.values())
    for content, days in zip(templates, CAMPAIGN_DAYS, strict=False):
        day = (city.now - timedelta(days=days)).astimezone(ZONE).date()
        _campaign(city, content, datetime.combine(day, time(17, 30), tzinfo=ZONE))


def _campaign(city: City, content: Content, slot_at: datetime) -> None:
    number, kind = city.next_id("campaigns"), Kind(content.kind.value)
    written_at = slot_at - timedelta(days=2)
    people = [one for one in city.rows["residents"] if _would_get(one, content, slot_at)]
    ended_at = _run(city, kind, slot_at, people, campaign=number)
    history = [(written_at, EDITOR, "created"), (written_at, EDITOR, "submitted")]
    history += [(written_at + timedelta(hours=5), APPROVER, "approved"), (ended_at, "planner", "finished")]
    city.rows["campaigns"].append(
        {
            "id": number,
            "kind": kind,
            "title": f"Demo: {content.title['pl']}",
            "content": content.model_dump(mode="json"),
            "audience": content.audience.model_dump(mode="json"),
            "author": EDITOR,
            "approved_by": APPROVER,
            "state": CampaignState.FINISHED,
            "paused_from": None,
            "schedule": {"at": slot_at.isoformat()},
            "next_at": None,
            "window_s": int(SEND_WINDOW.total_seconds()),
            "reason": None,
            "created_at": written_at,
            "updated_at": ended_at,
            "revision": len(history),
        }
    )
    for at, who, what in history:
        row = {"id": city.next_id("campaign_events"), "campaign_id": number, "at": at, "who": who, "what": what}
        city.rows["campaign_events"].append(row)


def _would_get(resident: Row, content: Content, at: datetime) -> bool:
    wanted = content.audience
    agreed = resident["alerts"] if content.kind is CampaignKind.ALERT else resident["campaigns"]
    follows_all = not any(resident[area.value] for area in Area)
    return (
        agreed
        and resident["channel"] == "telegram"
        and resident["created_at"] < at
        and (not wanted.topics or follows_all or any(resident[area.value] for area in wanted.topics))
        and (not wanted.districts or resident["district"] in wanted.districts)
        and (not wanted.languages or resident["language"] in wanted.languages)
    )


def add_daily_tips(city: City) -> None:
    """The tips of the last days, at eight."""
    for ago in range(TIP_DAYS, 0, -1):
        day = (city.now - timedelta(days=ago)).astimezone(ZONE).date()
        slot_at = datetime.combine(day, time(8), tzinfo=ZONE)
        people = [
            one for one in city.rows["residents"] if one["tip_hour"] == slot_at.hour and one["created_at"] < slot_at
        ]
        _run(city, Kind.DAILY_TIP, slot_at, people)


def _run(city: City, kind: Kind, slot_at: datetime, people: Sequence[Row], *, campaign: int | None = None) -> datetime:
    """A run that is over, with what became of everybody; returns its end."""
    number = city.next_id("runs")
    ended_at = slot_at + timedelta(seconds=len(people) // PER_SECOND + 1)
    city.rows["runs"].append(
        {
            "id": number,
            "key": f"demo:{number}",  # never that of a real run
            "kind": kind,
            "campaign_id": campaign,
            "subject": "",
            "slot_at": slot_at,
            "expires_at": slot_at + SEND_WINDOW,
            "state": RunState.FINISHED,
            "audience": len(people),
            "started_at": slot_at,
            "finished_at": ended_at,
            "reason": None,
        }
    )
    city.rows["deliveries"].extend(_deliveries(city, number, slot_at, people))
    return ended_at


def _deliveries(city: City, run: int, slot_at: datetime, people: Sequence[Row]) -> Iterator[dict[str, Any]]:
    fates = city.dice.choices(list(FATES), list(FATES.values()), k=len(people))
    for place, (resident, state) in enumerate(zip(people, fates, strict=True)):
        yield {
            "run_id": run,
            "recipient": resident["id"],
            "account": resident["channel"],
            "state": state,
            "attempt": 1,
            "doubts": int(state is DeliveryState.UNCERTAIN),
            "due_at": slot_at,
            "worker": None,
            "reference": f"demo-{run}-{place}" if state is DeliveryState.SENT else None,
            "reason": "demo" if state is DeliveryState.FAILED else None,
            "settled_at": slot_at + timedelta(seconds=place // PER_SECOND),
        }
