"""The command line on a data folder of its own and a content folder of three items."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from bot.commands import campaign as campaigns
from bot.commands import demo, quiz, report, staff, workshop
from tests import support

Say = Callable[..., Result]


def make_content(folder: Path) -> Path:
    """The small library of `support`, as files. JSON is YAML."""
    book = support.library()
    for name, items in (("quizzes", book.quizzes), ("tips", book.tips), ("campaigns", book.campaigns)):
        (folder / name).mkdir(parents=True)
        for slug, item in items.items():
            written = item.model_dump(mode="json", exclude_defaults=True)
            (folder / name / f"{slug}.yaml").write_text(json.dumps(written, ensure_ascii=False), encoding="utf-8")
    programme = book.programme.model_dump(mode="json", exclude_defaults=True)
    (folder / "programme.yaml").write_text(json.dumps(programme, ensure_ascii=False), encoding="utf-8")
    shutil.copytree(support.CONTENT / "words", folder / "words")
    return folder


def _application() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    for name, group in (
        ("staff", staff.app),
        ("campaign", campaigns.app),
        ("workshop", workshop.app),
        ("quiz", quiz.app),
    ):
        app.add_typer(group, name=name)
    app.command()(demo.demo)
    app.command()(report.report)
    return app


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def bezpieczny(tmp_path: Path, data: Path) -> Say:
    """Runs a command; it has to end with `code`."""
    environment = {"BEZPIECZNY_DATA": str(data), "BEZPIECZNY_CONTENT": str(make_content(tmp_path / "content"))}
    app = _application()

    def say(*words: str, code: int = 0, input: str | None = None, **more: str) -> Result:  # noqa: A002 - as of `invoke`
        result = CliRunner(env=environment | more).invoke(app, words, input=input)
        assert result.exit_code == code, (result.output, result.exception)
        if code == 1:
            assert "Traceback" not in result.output
            assert isinstance(result.exception, SystemExit)
        return result

    return say
