"""Moodle XML as Moodle writes and reads it, and as independent parsers do."""

from xml.etree import ElementTree

import pytest
from moodle_xml_parser import parser as independent  # type: ignore[import-untyped] # it ships no types

from bot.catalogue.documents import Content
from bot.catalogue.exchange.formats import Format
from bot.catalogue.exchange.hypertext import parse, plain
from bot.catalogue.loader import Reader
from bot.catalogue.problems import ContentError
from bot.catalogue.schema import QuestionKind
from tests.catalogue.conftest import REAL
from tests.catalogue.exchange.make import export, read
from tests.support import quiz

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n'
CATEGORY = """\
<question type="category">
  <category><text>$course$/top/Bezpieczny dom</text></category>
  <info format="moodle_auto_format"><text>Dom &amp; dym</text></info>
  <idnumber>Dom 1</idnumber>
</question>
"""
CHOICE = """\
<!-- question: 91  -->
<question type="multichoice">
  <name><text>Pierwszy krok</text></name>
  <questiontext format="html">
    <text><![CDATA[<p>Czujesz <strong>dym</strong>.&nbsp;Co robisz?</p>]]></text>
  </questiontext>
  <generalfeedback format="html"><text>&lt;p&gt;Najpierw ludzie.&lt;/p&gt;</text></generalfeedback>
  <defaultgrade>1.0000000</defaultgrade><penalty>0.3333333</penalty><hidden>0</hidden><idnumber></idnumber>
  <single>true</single><shuffleanswers>true</shuffleanswers><answernumbering>abc</answernumbering>
  <correctfeedback format="html"><text>Dobrze.</text></correctfeedback>
  <answer fraction="100" format="html"><text><![CDATA[<p>Wychodzę</p>]]></text>
    <feedback format="html"><text><![CDATA[<p>Dym jest szybszy.</p>]]></text></feedback></answer>
  <answer fraction="0" format="plain_text"><text>Czekam &lt;w domu&gt;</text>
    <feedback format="html"><text></text></feedback>
  </answer>
  <tags><tag><text>pożar</text></tag></tags>
</question>
"""


def of_type(kind: str, inside: str = "") -> str:
    return f'<question type="{kind}"><name><text>{kind}</text></name>{inside}</question>\n'


def test_what_moodle_exports_is_understood() -> None:
    draft = read(f"{HEAD}{CATEGORY}{CHOICE}</quiz>", Format.MOODLE_XML)
    (question,) = draft.questions
    assert draft.heading.title == {"pl": "Bezpieczny dom"}
    assert draft.heading.about == {"pl": "Dom & dym"}
    assert (question.id, question.kind) == ("pierwszy-krok", QuestionKind.SINGLE)
    assert question.text == {"pl": "Czujesz dym.\xa0Co robisz?"}
    assert [(option.text["pl"], option.right) for option in question.options] == [
        ("Wychodzę", True),
        ("Czekam <w domu>", False),
    ]
    assert question.options[0].feedback == {"pl": "Dym jest szybszy."}
    assert question.options[1].feedback == {}
    assert question.explanation == {"pl": "Najpierw ludzie."}
    assert (question.source, question.tip, question.review_on) == (None, None, None)


def test_what_does_not_fit_is_left_out_with_its_line_and_reason() -> None:
    answers = '<answer fraction="100"><text>a</text></answer><answer fraction="0"><text>b</text></answer>'
    picture = '<questiontext><text>x</text><file name="a.png" encoding="base64">AAAA</file></questiontext>'
    kinds = ["shortanswer", "numerical", "essay", "matching", "cloze", "ddwtos", "description"]
    text = HEAD + CHOICE + "".join(map(of_type, kinds)) + of_type("multichoice", picture + answers) + "</quiz>"
    draft = read(text, Format.MOODLE_XML)
    assert len(draft.questions) == 1
    first = text[: text.index('"shortanswer"')].count("\n") + 1
    assert [problem.line for problem in draft.skipped] == list(range(first, first + len(kinds) + 1))
    reasons = [problem.message for problem in draft.skipped]
    assert reasons[0] == "question 2 “shortanswer” is left out: its answer is typed, and ours are chosen"
    assert "'ddwtos' has no counterpart" in reasons[5]
    assert "it shows a picture" in reasons[7]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("<quiz>\n<question>\n</quiz>", 3, "this is no XML: mismatched tag"),
        ("", 1, "this is no XML"),
        ("<html>\n</html>", 1, "begins with <html>"),
        ("<quiz></quiz>", 0, "no question here"),
        (f"{HEAD}{of_type('essay')}</quiz>", 0, "no question here"),
        ("<quiz>" + "<a>\n" * 50_000, 12, "elements stand 12 deep"),
        ("<!DOCTYPE quiz>\n<quiz/>", 1, "has a DTD"),
        ('<!DOCTYPE quiz SYSTEM "https://e.example/x.dtd">\n<quiz/>', 1, "has a DTD"),
        ('<!DOCTYPE q [<!ENTITY a "aaa"><!ENTITY b "&a;&a;">]>\n<quiz>&b;</quiz>', 1, "has a DTD"),
        ('<!DOCTYPE q [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<quiz>&x;</quiz>', 1, "has a DTD"),
        ("<quiz>&nbsp;</quiz>", 1, "undefined entity"),
        (f"{HEAD}{CHOICE * 21}</quiz>", 0, "21 questions are here; one quiz holds 20"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(text: str, line: int, words: str) -> None:
    with pytest.raises(ContentError) as caught:
        read(text, Format.MOODLE_XML)
    problem = caught.value.problems[-1]
    assert words in problem.message
    assert problem.line == line


def test_an_encoding_that_the_declaration_names_and_the_file_has_not_does_no_harm() -> None:
    text = f"{HEAD}{CHOICE}</quiz>".replace("UTF-8", "windows-1250")
    assert read(text, Format.MOODLE_XML).questions[0].explanation == {"pl": "Najpierw ludzie."}


def test_a_matching_question_that_was_steps_is_steps_again() -> None:
    pairs = "".join(
        f"<subquestion format='html'><text>{step}</text><answer><text>{place}</text></answer></subquestion>"
        for place, step in ((2, "zadzwoń"), (1, "wyjdź"), (3, "czekaj"))
    )
    was = "<tags><tag><text>kind:ordering</text></tag></tags>"
    (question,) = read(f"{HEAD}{of_type('matching', pairs + was)}</quiz>", Format.MOODLE_XML).questions
    assert question.kind is QuestionKind.ORDERING
    assert [option.text["pl"] for option in question.options] == ["wyjdź", "zadzwoń", "czekaj"]


def test_what_our_classes_hold_but_not_in_our_way_is_left_for_the_author() -> None:
    text = CHOICE.replace("&lt;p&gt;Najpierw ludzie.&lt;/p&gt;", '&lt;p class="source"&gt;Poradnik&lt;/p&gt;Bo tak')
    text = text.replace('fraction="0"', 'fraction="x"')
    (question,) = read(f"{HEAD}{text}</quiz>", Format.MOODLE_XML).questions
    assert question.source is None
    assert question.explanation == {"pl": "Bo tak"}
    assert [option.right for option in question.options] == [True, False]


# --- independent parsers


@pytest.fixture(scope="module")
def real() -> Content:
    return Reader(REAL).read()


def test_an_independent_parser_finds_the_same_choices(real: Content) -> None:
    for document in real.quizzes.values():
        ours = [
            question
            for question in document.item.questions
            if question.kind not in (QuestionKind.TRUE_FALSE, QuestionKind.ORDERING)
        ]
        found = independent.parse_string(export(document.item, Format.MOODLE_XML, "pl"))["multichoice"]
        assert [each.single for each in found] == [question.kind is not QuestionKind.MULTIPLE for question in ours]
        for question, each in zip(ours, found, strict=True):
            assert [option.score_fraction > 0 for option in each.options] == [one.right for one in question.options]
            assert plain(parse(each.text_pre_parse)).startswith(question.text["pl"])
            if question.kind is not QuestionKind.SCAM:
                texts = [plain(parse(option.answer)) for option in each.options]
                assert texts == [option.text["pl"] for option in question.options if option.text]
            assert each.general_feedback.endswith(f"{question.source.publisher}</cite></p>")


def test_the_structure_is_that_of_moodles_own_exports(real: Content) -> None:
    """Names and orders as in the fixtures of Moodle's tests (`question/format/xml`, `question/type/ordering`)."""
    root = ElementTree.fromstring(export(real.quizzes["hasla-i-logowanie"].item, Format.MOODLE_XML, "pl", "uk", "en"))  # noqa: S314 - we have just made it
    types = [each.get("type") for each in root.findall("question")]
    assert types[0] == "category"
    assert set(types) == {"category", "multichoice", "truefalse", "ordering"}
    for each in root.findall("question")[1:]:
        assert each.findtext("questiontext/text")
        assert each.find("questiontext").get("format") == "html"  # type: ignore[union-attr] # asserted above
        assert each.findtext("idnumber")
    (steps,) = (each for each in root.findall("question") if each.get("type") == "ordering")
    assert [float(answer.get("fraction", 0)) for answer in steps.findall("answer")] == [1, 2, 3, 4]
    statement = next(each for each in root.findall("question") if each.get("type") == "truefalse")
    assert [answer.findtext("text") for answer in statement.findall("answer")] == ["true", "false"]


def test_languages_stand_in_moodles_own_spans() -> None:
    text = export(quiz(), Format.MOODLE_XML, "pl", "uk", "en")
    assert (
        '<p><span lang="pl" class="multilang">Question one? (pl)</span><span lang="uk" class="multilang">'
        'Question one? (uk)</span><span lang="en" class="multilang">Question one? (en)</span></p>'
    ) in text
