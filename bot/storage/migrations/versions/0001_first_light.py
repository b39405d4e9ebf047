"""First light: residents, what they learn and book, staff, and the scheduler's ledger."""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)

from scheduler.tables import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaigns",
        Column("id", Integer(), nullable=False),
        Column("kind", String(length=16), nullable=False),
        Column("title", Text(), nullable=False),
        Column("content", JSON(), nullable=False),
        Column("audience", JSON(), nullable=False),
        Column("author", String(length=200), nullable=False),
        Column("approved_by", String(length=200)),
        Column("state", String(length=16), nullable=False),
        Column("paused_from", String(length=16)),
        Column("schedule", JSON(none_as_null=True)),
        Column("next_at", UtcDateTime()),
        Column("window_s", Integer(), nullable=False),
        Column("reason", Text()),
        Column("created_at", UtcDateTime(), nullable=False),
        Column("updated_at", UtcDateTime(), nullable=False),
        Column("revision", Integer(), nullable=False),
        PrimaryKeyConstraint("id", name="pk_campaigns"),
    )
    op.create_index("ix_campaigns_state_next_at", "campaigns", ["state", "next_at"])

    op.create_table(
        "campaign_events",
        Column("id", Integer(), nullable=False),
        Column("campaign_id", Integer(), nullable=False),
        Column("at", UtcDateTime(), nullable=False),
        Column("who", String(length=200), nullable=False),
        Column("what", Text(), nullable=False),
        ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_campaign_events_campaign_id_campaigns", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_campaign_events"),
    )
    op.create_index("ix_campaign_events_campaign_id", "campaign_events", ["campaign_id"])

    op.create_table(
        "runs",
        Column("id", Integer(), nullable=False),
        Column("key", String(length=200), nullable=False),
        Column("kind", String(length=16), nullable=False),
        Column("campaign_id", Integer()),
        Column("subject", String(length=200), nullable=False),
        Column("slot_at", UtcDateTime(), nullable=False),
        Column("expires_at", UtcDateTime(), nullable=False),
        Column("state", String(length=16), nullable=False),
        Column("audience", Integer(), nullable=False),
        Column("started_at", UtcDateTime(), nullable=False),
        Column("finished_at", UtcDateTime()),
        Column("reason", Text()),
        ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_runs_campaign_id_campaigns"),
        PrimaryKeyConstraint("id", name="pk_runs"),
        UniqueConstraint("key", name="uq_runs_key"),
    )
    op.create_index("ix_runs_campaign_id", "runs", ["campaign_id"])
    op.create_index("ix_runs_state", "runs", ["state"])

    op.create_table(
        "deliveries",
        Column("run_id", Integer(), nullable=False),
        Column("recipient", BigInteger(), autoincrement=False, nullable=False),
        Column("account", String(length=64), nullable=False),
        Column("state", String(length=16), nullable=False),
        Column("attempt", SmallInteger(), nullable=False),
        Column("doubts", SmallInteger(), nullable=False),
        Column("due_at", UtcDateTime(), nullable=False),
        Column("worker", String(length=100)),
        Column("reference", String(length=200)),
        Column("reason", Text()),
        Column("settled_at", UtcDateTime()),
        ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_deliveries_run_id_runs"),
        PrimaryKeyConstraint("run_id", "recipient", name="pk_deliveries"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_deliveries_sending",
        "deliveries",
        ["run_id", "due_at"],
        sqlite_where=text("state = 'sending'"),
        postgresql_where=text("state = 'sending'"),
    )
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["run_id", "account", "due_at"],
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    )

    op.create_table(
        "tallies",
        Column("id", Integer(), nullable=False),
        Column("run_id", Integer(), nullable=False),
        Column("state", String(length=16), nullable=False),
        Column("count", Integer(), nullable=False),
        ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_tallies_run_id_runs"),
        PrimaryKeyConstraint("id", name="pk_tallies"),
    )
    op.create_index("ix_tallies_run_id", "tallies", ["run_id"])

    op.create_table(
        "residents",
        Column("id", Integer(), nullable=False),
        Column("channel", String(length=16), nullable=False),
        Column("address", String(length=255), nullable=False),
        Column("language", String(length=8), nullable=False),
        Column("road", Boolean(), server_default=text("false"), nullable=False),
        Column("everyday", Boolean(), server_default=text("false"), nullable=False),
        Column("cyber", Boolean(), server_default=text("false"), nullable=False),
        Column("district", SmallInteger()),
        Column("age", String(length=8)),
        Column("tip_hour", SmallInteger()),
        Column("alerts", Boolean(), server_default=text("false"), nullable=False),
        Column("campaigns", Boolean(), server_default=text("false"), nullable=False),
        Column("consent_asked_at", UtcDateTime()),
        Column("blocked_at", UtcDateTime()),
        Column("created_at", UtcDateTime(), nullable=False),
        Column("seen_on", Date(), nullable=False),
        PrimaryKeyConstraint("id", name="pk_residents"),
        UniqueConstraint("channel", "address", name="uq_residents_channel_address"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_residents_tip_hour_channel", "residents", ["tip_hour", "channel"])

    op.create_table(
        "staff",
        Column("name", String(length=80), nullable=False),
        Column("role", String(length=16), nullable=False),
        Column("created_at", UtcDateTime(), nullable=False),
        PrimaryKeyConstraint("name", name="pk_staff"),
    )

    op.create_table(
        "workshops",
        Column("id", Integer(), nullable=False),
        Column("area", String(length=16), nullable=False),
        Column("title", JSON(), nullable=False),
        Column("about", JSON(), nullable=False),
        Column("place", Text(), nullable=False),
        Column("district", SmallInteger()),
        Column("starts_at", UtcDateTime(), nullable=False),
        Column("ends_at", UtcDateTime(), nullable=False),
        Column("capacity", Integer(), nullable=False),
        Column("created_at", UtcDateTime(), nullable=False),
        Column("cancelled_at", UtcDateTime()),
        PrimaryKeyConstraint("id", name="pk_workshops"),
    )
    op.create_index("ix_workshops_starts_at", "workshops", ["starts_at"])

    op.create_table(
        "bookings",
        Column("id", Integer(), nullable=False),
        Column("workshop_id", Integer(), nullable=False),
        Column("resident_id", Integer(), nullable=False),
        Column("places", SmallInteger(), nullable=False),
        Column("state", String(length=16), nullable=False),
        Column("name", LargeBinary()),
        Column("contact", LargeBinary()),
        Column("created_at", UtcDateTime(), nullable=False),
        Column("changed_at", UtcDateTime(), nullable=False),
        ForeignKeyConstraint(
            ["resident_id"], ["residents.id"], name="fk_bookings_resident_id_residents", ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["workshop_id"], ["workshops.id"], name="fk_bookings_workshop_id_workshops", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_bookings"),
        UniqueConstraint("workshop_id", "resident_id", name="uq_bookings_workshop_id_resident_id"),
    )
    op.create_index("ix_bookings_resident_id", "bookings", ["resident_id"])

    op.create_table(
        "conversations",
        Column("resident_id", Integer(), nullable=False),
        Column("here", String(length=64), nullable=False),
        Column("awaiting", String(length=64)),
        Column("handled", JSON(), nullable=False),
        ForeignKeyConstraint(
            ["resident_id"], ["residents.id"], name="fk_conversations_resident_id_residents", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("resident_id", name="pk_conversations"),
    )

    op.create_table(
        "quiz_links",
        Column("code", String(length=16), nullable=False),
        Column("quiz", String(length=32), nullable=False),
        Column("resident_id", Integer()),
        Column("created_at", UtcDateTime(), nullable=False),
        Column("ends_at", UtcDateTime(), nullable=False),
        ForeignKeyConstraint(
            ["resident_id"], ["residents.id"], name="fk_quiz_links_resident_id_residents", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("code", name="pk_quiz_links"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_quiz_links_ends_at", "quiz_links", ["ends_at"])
    op.create_index("ix_quiz_links_resident_id", "quiz_links", ["resident_id"])

    op.create_table(
        "tips_seen",
        Column("resident_id", Integer(), nullable=False),
        Column("tip", String(length=32), nullable=False),
        Column("seen_at", UtcDateTime(), nullable=False),
        Column("useful", Boolean()),
        ForeignKeyConstraint(
            ["resident_id"], ["residents.id"], name="fk_tips_seen_resident_id_residents", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("resident_id", "tip", name="pk_tips_seen"),
    )

    op.create_table(
        "attempts",
        Column("id", Integer(), nullable=False),
        Column("resident_id", Integer()),
        Column("token", String(length=64)),
        Column("link", String(length=16)),
        Column("quiz", String(length=32)),
        Column("questions", JSON(), nullable=False),
        Column("seed", BigInteger(), nullable=False),
        Column("started_at", UtcDateTime(), nullable=False),
        Column("finished_at", UtcDateTime()),
        ForeignKeyConstraint(["link"], ["quiz_links.code"], name="fk_attempts_link_quiz_links", ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["resident_id"], ["residents.id"], name="fk_attempts_resident_id_residents", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_attempts"),
        UniqueConstraint("resident_id", "seed", name="uq_attempts_resident_id_seed"),
        UniqueConstraint("token", name="uq_attempts_token"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_attempts_link", "attempts", ["link"])
    op.create_index("ix_attempts_resident_id", "attempts", ["resident_id"])

    op.create_table(
        "answers",
        Column("attempt_id", Integer(), nullable=False),
        Column("position", SmallInteger(), nullable=False),
        Column("quiz", String(length=32), nullable=False),
        Column("question", String(length=32), nullable=False),
        Column("chosen", String(length=8), nullable=False),
        Column("right", Boolean(), nullable=False),
        Column("at", UtcDateTime(), nullable=False),
        ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name="fk_answers_attempt_id_attempts", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("attempt_id", "position", name="pk_answers"),
    )
