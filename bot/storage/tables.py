"""The bot's tables; the same on SQLite and PostgreSQL. The ledger of deliveries is the scheduler's own.

Whatever belongs to a resident goes with them: every such row hangs on `residents.id` with ON DELETE CASCADE.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from scheduler.tables import UtcDateTime
from scheduler.tables import metadata as _scheduler

metadata = MetaData(naming_convention=_scheduler.naming_convention)


def _resident(**options: object) -> Column[int]:
    return Column("resident_id", ForeignKey("residents.id", ondelete="CASCADE"), **options)  # type: ignore[arg-type] # Column's own keywords


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
    _resident(primary_key=True),
    Column("here", String(64), nullable=False),  # the action that shows the present screen again
    Column("awaiting", String(64)),  # what the next typed text is for
    Column("handled", JSON, nullable=False),  # keys of the last events: each counts once
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    _resident(index=True),  # empty for a pupil, who is nobody
    Column("token", String(64), unique=True),  # a pupil's cookie, hashed; empty for a resident
    Column("link", ForeignKey("quiz_links.code", ondelete="CASCADE"), index=True),
    Column("quiz", String(32)),  # empty for a mixture
    Column("questions", JSON, nullable=False),  # [[quiz, question], …] in the order asked
    Column("seed", BigInteger, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    UniqueConstraint("resident_id", "seed"),  # a double press starts one attempt
    sqlite_autoincrement=True,
)

answers = Table(
    "answers",
    metadata,
    Column("attempt_id", ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("quiz", String(32), nullable=False),
    Column("question", String(32), nullable=False),
    Column("chosen", String(8), nullable=False),
    Column("right", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

tips_seen = Table(
    "tips_seen",
    metadata,
    _resident(primary_key=True),
    Column("tip", String(32), primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("useful", Boolean),
)

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
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workshop_id", ForeignKey("workshops.id", ondelete="CASCADE"), nullable=False),
    _resident(nullable=False, index=True),
    Column("places", SmallInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("name", LargeBinary),  # encrypted
    Column("contact", LargeBinary),  # encrypted
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("workshop_id", "resident_id"),
)

quiz_links = Table(
    "quiz_links",
    metadata,
    Column("code", String(16), primary_key=True),
    Column("quiz", String(32), nullable=False),
    _resident(index=True),  # who shared it; empty when staff made it on the command line
    Column("created_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False, index=True),
    sqlite_with_rowid=False,
)

staff = Table(
    "staff",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("channel", String(16)),  # where word to staff reaches them: the address of a resident of this bot
    Column("address", String(255)),
    Column("created_at", UtcDateTime, nullable=False),
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
