"""GIFT as Moodle writes and reads it, and as an independent parser does."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from bot.catalogue.exchange.formats import Format
from bot.catalogue.loader import Reader
from bot.catalogue.problems import ContentError
from bot.catalogue.schema import Question, QuestionKind
from tests.catalogue.conftest import REAL
from tests.catalogue.exchange.make import export, read
from tests.support import question, quiz

FROM_MOODLE = """\
// question: 0  name: Switch category to $course$/top/Fire
$CATEGORY: $course$/top/Fire \\: smoke//gas

// question: 8  name: colours
// [id:colours] [tag:light \\] dark]
::colours:: What's between orange and green in the spectrum?
{
    ~%50%yellow # right; good!
    ~%-100%red # [html]wrong, it's <b>yellow</b>
    ~%50%off-beige # right; good!
    ~%-100%[plain]blue # wrong, <it's> yellow
}

::Q2:: [html]<p>1 \\= 1 \\{really\\}</p>{
    =yes\\:\\#1#fine
    ~no
    ####[markdown]Because **so**.
}

Grant is {~buried#No =entombed#Yes ~living#No} in Grant's tomb.

::Q1:: 42 is the Absolute Answer to everything.{
FALSE#42 is the Ultimate Answer.#You gave the right answer.
####A Hitchhiker's Guide reference.}

// [id:myid]
::Moodle::[html]Put these words in order.{>3 ALL VERTICAL ABSOLUTE_POSITION SHOW
Modular
Object
Oriented
}

::Q8:: How are you? {}

::Q3:: Two plus {=two =2} equals four.

::Q5:: What is a number from 1 to 5? {#3:2~#Completely wrong}

::cats:: Which animal eats which food? { =cat -> cat food =dog -> dog food }

Just a text before the questions.
"""


def test_what_moodle_exports_is_understood() -> None:
    draft = read(FROM_MOODLE, Format.GIFT, "en")
    colours, second, gap, statement, steps = draft.questions
    assert draft.heading.title == {"en": "Fire \\: smoke/gas"}
    assert (colours.id, colours.kind) == ("colours", QuestionKind.MULTIPLE)
    assert [option.right for option in colours.options] == [True, False, True, False]
    assert [option.feedback["en"] for option in colours.options] == [
        "right; good!",
        "wrong, it's **yellow**",
        "right; good!",
        "wrong, <it's> yellow",
    ]
    assert second.text == {"en": "1 = 1 {really}"}
    assert second.options[0].text == {"en": "yes:#1"}
    assert second.explanation == {"en": "Because **so**."}
    assert gap.text == {"en": "Grant is _____ in Grant's tomb."}
    assert [option.right for option in gap.options] == [False, True, False]
    assert statement.kind is QuestionKind.TRUE_FALSE
    assert [(option.right, option.feedback["en"]) for option in statement.options] == [
        (False, "42 is the Ultimate Answer."),
        (True, "You gave the right answer."),
    ]
    assert statement.explanation == {"en": "A Hitchhiker's Guide reference."}
    assert steps.kind is QuestionKind.ORDERING
    assert [option.text["en"] for option in steps.options] == ["Modular", "Object", "Oriented"]


def test_what_does_not_fit_is_left_out_with_its_line_and_reason() -> None:
    draft = read(FROM_MOODLE, Format.GIFT, "en")
    assert [(problem.line, problem.message.partition(": ")[2]) for problem in draft.skipped] == [
        (FROM_MOODLE[: FROM_MOODLE.index("::Q8")].count("\n") + 1, "an essay has no right answer to compare with"),
        (FROM_MOODLE[: FROM_MOODLE.index("::Q3")].count("\n") + 1, "its answer is typed, and ours are chosen"),
        (
            FROM_MOODLE[: FROM_MOODLE.index("::Q5")].count("\n") + 1,
            "its answer is a number to type, and ours are chosen",
        ),
        (
            FROM_MOODLE[: FROM_MOODLE.index("::cats")].count("\n") + 1,
            "pairs have no counterpart here; a list of steps to put in order has",
        ),
        (FROM_MOODLE[: FROM_MOODLE.index("Just a text")].count("\n") + 1, "this is a text without a question"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("\n\nWhat? {=a ~b\n\n~c}\n", 3, "lack their `}`"),
        ("What? =a ~b}\n", 1, "lack their `{`"),
        ("What? {=a {~b}\n", 1, "lack their `}`"),
        ("How? {}\n", 0, "no question here"),
        ("", 0, "no question here"),
        ("What?{=a ~b}\n\n" * 21, 0, "21 questions are here; one quiz holds 20"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(text: str, line: int, words: str) -> None:
    with pytest.raises(ContentError) as caught:
        read(text, Format.GIFT)
    problem = caught.value.problems[-1]
    assert words in problem.message
    assert problem.line == line


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ("{=a =b ~c}", "2 of its answers are worth the whole mark"),
        ("{~a ~b}", "none of its answers are worth the whole mark"),
        ("{=a ~b ~c ~d ~e ~f ~g}", "it has 7 answers; 2 to 6 fit"),
        ('{=a ~[html]<img src\\="x.png">}', "it shows a picture"),
        ("{=" + "a" * 20_001 + " ~b}", "one of its texts has 20001 characters"),
    ],
)
def test_a_question_that_cannot_be_ours(answers: str, reason: str) -> None:
    with pytest.raises(ContentError) as caught:
        read(f"What? {answers}", Format.GIFT)
    assert reason in caught.value.problems[0].message


def test_a_question_is_written_as_moodle_writes_it() -> None:
    one = question("one", text={"pl": "Ile to 1=1?"}, explanation={"pl": "**Tak**: {1}"})
    text = export(quiz(questions=[one.model_dump()]), Format.GIFT, "pl")
    assert "// [id:one] [tag:quiz:czad] [tag:area:everyday] [tag:level:1]" in text
    assert "::01 Ile to 1\\=1?::[html]<p>Ile to 1\\=1?</p>{\n" in text
    assert "\t=Option 0 (pl)#<p>Because 0 (pl)</p>\n\t~Option 1 (pl)#" in text
    assert "\t####<p><strong>Tak</strong>\\: \\{1\\}</p><p class\\=" in text
    assert not re.search(r"\n\n\t", text), "an empty line would end the question"


def test_weights_of_several_answers_are_those_that_moodle_knows() -> None:
    several = question("one").model_dump()
    several |= {"kind": "multiple"}
    several["options"] = [option | {"right": place < 3} for place, option in enumerate([*several["options"]] * 2)][:6]
    text = export(quiz(questions=[several]), Format.GIFT, "pl")
    assert text.count("~%33.33333%") == 3
    assert text.count("~%-33.33333%") == 3


@pytest.mark.parametrize(
    "text", ["%50% ludzi", "[html] to znacznik", "[nic] tu", "=~#{}:\\", "// nie", "a -> b", "$CATEGORY: x"]
)
def test_answers_that_look_like_signs_are_answers(text: str) -> None:
    for kind, right in (("single", 0), ("single", 1), ("multiple", 0)):
        options = [
            {"text": {"pl": answer}, "right": place == right, "feedback": {"pl": "bo"}}
            for place, answer in enumerate((text, "b"))
        ]
        item = quiz(questions=[question("one", kind=kind, options=options).model_dump()])
        (back,) = read(export(item, Format.GIFT, "pl"), Format.GIFT).questions
        assert [(option.text["pl"], option.right) for option in back.options] == [(text, right == 0), ("b", right == 1)]


def test_two_questions_with_one_name_get_a_number() -> None:
    text = "// [id:Dym w domu]\nDym? {T}\n\n// [id:dym-w-domu]\nCzad? {F}\n\n::Dym w domu::Gaz? {T}\n"
    assert [question.id for question in read(text, Format.GIFT).questions] == [
        "dym-w-domu",
        "dym-w-domu-2",
        "dym-w-domu-3",
    ]


def test_names_in_any_script_become_names() -> None:
    text = "::Щоденний їжак::a{T}\n\n::Zażółć gęślą jaźń — 2::b{T}\n\n::漢字::c{T}\n"
    names = [question.id for question in read(text, Format.GIFT).questions]
    assert names == ["shchodennyi-izhak", "zazolc-gesla-jazn-2", "question-3"]


# --- an independent parser

READ_WITH_PYGIFT = """
import json, sys
from pygiftparser import parser
print(json.dumps([
    [
        [repr(question.answer), [[option.text, option.percentage] for option in question.answer.options]]
        for question in parser.parse(text).questions
    ]
    for text in json.load(sys.stdin)
]))
"""
PYGIFT_TYPES = {
    QuestionKind.SINGLE: "MultipleChoiceRadio()",
    QuestionKind.SCAM: "MultipleChoiceRadio()",
    QuestionKind.MULTIPLE: "MultipleChoiceCheckbox()",
    QuestionKind.TRUE_FALSE: "TrueFalse()",
    QuestionKind.ORDERING: "Matching()",
}
HIDDEN = {"\\=": "＝", "\\~": "～", "\\#": "＃", "\\{": "｛", "\\}": "｝", "\\:": "："}


def hide_escapes(text: str) -> str:
    """As Moodle does before it looks for signs; pygiftparser knows escapes in answers, but not in feedback."""
    for escaped, hidden in HIDDEN.items():
        text = text.replace(escaped, hidden)
    return text


def read_with_pygift(texts: list[str]) -> Any:
    """In a process of its own: the parser's generator leaves files open and prints as it goes."""
    command = [sys.executable, "-W", "ignore", "-c", READ_WITH_PYGIFT]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_an_independent_parser_finds_the_same_questions_and_answers() -> None:
    quizzes = [document.item for document in Reader(REAL).read().quizzes.values()]
    found = read_with_pygift([hide_escapes(export(item, Format.GIFT, "pl")) for item in quizzes])
    for item, questions in zip(quizzes, found, strict=True):
        for ours, (sort, options) in zip(item.questions, questions, strict=True):
            assert sort == PYGIFT_TYPES[ours.kind]
            assert right_by_pygift(ours.kind, options) == right_by_us(ours)


def right_by_us(question: Question) -> list[object]:
    match question.kind:
        case QuestionKind.ORDERING:
            return [place + 1 for place in range(len(question.options))]
        case QuestionKind.TRUE_FALSE:
            return [question.options[0].right]
        case QuestionKind.MULTIPLE:
            return [None for _ in question.options]
        case _:
            return [option.right for option in question.options]


def right_by_pygift(kind: QuestionKind, options: list[tuple[str, float]]) -> list[object]:
    """It reads no weights with decimals, so of several right answers only their number is compared."""
    match kind:
        case QuestionKind.ORDERING:
            return [int(text.rpartition("->")[2]) for text, _ in options]
        case QuestionKind.TRUE_FALSE:
            return [options[0][0] == "True"]
        case QuestionKind.MULTIPLE:
            return [None for _ in options]
        case _:
            return [percentage == 1 for _, percentage in options]
