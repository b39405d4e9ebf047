"""The Matrix channel: rooms, screens, events; polls in rooms of several; how a resident likes to choose."""

import sqlalchemy as sa
from alembic import op

from scheduler.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "matrix_accounts",
        sa.Column("account", sa.String(length=255), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_matrix_accounts")),
    )
    op.create_table(
        "matrix_events",
        sa.Column("event", sa.String(length=255), nullable=False),
        sa.Column("room", sa.String(length=255), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("event", name=op.f("pk_matrix_events")),
    )
    op.create_index(op.f("ix_matrix_events_at"), "matrix_events", ["at"])
    op.create_index(op.f("ix_matrix_events_room"), "matrix_events", ["room"])

    op.create_table(
        "matrix_rooms",
        sa.Column("room", sa.String(length=255), nullable=False),
        sa.Column("person", sa.String(length=255), nullable=True),
        sa.Column("encrypted", sa.Boolean(), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("room", name=op.f("pk_matrix_rooms")),
    )
    op.create_index(op.f("ix_matrix_rooms_person"), "matrix_rooms", ["person"])

    op.create_table(
        "matrix_transactions",
        sa.Column("transaction", sa.String(length=255), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("transaction", name=op.f("pk_matrix_transactions")),
    )
    op.create_index(op.f("ix_matrix_transactions_at"), "matrix_transactions", ["at"])

    op.create_table(
        "room_polls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room", sa.String(length=255), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("event", sa.String(length=255), nullable=True),
        sa.Column("thread", sa.String(length=255), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("quiz", sa.String(length=32), nullable=False),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closes_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_polls")),
        sa.UniqueConstraint("key", name=op.f("uq_room_polls_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_room_polls_closed_at"), "room_polls", ["closed_at"])
    op.create_index(op.f("ix_room_polls_event"), "room_polls", ["event"])
    op.create_index(op.f("ix_room_polls_room"), "room_polls", ["room"])

    op.create_table(
        "matrix_screens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room", sa.String(length=255), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("event", sa.String(length=255), nullable=True),
        sa.Column("form", sa.String(length=12), nullable=False),
        sa.Column("here", sa.String(length=64), nullable=True),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("awaits", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room"], ["matrix_rooms.room"], name=op.f("fk_matrix_screens_room_matrix_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matrix_screens")),
        sa.UniqueConstraint("room", "key", name=op.f("uq_matrix_screens_room_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_matrix_screens_room_event"), "matrix_screens", ["room", "event"])

    op.create_table(
        "room_votes",
        sa.Column("poll", sa.Integer(), nullable=False),
        sa.Column("voter", sa.String(length=64), nullable=False),
        sa.Column("chosen", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["poll"], ["room_polls.id"], name=op.f("fk_room_votes_poll_room_polls"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("poll", "voter", name=op.f("pk_room_votes")),
        sqlite_with_rowid=False,
    )
    op.add_column("residents", sa.Column("answering", sa.String(length=12), nullable=True))

    op.add_column("deliveries", sa.Column("keyed_until", UtcDateTime(), nullable=True))
    where = sa.text("state = 'waiting' AND keyed_until IS NOT NULL")
    op.create_index("ix_deliveries_in_doubt", "deliveries", ["run_id"], sqlite_where=where, postgresql_where=where)
