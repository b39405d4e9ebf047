"""The staff of the demo city and what they have on their desks: what is planned, waits, or came back."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from bot.catalogue.schema import Campaign as Content
from bot.domain.workshops import BookingState
from bot.services.demo.city import APPROVER, EDITOR, ORGANISER, STAFF, City
from bot.storage.bulk import Row
from scheduler.calendar import ZONE, next_slot
from scheduler.model import SEND_WINDOW, CampaignState, DeliveryState, Kind, Recurring

WEEKLY = Recurring("30 17 * * 2")
RETURNED = "Demo: za długi tytuł; skróć go, proszę."
PRESSED = (0.11, 0.04, 0.02)
"""The share of readers who press a message's first, second, third button."""


def add_staff(city: City) -> None:
    """Somebody of each role."""
    for name, role in STAFF.items():
        city.rows["staff"].append({"name": name, "role": role.value, "created_at": city.now - timedelta(days=100)})


def add_plans(city: City) -> None:
    """Campaigns to come: one tomorrow, one each week, one that waits for approval, one that came back, one begun."""
    templates = list(city.library.campaigns.values())
    if not templates:
        return
    tomorrow = datetime.combine((city.now + timedelta(days=1)).astimezone(ZONE).date(), time(17, 30), tzinfo=ZONE)
    approved = [("created", EDITOR), ("submitted", EDITOR), ("approved", APPROVER)]
    planned = {"state": CampaignState.SCHEDULED, "approved_by": APPROVER}
    _plan(
        city,
        templates[-1],
        approved,
        **planned,
        schedule={"at": tomorrow.isoformat()},
        next_at=tomorrow,
    )
    _plan(
        city,
        templates[len(templates) // 2],
        approved,
        **planned,
        schedule={"cron": WEEKLY.cron, "skip": []},
        next_at=next_slot(WEEKLY, after=city.now),
    )
    _plan(city, templates[len(templates) // 3], approved[:2], state=CampaignState.IN_REVIEW)
    back = [*approved[:2], (f"sent back: {RETURNED}", APPROVER)]
    _plan(city, templates[0], back, state=CampaignState.DRAFT, reason=RETURNED)
    _plan(city, templates[len(templates) // 4], approved[:1], state=CampaignState.DRAFT)


def _plan(city: City, content: Content, history: Sequence[tuple[str, str]], **values: Any) -> None:
    number, at = city.next_id("campaigns"), city.now - timedelta(days=1)
    row = {
        "id": number,
        "kind": Kind(content.kind.value),
        "title": f"Demo: {content.title['pl']}",
        "content": content.model_dump(mode="json"),
        "audience": content.audience.model_dump(mode="json"),
        "author": EDITOR,
        "approved_by": None,
        "paused_from": None,
        "schedule": None,
        "next_at": None,
        "window_s": int(SEND_WINDOW.total_seconds()),
        "reason": None,
        "created_at": at,
        "updated_at": at,
        "revision": len(history),
    }
    city.rows["campaigns"].append(row | values)
    for place, (what, who) in enumerate(history):
        when = at + timedelta(hours=2 * place)
        event = {"campaign_id": number, "at": when, "who": who, "what": what}
        city.rows["campaign_events"].append({"id": city.next_id("campaign_events"), **event})
        line = {"id": city.next_id("audit"), "at": when, "who": who, "what": what.partition(":")[0]}
        city.rows["audit"].append(line | {"about": f"campaign:{number}", "before": None, "after": None})


def add_presses(city: City) -> None:
    """How often the buttons of what went out were pressed."""
    sent: dict[int, int] = {}
    for row in city.rows["deliveries"]:
        if row["state"] is DeliveryState.SENT:
            sent[row["run_id"]] = sent.get(row["run_id"], 0) + 1
    contents = {row["id"]: row["content"] for row in city.rows["campaigns"]}
    for run in city.rows["runs"]:
        buttons = contents.get(run["campaign_id"], {}).get("buttons", ())
        for place, share in zip(range(len(buttons)), PRESSED, strict=False):
            count = round(sent.get(run["id"], 0) * share)
            city.rows["presses"].append({"run_id": run["id"], "button": str(place), "count": count})


def add_attendance(city: City) -> None:
    """Who came to the workshops that are over: nearly everybody."""
    over = {row["id"] for row in city.rows["workshops"] if row["ends_at"] < city.now}
    city.rows["bookings"] = [_attended(city, row, over=row["workshop_id"] in over) for row in city.rows["bookings"]]
    for row in city.rows["workshops"]:
        if row["starts_at"] > city.now:
            line = {"id": city.next_id("audit"), "at": row["created_at"], "who": ORGANISER, "what": "create"}
            city.rows["audit"].append(line | {"about": f"workshop:{row['id']}", "before": None, "after": None})


def _attended(city: City, booking: Row, *, over: bool) -> Row:
    came = over and booking["state"] == BookingState.CONFIRMED.value
    return {**booking, "attended": (booking["places"] if city.chance(0.85) else 0) if came else None}
