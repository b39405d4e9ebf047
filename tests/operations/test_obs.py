import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from bot.obs import QUIET, Metrics, configure_logging

TOKEN = "123456789:" + "AbCdEfGhIj" * 3 + "AbCdE"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


class Log:
    """What was logged, as JSON."""

    def __init__(self, level: str = "info") -> None:
        self.stream = io.StringIO()
        configure_logging("json", level, self.stream)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def fail_over(name: str) -> None:
    try:
        raise KeyError(name)
    except KeyError as error:
        raise ValueError(f"no place for {name}") from error


def test_both_kinds_of_logger_write_one_line_of_json_with_the_time_in_utc() -> None:
    log = Log()
    structlog.get_logger("bot.x").info("turn", channel="web")
    logging.getLogger("scheduler.y").warning("run %s paused", 7)
    ours, theirs = log.lines()
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {"event": "turn", "channel": "web", "level": "info", "logger": "bot.x"}
    assert theirs.pop("timestamp").endswith("Z")
    assert theirs == {"event": "run 7 paused", "level": "warning", "logger": "scheduler.y"}


def test_the_level_holds_for_both() -> None:
    log = Log("warning")
    structlog.get_logger("bot.x").info("turn")
    logging.getLogger("scheduler.y").info("turn")
    assert log.lines() == []


@pytest.mark.parametrize("key", ["text", "name", "contact", "token", "message", "address", "payload"])
def test_private_fields_are_hidden_however_deep(key: str) -> None:
    log = Log()
    structlog.get_logger("bot.x").info("turn", **{key: "Basia"}, inner={key: "Basia", "deep": [{key: "Basia"}]})
    assert "Basia" not in log.stream.getvalue()
    assert log.lines()[0][key] == "[hidden]"


def test_tokens_are_hidden_wherever_they_stand() -> None:
    log = Log()
    logging.getLogger("x").warning("POST https://api.telegram.org/bot%s/getMe", TOKEN)
    structlog.get_logger("y").info("sent", url=f"https://api.telegram.org/bot{TOKEN}/getMe", more=[TOKEN])
    assert TOKEN not in log.stream.getvalue()
    assert log.lines()[0]["event"] == "POST https://api.telegram.org/bot[hidden]/getMe"


def test_an_exception_shows_its_place_and_causes_and_not_its_words() -> None:
    log = Log()
    try:
        fail_over("Basia")
    except ValueError:
        structlog.get_logger("bot.x").exception("turn failed")
        logging.getLogger("y").exception("turn failed")
    assert "Basia" not in log.stream.getvalue()
    for line in log.lines():
        what, cause = line["exception"].splitlines()
        assert what.startswith("ValueError at ")
        assert "tests/operations/test_obs.py:" in what
        assert what.endswith(" fail_over")
        assert cause.startswith("KeyError at ")


def test_the_parts_of_a_group_are_shown() -> None:
    log = Log()
    try:
        raise ExceptionGroup("parts", [KeyError("Basia"), OSError("Basia")])
    except ExceptionGroup as error:
        structlog.get_logger("bot.x").error("stopped", exc_info=error)
    kinds = [line.split()[0] for line in log.lines()[0]["exception"].splitlines()]
    assert kinds == ["ExceptionGroup", "KeyError", "OSError"]
    assert "Basia" not in log.stream.getvalue()


def test_a_library_says_its_first_line_only() -> None:
    log = Log()
    logging.getLogger("asyncio").error(
        "Task exception was never retrieved\nfuture: <Task exception=ValueError('Basia')>"
    )
    assert log.lines()[0]["event"] == "Task exception was never retrieved"
    assert "Basia" not in log.stream.getvalue()


def test_libraries_that_say_every_request_are_quiet() -> None:
    log = Log("info")
    for name in QUIET:
        logging.getLogger(name).info("POST /bot1:secret/getUpdates")
    assert log.lines() == []


def test_a_terminal_gets_lines_for_people() -> None:
    stream = io.StringIO()
    configure_logging("console", "info", stream)
    try:
        fail_over("Basia")
    except ValueError:
        structlog.get_logger("bot.x").exception("turn failed", channel="web")
    shown = stream.getvalue()
    assert "turn failed" in shown
    assert "channel=web" in shown
    assert "ValueError at " in shown
    assert "Basia" not in shown


def test_auto_is_json_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    configure_logging("auto", "info", stream)
    structlog.get_logger("bot.x").info("turn")
    assert json.loads(stream.getvalue())["event"] == "turn"


def test_metrics_count_what_happened() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.turn("web", "ok", 0.02)
    metrics.turn("web", "failed", 0.2)
    metrics.delivery("tip", "sent", 3)
    metrics.waiting(12)
    metrics.reload("broken")

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("bezpieczny_turns_total", channel="web", outcome="ok") == 1
    assert value("bezpieczny_turn_seconds_count", channel="web") == 2
    assert value("bezpieczny_turn_seconds_bucket", channel="web", le="0.1") == 1
    assert value("bezpieczny_deliveries_total", kind="tip", outcome="sent") == 3
    assert value("bezpieczny_deliveries_waiting") == 12
    assert value("bezpieczny_content_reloads_total", outcome="broken") == 1
