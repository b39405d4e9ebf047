"""The staff, their console, and the log of what they changed."""

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    event,
)

from bot.storage.tables.base import metadata
from scheduler.tables import UtcDateTime

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
