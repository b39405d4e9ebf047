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
from scheduler.ledger.deliveries import claim, mark, release
from scheduler.ledger.doubts import end_doubts, forget_keys
from scheduler.ledger.faults import FAULTS, explain, name_faults
from scheduler.ledger.outcomes import Result, record, recover
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
)
from scheduler.ledger.runs import (
    cancel_run,
    find_run,
    finish_runs,
    has_work,
    join,
    list_runs,
    load_run,
    load_work,
    newest_runs,
    open_run,
    pause_run,
    resume_run,
    retry_failed,
    runs_between,
)
from scheduler.ledger.totals import count_waiting, kept_sums, reasons, summarise, sums, uncounted
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
    "count_waiting",
    "create_campaign",
    "due_campaigns",
    "end_doubts",
    "explain",
    "find_run",
    "finish_runs",
    "forget",
    "forget_keys",
    "has_reached",
    "has_work",
    "idle_campaigns",
    "join",
    "kept_sums",
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
    "newest_runs",
    "open_run",
    "over_cap",
    "pause_run",
    "progress",
    "reasons",
    "receipts",
    "record",
    "recover",
    "release",
    "resume_run",
    "retry_failed",
    "runs_between",
    "save_campaign",
    "summarise",
    "sums",
    "uncounted",
]
