"""The scheduler's tables, declared once for `create_all` and for Alembic; the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Double,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator

from scheduler.model import CampaignState, DeliveryState, Kind, RunState

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC; SQLite keeps no zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its signature
        """Refuse a naive time: it would be somebody's guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its signature
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _words(values: type[StrEnum]) -> Enum:
    """A StrEnum by its words in a plain text column: a new word needs no migration."""
    return Enum(values, native_enum=False, length=16, values_callable=lambda names: [name.value for name in names])


campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", _words(Kind), nullable=False),
    Column("title", Text, nullable=False),
    Column("content", JSON, nullable=False),
    Column("audience", JSON, nullable=False),
    Column("author", String(200), nullable=False),
    Column("approved_by", String(200)),
    Column("state", _words(CampaignState), nullable=False),
    Column("paused_from", _words(CampaignState)),
    Column("schedule", JSON(none_as_null=True)),
    Column("next_at", UtcDateTime),
    Column("window_s", Integer, nullable=False),
    Column("reason", Text),
    Column("break_glass", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("revision", Integer, nullable=False),
    Index(None, "state", "next_at"),
)

campaign_events = Table(
    "campaign_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(200), nullable=False),
    Column("what", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(200), nullable=False, unique=True),
    Column("kind", _words(Kind), nullable=False),
    Column("campaign_id", ForeignKey("campaigns.id"), index=True),
    Column("subject", String(200), nullable=False),
    Column("slot_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("state", _words(RunState), nullable=False, index=True),
    Column("audience", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("reason", Text),
)

WAITING = text("state = 'waiting'")
SENDING = text("state = 'sending'")
IN_DOUBT = text("state = 'waiting' AND keyed_until IS NOT NULL")

# `recipient` has no foreign key: the host owns its people and erases them through `ledger.forget`.
# `due_at` is when a row may next be touched: a waiting one claimed (its slot, the end of a retry's wait or of another
# worker's lease), a sending one given up as uncertain (the end of its lease).
# `keyed_until`: a request for it has left that may have arrived, on a channel that knows a repeat by the delivery's key
# until then. Null: none has, or the channel never knows.
# The partial indexes hold only what is open, so the cost of a claim does not grow with what was sent.
deliveries = Table(
    "deliveries",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("recipient", BigInteger, primary_key=True, autoincrement=False),
    Column("account", String(64), nullable=False),
    Column("state", _words(DeliveryState), nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("doubts", SmallInteger, nullable=False),  # attempts that ended without an answer: the possible duplicates
    Column("due_at", UtcDateTime, nullable=False),
    Column("worker", String(100)),
    Column("reference", String(200)),
    Column("reason", Text),
    Column("settled_at", UtcDateTime),
    Column("keyed_until", UtcDateTime),
    Index("ix_deliveries_waiting", "run_id", "account", "due_at", sqlite_where=WAITING, postgresql_where=WAITING),
    Index("ix_deliveries_sending", "run_id", "due_at", sqlite_where=SENDING, postgresql_where=SENDING),
    Index("ix_deliveries_in_doubt", "run_id", sqlite_where=IN_DOUBT, postgresql_where=IN_DOUBT),
    sqlite_with_rowid=False,
)

# Counts of deliveries whose rows are gone, by erasure or by age: nobody in them, yet the balance still holds.
tallies = Table(
    "tallies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False, index=True),
    Column("state", _words(DeliveryState), nullable=False),
    Column("count", Integer, nullable=False),
)

# What became of a run's deliveries, counted once it was over, so that nobody has to count millions again. `version`
# rises with each change of its deliveries after that; `counted` is the version that the summary was counted at. The
# counts are empty when they hold no more; who leaves the ledger changes none of them, only parts of the summary.
run_sums = Table(
    "run_sums",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False, server_default=text("0")),
    Column("counted", Integer),
    Column("counts", JSON(none_as_null=True)),  # state → count
    Column("summary", JSON(none_as_null=True)),
)

# Which processes deliver, and when each was last heard of: what a silent one left in flight is settled by the others.
workers = Table(
    "workers",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
)

# One account's timeline, when several processes speak for it: who wants turns takes the next stretch of it. Seconds of
# the database's own clock, since 1970.
paces = Table(
    "paces",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("next_s", Double, nullable=False),
    Column("held_until_s", Double, nullable=False),  # the channel asked for silence until then
    Column("low", Double, nullable=False),  # the share of the rate to begin with after that silence
)
