"""The checker says what types cannot."""

from pathlib import Path

import pytest

from bot.catalogue.problems import Severity
from tests.catalogue.conftest import Check, Edit

QUIZ, TIP = "quizzes/dym.yaml", "tips/wyjdz.yaml"


def test_good_content_has_no_problems(problems: Check) -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            TIP,
            "title: {pl: Gdy czuć dym, uk: Якщо чути дим, en",
            "title: {pl: Dym, en",
            "4:8: `title` has no 'uk'; translate",
        ),
        (QUIZ, "uk: Виходжу, ", "", "10:15: `text` has no 'uk'; translate it"),
        (QUIZ, "uk: Дим,", "uk: Дим, de: Rauch,", "4:27: there is no language 'de'; use pl, uk, en"),
        (TIP, "area: everyday", "keywords: {pl: [dym], en: [smoke]}\narea: everyday", "2:11: `keywords` has no 'uk'"),
        (TIP, "pl: Wyjdź i **zadzwoń**.", 'pl: "# Wyjdź"', "6:7: headings"),
        (TIP, "pl: Wyjdź i", "pl: <b>Wyjdź</b> i", "6:7: HTML is not shown"),
        (TIP, "pl: Wyjdź i", "pl: '![x](https://a.example)'\n  # ", "6:7: pictures are not shown"),
        (TIP, "pl: Wyjdź i", "pl: '[tu](/tam)'\n  # ", "6:7: the link to '/tam' leads nowhere"),
        (TIP, "en: If you smell smoke", "en: '**If**'", "`title` is shown as written; remove the `**`"),
    ],
)
def test_points_at_the_place(
    content: Path, edit: Edit, problems: Check, *, file: str, old: str, new: str, said: str
) -> None:
    edit(file, old, new)
    (problem,) = {str(problem).removeprefix(f"{content / file}:") for problem in problems()}
    assert said in problem


def test_a_past_review_is_a_warning(content: Path, edit: Edit, problems: Check) -> None:
    edit(QUIZ, "review_on: 2027-05-01", "review_on: 2026-11-23")
    (problem,) = problems()
    assert problem.severity is Severity.WARNING
    assert str(problem).startswith(f"{content / QUIZ}:17:16: the review was due on 2026-11-23")


def test_a_review_due_today_is_no_problem_yet(edit: Edit, problems: Check) -> None:
    edit(QUIZ, "review_on: 2027-05-01", "review_on: 2026-11-24")
    assert problems() == []


def test_a_question_must_fit_one_message(edit: Edit, problems: Check) -> None:
    long = f"{{pl: '{'😀' * 100}', uk: u, en: e}}", f"{{pl: '{'😀' * 360}', uk: u, en: e}}"
    option = "      - text: {}\n        right: true\n        feedback: {}\n".format(*long)
    edit(QUIZ, "    options:\n", "    kind: multiple\n    options:\n" + option * 4)
    (problem,) = problems()
    assert "4096 fit: shorten" in problem.message


def test_a_file_with_another_ending_is_pointed_out(content: Path, problems: Check) -> None:
    (content / "tips" / "wyjdz.yaml").rename(content / "tips" / "wyjdz.yml")
    assert [problem.message.split(";")[0] for problem in problems() if problem.severity is Severity.WARNING] == [
        "this file is not read"
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("pl", '\nmsgid "points"', '\nmsgid "bye"\nmsgstr "Pa"\n\nmsgid "points"', "'bye' has no words in 'en'"),
        ("en", '\nmsgid "points"', '\nmsgid "bye"\nmsgstr "Bye"\n\nmsgid "points"', "'bye' is not in pl.po"),
        ("uk", "{name}", "{nmae}", "'hello' has other placeholders ({nmae}) than {name} in pl.po"),
        ("uk", 'msgstr[2] "{n} балів"\n', "", "'points' has 2 plural forms; 3 are needed"),
        (
            "en",
            'msgid_plural "points"\nmsgstr[0] "{n} point"\nmsgstr[1] "{n} points"',
            'msgstr "{n}"',
            "is a plural in only",
        ),
        ("en", 'msgstr "Hello', 'msgstr "<b>Hello', "HTML is not shown"),
    ],
)
def test_languages_must_say_the_same(edit: Edit, problems: Check, *, file: str, old: str, new: str, said: str) -> None:
    edit(f"words/{file}.po", old, new)
    assert any(said in problem.message and problem.line for problem in problems()), problems()
