"""The bot's tables; the same on SQLite and PostgreSQL. The ledger of deliveries is the scheduler's own.

Whatever belongs to a resident goes with them: every such row hangs on `residents.id` with ON DELETE CASCADE.
"""

from sqlalchemy import (
    DDL,
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
    event,
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

FINISHED = text("finished_at IS NOT NULL")

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
    _resident(nullable=False, index=True),
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
    Column("language", String(8)),  # of the console; empty: the browser's
    Column("created_at", UtcDateTime, nullable=False),
)


def _member(**options: object) -> Column[str]:
    return Column("member", ForeignKey("staff.name", ondelete="CASCADE"), nullable=False, **options)  # type: ignore[arg-type] # Column's own keywords


# --- the console. Whatever opens a door is kept as a hash: whoever reads the database cannot walk in.

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    _member(index=True),
    Column("browser", String(64)),  # the hash of the cookie of the browser that opened it first
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    _member(index=True),
    Column("device", String(120), nullable=False),  # "Firefox, Linux": enough to know one's own by
    Column("proof", String(16), nullable=False),  # how they signed in: link, passkey
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=False),
)

# With which a member links a chat; it goes with the session that asked for it.
chat_links = Table(
    "chat_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("session", ForeignKey("staff_sessions.hash", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String(1400), primary_key=True),  # the credential's, base64url; WebAuthn allows 1023 bytes
    _member(index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String(80), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

passkey_challenges = Table(
    "passkey_challenges",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("member", String(80)),  # who adds a key; empty when somebody signs in with one
    Column("expires_at", UtcDateTime, nullable=False),
)

# Attempts to get in, by what they came from (hashed): too many within a while are turned away.
sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("name", String(80), nullable=False, unique=True),  # histories name it, so it is never another's
    Column("scopes", JSON, nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

# Every change that staff made, for good: triggers refuse to change or delete a line.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(200), nullable=False),
    Column("what", String(64), nullable=False),
    Column("about", String(200), nullable=False),  # `campaign:7`, `workshop:3`, `staff:…`
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Index(None, "about"),
    Index(None, "who"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

# A log that can be changed proves nothing.
ONLY_ADD: dict[str, tuple[str, ...]] = {
    "sqlite": tuple(
        f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()",
    ),
}
for _dialect, _statements in ONLY_ADD.items():
    for _statement in _statements:
        _only_add = DDL(_statement)  # type: ignore[no-untyped-call] # SQLAlchemy has no type for it
        event.listen(audit, "after_create", _only_add.execute_if(dialect=_dialect))

# Forms that have done their work, by the key that each page puts into its own: sent twice, one does it once.
forms_done = Table(
    "forms_done",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("location", Text, nullable=False),  # where the first of them led
    Column("at", UtcDateTime, nullable=False),
)

# --- numbers over time, nobody in them

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
    _resident(primary_key=True),
    Column("missed_on", Date, nullable=False),
    Index(None, "resident_id"),
    sqlite_with_rowid=False,
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
