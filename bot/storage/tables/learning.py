"""Attempts, answers, tips, shared quizzes, words searched for in vain."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    text,
)

from bot.storage.tables.base import metadata, of_resident
from scheduler.tables import UtcDateTime

FINISHED = text("finished_at IS NOT NULL")

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    of_resident(index=True),  # empty for a pupil, who is nobody
    Column("token", String(64), unique=True),  # a pupil's cookie, hashed; empty for a resident
    Column("link", ForeignKey("quiz_links.code", ondelete="CASCADE"), index=True),
    Column("quiz", String(32)),  # empty for a mixture
    Column("questions", JSON, nullable=False),  # [[quiz, question], …] in the order asked
    Column("seed", BigInteger, nullable=False),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("finished_at", UtcDateTime),
    UniqueConstraint("resident_id", "seed"),  # a double press starts one attempt
    # Who took a quiz, for the audience of a campaign.
    Index("ix_attempts_finished", "quiz", "resident_id", sqlite_where=FINISHED, postgresql_where=FINISHED),
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
    of_resident(primary_key=True),
    Column("tip", String(32), primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("useful", Boolean),
)

quiz_links = Table(
    "quiz_links",
    metadata,
    Column("code", String(16), primary_key=True),
    Column("quiz", String(32), nullable=False),
    of_resident(index=True),  # who shared it; empty when staff made it on the command line
    Column("created_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# Words that people searched for and that the library does not know. A word is kept as a mark that only our key can
# make, until enough different people have used it; only then is it kept as it is read.
missed_words = Table(
    "missed_words",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("word", String(64)),
    Column("first_on", Date, nullable=False),
)

missed_by = Table(
    "missed_by",
    metadata,
    Column("mark", ForeignKey("missed_words.mark", ondelete="CASCADE"), primary_key=True),
    of_resident(primary_key=True),
    Column("missed_on", Date, nullable=False),
    Index(None, "resident_id"),
    sqlite_with_rowid=False,
)
