"""The scheduler's SQL, with names in one place; the caller owns the transaction.

Every function takes an open connection first. The statements hold on SQLite and on PostgreSQL.
"""

from scheduler.ledger.campaigns import (
    create_campaign,
    due_campaigns,
    idle_campaigns,
    list_campaigns,
    list_events,
    load_campaign,
    log_event,
    save_campaign,
)
from scheduler.ledger.deliveries import Result, claim, mark, record, recover, release
from scheduler.ledger.reports import archive, balance, count_open, forget, over_cap, progress, receipts
from scheduler.ledger.runs import (
    cancel_run,
    find_run,
    finish_runs,
    list_runs,
    load_run,
    load_work,
    open_run,
    pause_run,
    resume_run,
)
from scheduler.ledger.states import FAULTS

__all__ = [
    "FAULTS",
    "Result",
    "archive",
    "balance",
    "cancel_run",
    "claim",
    "count_open",
    "create_campaign",
    "due_campaigns",
    "find_run",
    "finish_runs",
    "forget",
    "idle_campaigns",
    "list_campaigns",
    "list_events",
    "list_runs",
    "load_campaign",
    "load_run",
    "load_work",
    "log_event",
    "mark",
    "open_run",
    "over_cap",
    "pause_run",
    "progress",
    "receipts",
    "record",
    "recover",
    "release",
    "resume_run",
    "save_campaign",
]
