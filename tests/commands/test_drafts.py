"""`bezpieczny content new` and `preview` as they are typed."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.catalogue.schema import AudienceFilter, Campaign, Option, Question, Quiz, Source, Tip
from bot.commands.content import app
from tests.commands.conftest import make_content

PARTS = {"quiz": (Quiz, Question, Option, Source), "tip": (Tip, Source), "campaign": (Campaign, AudienceFilter)}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return make_content(tmp_path / "content")


@pytest.mark.parametrize(("kind", "folder"), [("quiz", "quizzes"), ("tip", "tips"), ("campaign", "campaigns")])
def test_new_begins_a_file_that_says_what_is_missing(content: Path, kind: str, folder: str) -> None:
    result = run("new", kind, "na-nowo", "--area", "road", "--content", str(content))
    assert result.exit_code == 0, result.output
    file = content / folder / "na-nowo.yaml"
    assert f"{file} is there." in result.output
    checked = run("check", "--content", str(content))
    assert checked.exit_code == 1
    complaints = [line.removeprefix(f"{file}:") for line in checked.output.splitlines() if str(file) in line]
    assert len(complaints) > 5
    assert any("`title.pl` is empty; write its text" in complaint for complaint in complaints)
    assert not any("is no field here" in complaint for complaint in complaints)


@pytest.mark.parametrize("kind", PARTS)
def test_a_skeleton_names_every_field(content: Path, kind: str) -> None:
    run("new", kind, "na-nowo", "--content", str(content))
    (file,) = content.glob("*/na-nowo.yaml")
    text = file.read_text(encoding="utf-8")
    fields = {name for model in PARTS[kind] for name in model.model_fields}
    assert {name for name in fields if not re.search(rf"\b{name}:", text)} == set()


def test_a_finished_skeleton_is_good(content: Path) -> None:
    run("new", "tip", "na-nowo", "--content", str(content))
    file = content / "tips" / "na-nowo.yaml"
    text = file.read_text(encoding="utf-8")
    words = "Zrób to dziś. " * 14
    for old, new in (
        ("topic:", "topic: fire"),
        ("  title:\n  url:\n  publisher:\n", "  title: T\n  url: https://a.example/\n  publisher: P\n"),
        (": []", ": [zrób]"),
    ):
        text = text.replace(old, new)
    text = re.sub(r"^  (pl|uk|en):$", rf"  \1: {words}", text, flags=re.MULTILINE)
    text = re.sub(
        r"^(title:.*\n)((?:  .*\n){3})", lambda m: m[1] + m[2].replace(words, "Tytuł"), text, flags=re.MULTILINE
    )
    file.write_text(text, encoding="utf-8")
    assert "na-nowo" not in run("check", "--content", str(content)).output.replace(
        f"{file}:3:5: no question names this tip", ""
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [("Na Nowo", "A name has lower-case letters"), ("a" * 33, "at most 32"), ("../../x", "A name has lower-case")],
)
def test_a_name_that_cannot_be_one(content: Path, name: str, said: str) -> None:
    result = run("new", "quiz", name, "--content", str(content))
    assert result.exit_code == 1
    assert said in result.stderr


def test_nothing_is_overwritten(content: Path) -> None:
    (taken,) = list((content / "tips").iterdir())[:1]
    before = taken.read_bytes()
    result = run("new", "tip", taken.stem, "--content", str(content))
    assert result.exit_code == 1
    assert result.stderr == f"{taken} is there already; choose another name.\n"
    assert taken.read_bytes() == before


# --- preview


def test_a_quiz_with_every_answers_reason_in_every_channel(content: Path) -> None:
    quiz = next(iter((content / "quizzes").iterdir())).stem
    result = run("preview", quiz, "--content", str(content))
    assert result.exit_code == 0, result.output
    for channel in ("telegram", "matrix", "browser", "terminal"):
        assert f"\n{channel}\n" in result.output
    headings = re.findall(r"╭─ (.*?) ─", result.output)
    assert any(heading.endswith("answer 1 (right)") or "(right)" in heading for heading in headings)
    assert "result" in headings
    assert len(headings) % 4 == 0


def test_a_tip_in_one_channel_and_another_language(content: Path) -> None:
    tip = next(iter((content / "tips").iterdir())).stem
    result = run("preview", tip, "--content", str(content), "--language", "uk", "--channel", "telegram")
    assert result.exit_code == 0, result.output
    assert "browser" not in result.output
    assert re.search("[іїєґ]", result.output)


def test_on_matrix_the_choices_are_numbers_and_the_answers_letters(content: Path) -> None:
    quiz = next(iter((content / "quizzes").iterdir())).stem
    result = run("preview", quiz, "--content", str(content), "--channel", "matrix")
    assert result.exit_code == 0, result.output
    assert re.search(r"│ A\. \w", result.output)
    assert re.search(r"│ \d\. Menu ", result.output)


def test_a_page_that_looks_like_the_browser(content: Path, tmp_path: Path) -> None:
    campaign = next(iter((content / "campaigns").iterdir())).stem
    page = tmp_path / "page.html"
    result = run("preview", campaign, "--content", str(content), "--html", str(page))
    assert result.exit_code == 0, result.output
    html = page.read_text(encoding="utf-8")
    assert '<li class="turn bot" lang="pl"' in html
    assert "--" in html.split("<style>")[1].split("</style>")[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nic-takiego",), "There is no quiz, tip or campaign 'nic-takiego' in the content."),
        (("dym", "--language", "de"), "There is no language 'de'; use pl, uk, en."),
    ],
)
def test_what_cannot_be_shown(content: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run("preview", *arguments, "--content", str(content))
    assert result.exit_code == 1
    assert result.stderr.strip() == said
