"""Residents and their conversations."""

from sqlalchemy import JSON, Boolean, Column, Date, Index, Integer, SmallInteger, String, Table, UniqueConstraint, text

from bot.storage.tables.base import metadata, of_resident
from scheduler.tables import UtcDateTime

residents = Table(
    "residents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("address", String(255), nullable=False),
    Column("language", String(8), nullable=False),
    Column("road", Boolean, nullable=False, server_default=text("false")),
    Column("everyday", Boolean, nullable=False, server_default=text("false")),
    Column("cyber", Boolean, nullable=False, server_default=text("false")),
    Column("district", SmallInteger),
    Column("age", String(8)),
    Column("tip_hour", SmallInteger),
    Column("alerts", Boolean, nullable=False, server_default=text("false")),
    Column("campaigns", Boolean, nullable=False, server_default=text("false")),
    Column("answering", String(12)),  # how they like to choose, on channels that leave it to them; empty: by number
    Column("consent_asked_at", UtcDateTime),
    Column("blocked_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_on", Date, nullable=False),  # a day, not a moment: enough to forget who has long been away
    UniqueConstraint("channel", "address"),
    Index(None, "tip_hour", "channel"),
    sqlite_autoincrement=True,  # an erased resident's number is never given to another
)

conversations = Table(
    "conversations",
    metadata,
    of_resident(primary_key=True),
    Column("here", String(64), nullable=False),  # the action that shows the present screen again
    Column("awaiting", String(64)),  # what the next typed text is for
    Column("handled", JSON, nullable=False),  # keys of the last events: each counts once
)
