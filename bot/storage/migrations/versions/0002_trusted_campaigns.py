"""Campaigns on many machines: who delivers, one timeline for each account; presses in total; staff's own chats."""

from alembic import op
from sqlalchemy import Column, Double, Integer, PrimaryKeyConstraint, String, Text

from scheduler.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", Column("break_glass", Text()))
    op.add_column("staff", Column("channel", String(length=16)))
    op.add_column("staff", Column("address", String(length=255)))
    op.create_table(
        "workers",
        Column("name", String(length=100), nullable=False),
        Column("seen_at", UtcDateTime(), nullable=False),
        PrimaryKeyConstraint("name", name="pk_workers"),
    )
    op.create_table(
        "paces",
        Column("account", String(length=64), nullable=False),
        Column("next_s", Double(), nullable=False),
        Column("held_until_s", Double(), nullable=False),
        Column("low", Double(), nullable=False),
        PrimaryKeyConstraint("account", name="pk_paces"),
    )
    op.create_table(
        "presses",
        Column("run_id", Integer(), nullable=False),
        Column("button", String(length=16), nullable=False),
        Column("count", Integer(), nullable=False),
        PrimaryKeyConstraint("run_id", "button", name="pk_presses"),
        sqlite_with_rowid=False,
    )
