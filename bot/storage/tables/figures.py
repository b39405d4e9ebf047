"""Numbers over time, nobody in them."""

from sqlalchemy import JSON, Column, Date, Integer, String, Table

from bot.storage.tables.base import metadata
from scheduler.tables import UtcDateTime

snapshots = Table(
    "snapshots",
    metadata,
    Column("day", Date, primary_key=True),
    Column("measure", String(32), primary_key=True),
    Column("part", String(32), primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Counts that take long to make, as they were when they were last made (JSON). They can be dropped at any time.
kept_counts = Table(
    "kept_counts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("data", JSON, nullable=False),
)

# How often the buttons of a run's messages were pressed, all people together. `button` is its place, or a word of ours.
presses = Table(
    "presses",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("button", String(16), primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)
