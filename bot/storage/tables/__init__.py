"""The bot's tables; the same on SQLite and PostgreSQL. The ledger of deliveries is the scheduler's own.

Whatever belongs to a resident goes with them: every such row hangs on `residents.id` with ON DELETE CASCADE.
"""

from bot.storage.tables.base import metadata
from bot.storage.tables.figures import kept_counts, presses, snapshots
from bot.storage.tables.learning import FINISHED, answers, attempts, missed_by, missed_words, quiz_links, tips_seen
from bot.storage.tables.matrix import (
    matrix_accounts,
    matrix_events,
    matrix_rooms,
    matrix_screens,
    matrix_transactions,
    room_polls,
    room_votes,
)
from bot.storage.tables.people import conversations, residents
from bot.storage.tables.staff import (
    ONLY_ADD,
    api_tokens,
    audit,
    chat_links,
    forms_done,
    passkey_challenges,
    passkeys,
    sign_in_links,
    sign_in_tries,
    staff,
    staff_sessions,
)
from bot.storage.tables.workshops import bookings, workshop_messages, workshops

__all__ = (
    "FINISHED",
    "ONLY_ADD",
    "answers",
    "api_tokens",
    "attempts",
    "audit",
    "bookings",
    "chat_links",
    "conversations",
    "forms_done",
    "kept_counts",
    "matrix_accounts",
    "matrix_events",
    "matrix_rooms",
    "matrix_screens",
    "matrix_transactions",
    "metadata",
    "missed_by",
    "missed_words",
    "passkey_challenges",
    "passkeys",
    "presses",
    "quiz_links",
    "residents",
    "room_polls",
    "room_votes",
    "sign_in_links",
    "sign_in_tries",
    "snapshots",
    "staff",
    "staff_sessions",
    "tips_seen",
    "workshop_messages",
    "workshops",
)
