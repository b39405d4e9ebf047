"""`bezpieczny content …` as it is typed."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.commands.common import CONTENT
from bot.commands.content import app


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONTENT, tmp_path / "content"))


def test_good_content_ends_with_nothing_to_do(content: Path) -> None:
    result = run("check", "--content", str(content))
    assert result.exit_code == 0, result.output
    assert "Errors: 0" in result.output


def test_an_error_is_one_line_that_an_editor_can_follow(content: Path) -> None:
    file = content / "tips" / "pozar-oleju.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("topic: fire", "topic: [fire]"), encoding="utf-8")
    result = run("check", "--content", str(content))
    assert result.exit_code == 1
    assert f"{file}:3:8: `topic` should be text\n" in result.output
    assert "Errors: 1, warnings: 0." in result.output


def test_a_due_review_is_a_warning_and_no_failure(content: Path) -> None:
    file = content / "tips" / "pozar-oleju.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("review_on: 2027", "review_on: 2020"), encoding="utf-8")
    result = run("check", "--content", str(content))
    assert result.exit_code == 0
    assert "the review was due on 2020-05-01" in result.output


def test_a_folder_that_is_not_there_is_named() -> None:
    assert run("check", "--content", "/no/such/folder").exit_code == 2


def test_stats_counts_and_lists(content: Path) -> None:
    file = content / "tips" / "pozar-oleju.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("review_on: 2027", "review_on: 2020"), encoding="utf-8")
    result = run("stats", "--content", str(content))
    assert result.exit_code == 0
    words = " ".join(result.output.split())
    assert "Area Quizzes Questions Pairs Measuring Tips Cards" in words
    assert "pupils-10-13" in words
    assert f"To review within 90 days: 1 {file}:" in words
    assert "to confirm with an authority:" in words
    assert "│" not in result.output


def test_stats_for_programs_say_the_same(content: Path) -> None:
    told = json.loads(run("stats", "--json", "--content", str(content)).stdout)
    assert told["areas"]["road"].keys() == {"quizzes", "questions", "pairs", "measuring", "tips", "cards"}
    assert sum(told["kinds"].values()) == sum(area["questions"] for area in told["areas"].values())
    assert set(told["languages"]) == {"pl", "uk", "en"}
    assert {"place", "review_on", "publisher", "press"} == told["to_confirm"][0].keys()


def test_schemas_are_written_for_editors(tmp_path: Path) -> None:
    assert run("schema", "--out", str(tmp_path / "schemas")).exit_code == 0
    quiz = json.loads((tmp_path / "schemas" / "quiz.json").read_text(encoding="utf-8"))
    assert set(quiz["required"]) >= {"id", "area", "level", "questions"}
    assert {file.stem for file in (tmp_path / "schemas").iterdir()} == {
        "programme",
        "terms",
        "quiz",
        "tip",
        "survey",
        "campaign",
    }


def test_the_schemas_that_ship_are_those_of_the_code(tmp_path: Path) -> None:
    run("schema", "--out", str(tmp_path))
    shipped = {file.name: file.read_text(encoding="utf-8") for file in (CONTENT / "schemas").iterdir()}
    made = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    assert shipped == made, "run: bezpieczny content schema --out content/schemas"


def test_schemas_can_be_read_from_a_pipe() -> None:
    assert set(json.loads(run("schema").output)) == {"programme", "terms", "quiz", "tip", "survey", "campaign"}
