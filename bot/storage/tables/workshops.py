"""Workshops and who comes."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.storage.tables.base import metadata, of_resident
from scheduler.tables import UtcDateTime

workshops = Table(
    "workshops",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("area", String(16), nullable=False),
    Column("title", JSON, nullable=False),
    Column("about", JSON, nullable=False),
    Column("place", Text, nullable=False),
    Column("district", SmallInteger),
    Column("starts_at", UtcDateTime, nullable=False, index=True),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("cancelled_at", UtcDateTime),
    Column("owner", String(80)),  # the partner whose workshop it is; empty: the city's own
    Column("revision", Integer, nullable=False, server_default=text("0")),  # guards against lost edits
    # What those had booked and used who were erased since: counts of nobody, so that the totals stay true.
    Column("gone_places", Integer, nullable=False, server_default=text("0")),
    Column("gone_attended", Integer, nullable=False, server_default=text("0")),
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workshop_id", ForeignKey("workshops.id", ondelete="CASCADE"), nullable=False),
    of_resident(nullable=False, index=True),
    Column("places", SmallInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("name", LargeBinary),  # encrypted
    Column("contact", LargeBinary),  # encrypted
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("attended", SmallInteger),  # how many of the places were used; empty until somebody noted it
    UniqueConstraint("workshop_id", "resident_id"),
)

# What staff wrote to those who booked a workshop; a run with the subject `workshop_message:ID` carries it.
workshop_messages = Table(
    "workshop_messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workshop_id", ForeignKey("workshops.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("author", String(80), nullable=False),
    Column("readers", String(16), nullable=False),  # a state of bookings, or `both`
    Column("text", JSON, nullable=False),  # language → Markdown
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,  # a run's subject may outlive its message
)
