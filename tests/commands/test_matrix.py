"""`bezpieczny matrix registration` writes what the bot reads, closed to others, and never over what is there."""

import stat
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from bot.channels.matrix import registration
from bot.commands import matrix
from bot.settings import load

URL = ("--url", "https://bot.example.org")


def run(data: Path, *words: str, code: int = 0) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.add_typer(matrix.app, name="matrix")
    result = CliRunner(env={"BEZPIECZNY_DATA": str(data)}).invoke(app, ("matrix", "registration", *words))
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_it_writes_what_the_bot_reads_and_says_what_comes_next(tmp_path: Path) -> None:
    said = run(tmp_path / "data", *URL, "--user", "@bot:example.org").output
    file = tmp_path / "data" / matrix.FILE
    read = registration.read(file)
    assert (read.localpart, read.url) == ("bot", "https://bot.example.org")
    assert len({read.as_token, read.hs_token}) == 2
    assert min(len(read.as_token), len(read.hs_token)) >= 43
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [line[:2] for line in said.splitlines()] == ["1.", "2.", "3."]
    for told in ("app_service_config_files", "Restart", f"BEZPIECZNY_MATRIX__REGISTRATION={file}"):
        assert told in said
    assert read.as_token not in said
    assert (
        load(
            {"BEZPIECZNY_MATRIX__HOMESERVER": "http://127.0.0.1:8008", "BEZPIECZNY_MATRIX__REGISTRATION": str(file)}
        ).matrix.registration
        == file
    )


def test_its_tokens_are_new_each_time(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.yaml" for number in range(2)]
    for file in files:
        run(tmp_path, *URL, "--out", str(file))
    assert len({registration.read(file).as_token for file in files}) == 2


def test_what_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text("precious")
    assert "--force" in run(tmp_path, *URL, "--out", str(file), code=1).output
    assert file.read_text() == "precious"
    run(tmp_path, *URL, "--out", str(file), "--force")
    assert registration.read(file).localpart == "bot"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--url", "bot.example.org"), "https://"),
        ((*URL, "--user", "Bot Botowski"), "@bot:example.org"),
        ((*URL, "--out", "/nowhere/at/all.yaml"), "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    said = run(tmp_path, *words, code=1).output.strip()
    assert told in said
    assert "\n" not in said
