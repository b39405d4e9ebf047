"""What operators see: the log and the numbers. Neither holds what people write, nor who they are."""

import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from structlog.stdlib import LoggerFactory, PositionalArgumentsFormatter, ProcessorFormatter, add_logger_name
from structlog.typing import EventDict, Processor, WrappedLogger

WRITTEN = {"answer", "body", "caption", "code", "message", "payload", "text"}
PEOPLE = {"address", "author", "booking", "chat_id", "contact", "email", "first_name", "last_name", "name", "phone"}
ACCOUNTS = {"cookie", "password", "secret", "secret_key", "session", "token", "user", "user_id", "username"}
PRIVATE = WRITTEN | PEOPLE | ACCOUNTS
"""Fields whose values never reach the log, whoever passes them: what people write, who they are, what opens doors."""

QUIET = ("aiosqlite", "alembic", "apscheduler", "asyncio", "httpcore", "httpx", "telegram", "uvicorn")
"""Libraries that say each request or statement below the level of a warning."""

MUTE = ("nio",)
"""A library whose warnings name people and rooms; what matters of them, we say ourselves."""

TOKEN = re.compile(r"(?<!\d)\d{5,}:[\w-]{20,}")
"""A Telegram bot's token, as it stands in addresses and in exceptions."""

HIDDEN = "[hidden]"


def configure_logging(format_: Literal["auto", "console", "json"], level: str, stream: TextIO | None = None) -> None:
    """Send the log of structlog and of the standard library to `stream` (standard error), one line for each event.

    `auto` is the console's format on a terminal and JSON elsewhere.
    """
    stream = stream or sys.stderr
    on_console = format_ == "console" or (format_ == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _show_exception,
        _hide_private,
    ]
    structlog.configure(
        processors=[PositionalArgumentsFormatter(), *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[_first_line, *shared],
            processors=[ProcessorFormatter.remove_processors_meta, _renderer(on_console, stream)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for name in MUTE:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _renderer(on_console: bool, stream: TextIO) -> Processor:
    if on_console:
        return structlog.dev.ConsoleRenderer(colors=stream.isatty())
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _first_line(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 - a processor
    """Libraries put the matter in the first line, and objects with whatever is in them below it."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def _show_exception(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 - a processor
    """The class and the place of an exception and its causes, never its words: they can carry parameters, so people."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_causes(error))
    return event


def _causes(error: BaseException) -> Iterator[str]:
    """`KeyError at bot/x.py:12 turn > bot/y.py:4 load`: one line each for it, its parts if a group, and its causes."""
    yield f"{type(error).__qualname__} at {' > '.join(_frames(error.__traceback__))}"
    for part in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from (f"  {line}" for line in _causes(part))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause:
        yield from _causes(cause)


def _frames(trace: TracebackType | None) -> Iterator[str]:
    while trace:
        code = trace.tb_frame.f_code
        yield f"{'/'.join(Path(code.co_filename).parts[-3:])}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next


def _hide_private(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 - a processor
    return {key: HIDDEN if key in PRIVATE else _without_tokens(value) for key, value in event.items()}


def _without_tokens(value: Any) -> Any:
    match value:
        case str():
            return TOKEN.sub(HIDDEN, value)
        case dict():
            return {key: HIDDEN if key in PRIVATE else _without_tokens(part) for key, part in value.items()}
        case list() | tuple():
            return [_without_tokens(part) for part in value]
        case _:
            return value


class Metrics:
    """The numbers at /metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._turns = Counter(
            "bezpieczny_turns", "Turns of the conversation.", ["channel", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "bezpieczny_turn_seconds",
            "Time from an event to its screen.",
            ["channel"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self._deliveries = Counter(
            "bezpieczny_deliveries",
            "Messages sent unasked, by what became of them.",
            ["kind", "outcome"],
            registry=registry,
        )
        self._waiting = Gauge("bezpieczny_deliveries_waiting", "Deliveries still to be made.", registry=registry)
        self._reloads = Counter(
            "bezpieczny_content_reloads", "Edits of the content taken or refused.", ["outcome"], registry=registry
        )

    def turn(self, channel: str, outcome: str, seconds: float) -> None:
        """A turn took `seconds`; `outcome` is ok, refused or failed."""
        self._turns.labels(channel, outcome).inc()
        self._seconds.labels(channel).observe(seconds)

    def delivery(self, kind: str, outcome: str, count: int = 1) -> None:
        """Deliveries of a campaign's kind reached a state."""
        self._deliveries.labels(kind, outcome).inc(count)

    def waiting(self, count: int) -> None:
        """So many deliveries are open now."""
        self._waiting.set(count)

    def reload(self, outcome: str) -> None:
        """The content was edited; `outcome` is ok, or broken when the last good one was kept."""
        self._reloads.labels(outcome).inc()
