"""What the Matrix channel keeps: how far it has read, whose room is whose, what stands there to choose from, votes.

Rooms are the channel's, not a resident's: a resident is the person (`@anna:example.org`), wherever they write from.
Whoever erases a resident erases these by the person's name.
"""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from bot.storage.tables.base import metadata
from scheduler.tables import UtcDateTime

NAME = 255
"""The longest name of a user, a room or an event, by the Matrix specification."""

matrix_accounts = Table(
    "matrix_accounts",
    metadata,
    Column("account", String(NAME), primary_key=True),
    Column("token", Text, nullable=False),  # of the last sync whose turns are all committed and answered
)

matrix_rooms = Table(
    "matrix_rooms",
    metadata,
    Column("room", String(NAME), primary_key=True),
    Column("person", String(NAME), index=True),  # who is alone with us there; empty in a room of several
    Column("encrypted", Boolean, nullable=False),
    Column("joined_at", UtcDateTime, nullable=False),
)

# The last screens of a room: what "1", "A", a reaction or a vote stands for.
matrix_screens = Table(
    "matrix_screens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("room", ForeignKey("matrix_rooms.room", ondelete="CASCADE"), nullable=False),
    Column("key", String(NAME), nullable=False),  # the transaction it was sent in
    Column("event", String(NAME)),  # its name there, once it is known
    Column("form", String(12), nullable=False),  # numbers, poll or reactions; closed: a poll that was answered
    Column("here", String(64)),  # the action that shows it again
    Column("choices", JSON, nullable=False),  # [[code, label], …] in the order of their numbers
    Column("awaits", Boolean, nullable=False),  # typed text is expected
    UniqueConstraint("room", "key"),
    Index(None, "room", "event"),
    sqlite_autoincrement=True,  # the highest number is the newest screen
)

# Events whose turn is committed: each counts once, however often it is delivered.
matrix_events = Table(
    "matrix_events",
    metadata,
    Column("event", String(NAME), primary_key=True),
    Column("room", String(NAME), nullable=False, index=True),
    Column("again", Boolean, nullable=False),  # whether its answer may be shown again
    Column("at", UtcDateTime, nullable=False, index=True),
)

# What a homeserver has pushed to us, where it pushes: it asks again until it is answered.
matrix_transactions = Table(
    "matrix_transactions",
    metadata,
    Column("transaction", String(NAME), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
)

# A question put to a room of several, as a poll.
room_polls = Table(
    "room_polls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("room", String(NAME), nullable=False, index=True),
    Column("key", String(NAME), nullable=False, unique=True),  # the event that asked for it
    Column("event", String(NAME), index=True),  # the poll's name, once it is known
    Column("thread", String(NAME)),
    Column("language", String(8), nullable=False),
    Column("quiz", String(32), nullable=False),
    Column("question", String(32), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("closes_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime, index=True),
    sqlite_autoincrement=True,
)

# The first vote of each person counts. Who that is, is a mark that only our key can make; it goes when the poll closes.
room_votes = Table(
    "room_votes",
    metadata,
    Column("poll", ForeignKey("room_polls.id", ondelete="CASCADE"), primary_key=True),
    Column("voter", String(64), primary_key=True),
    Column("chosen", String(8), nullable=False),
    sqlite_with_rowid=False,
)
