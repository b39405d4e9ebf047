"""`bezpieczny content export …` and `… import …` as they are typed."""

import json
import shutil
from pathlib import Path

import pytest
import typer
from pypdf import PdfReader
from typer.testing import CliRunner, Result

from bot.catalogue.check import check
from bot.catalogue.loader import Reader, read_item
from bot.catalogue.schema import Quiz
from bot.commands.common import CONTENT
from bot.commands.exchange import COMMANDS
from tests.catalogue.conftest import TODAY
from tests.commands.conftest import make_content

app = typer.Typer()
for name, command in COMMANDS.items():
    app.command(name)(command)

FOREIGN = """\
::Pierwszy krok::Czujesz dym. Co robisz? {=Wychodzę#Dym jest szybszy. ~Czekam}

::Esej::Dlaczego? {}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, (result.output, result.exception)
    return result


@pytest.mark.parametrize(
    ("to", "file", "start"),
    [
        ("gift", "hasla-i-logowanie.gift", b"// title pl: "),
        ("moodle-xml", "hasla-i-logowanie.xml", b"<?xml"),
        ("csv", "hasla-i-logowanie.csv", b"\xef\xbb\xbflanguage,"),
        ("anki", "hasla-i-logowanie.apkg", b"PK"),
        ("print", "hasla-i-logowanie.pdf", b"%PDF"),
    ],
)
def test_a_quiz_goes_out_in_every_format(here: Path, to: str, file: str, start: bytes) -> None:
    result = run("export", "hasla-i-logowanie", "--format", to)
    assert result.output.endswith(f"Wrote {file}.\n")
    assert (here / file).read_bytes().startswith(start)


def test_what_a_format_cannot_hold_is_said() -> None:
    output = run("export", "hasla-i-logowanie", "--format", "gift").output
    assert "GIFT leaves out uk, en; --language all keeps every language.\n" in output
    assert "GIFT cannot hold the order of steps as such" in output
    assert run("export", "hasla-i-logowanie", "--format", "moodle-xml", "--language", "all").output.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nic", "--format", "csv"), "There is no quiz 'nic'. There are: "),
        (
            ("hasla-i-logowanie", "--format", "csv", "--language", "de"),
            "There is no language 'de' for this; choose pl, uk, en, or all.",
        ),
        (("hasla-i-logowanie", "--format", "print", "--language", "all"), "choose pl, uk, en."),
        (
            ("hasla-i-logowanie", "--format", "csv", "--out", "/no/such/folder/a.csv"),
            "/no/such/folder/a.csv cannot be written",
        ),
    ],
)
def test_what_cannot_go_out_is_one_line(arguments: tuple[str, ...], words: str) -> None:
    result = run("export", *arguments, code=1)
    assert words in result.output
    assert "Traceback" not in result.output


def test_a_broken_quiz_is_told_with_its_place(here: Path) -> None:
    folder = Path(shutil.copytree(CONTENT, here / "content"))
    file = folder / "quizzes" / "hasla-i-logowanie.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("level: 2", "level: 9"), encoding="utf-8")
    result = run("export", "hasla-i-logowanie", "--format", "csv", "--content", str(folder), code=1)
    assert f"{file}:" in result.output
    assert "`level`" in result.output


def test_a_text_that_is_not_translated_stops_the_export(here: Path) -> None:
    folder = make_content(here / "content")
    file = folder / "quizzes" / "czad.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace('"uk": "Question two? (uk)", ', ""), encoding="utf-8")
    result = run("export", "czad", "--format", "gift", "--language", "uk", "--content", str(folder), code=1)
    assert "two: `text`: this has no text in uk; translate it, or export another language" in result.output
    assert run("export", "czad", "--format", "gift", "--language", "all", "--content", str(folder)).exit_code == 0


@pytest.mark.parametrize("to", ["gift", "moodle-xml", "csv"])
def test_out_and_in_again_is_the_same_quiz(here: Path, to: str) -> None:
    name = "prawdziwy-czy-falszywy"
    run("export", name, "--format", to, "--language", "all", "--out", "quiz.txt")
    result = run("import", "quiz.txt", "--format", to)
    assert result.output.startswith(f"Wrote {name}.yaml: "), "nothing is missing"
    before, after = CONTENT / "quizzes" / f"{name}.yaml", here / f"{name}.yaml"
    assert read_item(after, Quiz).item == read_item(before, Quiz).item


def test_a_foreign_file_becomes_a_draft_with_all_that_is_missing(here: Path) -> None:
    (here / "dym.txt").write_text(FOREIGN, encoding="utf-8")
    result = run("import", "dym.txt", "--area", "everyday", "--id", "dym-w-domu")
    text = (here / "dym-w-domu.yaml").read_text(encoding="utf-8")
    assert "area: everyday\n" in text
    assert "- id: pierwszy-krok\n" in text
    lines = result.output.splitlines()
    assert lines[0] == "dym.txt:3: question 2 “Esej” is left out: an essay has no right answer to compare with"
    assert any(line.endswith(": `questions.source` is missing; add it") for line in lines)
    assert lines[-1] == "Wrote dym-w-domu.yaml: 1 questions, 1 left out. Lines with TODO say what to add."


def test_a_draft_in_the_library_does_not_pass_the_check(here: Path) -> None:
    folder = make_content(here / "content")
    (here / "dym.txt").write_text(FOREIGN, encoding="utf-8")
    run("import", "dym.txt", "--into", str(folder / "quizzes"))
    told = [str(problem) for problem in check(Reader(folder).read(), TODAY)]
    assert any("dym.yaml" in line and "`questions.source` is missing" in line for line in told)


def test_a_file_that_is_there_stays(here: Path) -> None:
    (here / "dym.txt").write_text(FOREIGN, encoding="utf-8")
    (here / "dym.yaml").write_text("mine", encoding="utf-8")
    result = run("import", "dym.txt", code=1)
    assert "dym.yaml is there already; choose another name with --id, or write over it with --force." in result.output
    assert (here / "dym.yaml").read_text(encoding="utf-8") == "mine"
    run("import", "dym.txt", "--force")
    assert (here / "dym.yaml").read_text(encoding="utf-8").startswith("# TODO uk, en: translate")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"What? {=a ~b\n", "quiz.txt:1: the answers of this question lack their `}`"),
        (b"PK\x03\x04", "quiz.txt: this is a zip archive"),
        (b"How? {}", "quiz.txt: no question here is of a kind that a quiz can hold"),
        ("Skąd?".encode("cp1250"), "quiz.txt:1: this is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_writes_nothing(here: Path, content: bytes, words: str) -> None:
    (here / "quiz.txt").write_bytes(content)
    result = run("import", "quiz.txt", code=1)
    assert words in result.output
    assert [file.name for file in here.iterdir()] == ["quiz.txt"]


def test_names_and_formats_that_cannot_be_are_refused(here: Path) -> None:
    (here / "quiz.txt").write_text(FOREIGN, encoding="utf-8")
    assert "The name '../x' cannot be" in run("import", "quiz.txt", "--id", "../x", code=1).output
    assert "anki only goes out" in run("import", "quiz.txt", "--format", "anki", code=1).output


def test_a_worksheet_is_in_the_language_asked_for(here: Path) -> None:
    run("export", "hasla-i-logowanie", "--format", "print", "--language", "uk", "--out", "a.pdf")
    assert "Паролі" in PdfReader(here / "a.pdf").pages[0].extract_text()


def test_json_is_not_mistaken_for_gift(here: Path) -> None:
    (here / "quiz.json").write_text(json.dumps([1, 2]), encoding="utf-8")
    assert "add --format gift, moodle-xml, csv" in run("import", "quiz.json", code=1).output
