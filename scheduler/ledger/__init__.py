"""The scheduler's SQL, with names in one place; the caller owns the transaction.

Every function takes an open connection first. The statements hold on SQLite and on PostgreSQL.
"""

from scheduler.ledger.campaigns import (
    create_campaign,
    due_campaigns,
    idle_campaigns,
    list_campaigns,
    list_events,
    list_pauses,
    load_campaign,
    log_event,
    save_campaign,
)
from scheduler.ledger.deliveries import Result, claim, mark, record, recover, release
from scheduler.ledger.faults import FAULTS, explain, name_faults
from scheduler.ledger.reports import (
    archive,
    balance,
    count_open,
    forget,
    has_reached,
    last_reached,
    over_cap,
    progress,
    receipts,
    summarise,
)
from scheduler.ledger.runs import (
    cancel_run,
    find_run,
    finish_runs,
    join,
    list_runs,
    load_run,
    load_work,
    open_run,
    pause_run,
    resume_run,
    retry_failed,
)
from scheduler.ledger.workers import beat, bury_silent, leave

__all__ = [
    "FAULTS",
    "Result",
    "archive",
    "balance",
    "beat",
    "bury_silent",
    "cancel_run",
    "claim",
    "count_open",
    "create_campaign",
    "due_campaigns",
    "explain",
    "find_run",
    "finish_runs",
    "forget",
    "has_reached",
    "idle_campaigns",
    "join",
    "last_reached",
    "leave",
    "list_campaigns",
    "list_events",
    "list_pauses",
    "list_runs",
    "load_campaign",
    "load_run",
    "load_work",
    "log_event",
    "mark",
    "name_faults",
    "open_run",
    "over_cap",
    "pause_run",
    "progress",
    "receipts",
    "record",
    "recover",
    "release",
    "resume_run",
    "retry_failed",
    "save_campaign",
    "summarise",
]
