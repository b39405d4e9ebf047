import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.matrix import polls
from bot.dialogue.actions import encode
from bot.domain.actions import Answer, Home, ShowQuestion
from bot.domain.messages import Button, Plain, Row, Screen
from tests.channels.contract import HOME, plain, screen
from tests.channels.telegram.world import words

TEXT = "org.matrix.msc1767.text"


def options(*texts: str) -> Row:
    return tuple(
        Button(plain("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place]), Answer(7, 0, str(place)), full=plain(text))
        for place, text in enumerate(texts)
    )


def question(*texts: str) -> Screen:
    return Screen((plain("1/5 Skąd bierze się czad?"),), (options(*texts), (HOME,)))


def test_a_question_is_a_poll_whose_answers_are_codes() -> None:
    asked = polls.poll(question("A. Z lodówki", "B. Z piecyka"), "pl", words())
    assert asked is not None
    content, choices = asked
    assert content[polls.START] == {
        "question": {TEXT: "1/5 Skąd bierze się czad?", "body": "1/5 Skąd bierze się czad?", "msgtype": "m.text"},
        "kind": "org.matrix.msc3381.poll.disclosed",
        "max_selections": 1,
        "answers": [{"id": "an:7:0:0", TEXT: "A. Z lodówki"}, {"id": "an:7:0:1", TEXT: "B. Z piecyka"}],
    }
    assert content[TEXT] == "1/5 Skąd bierze się czad?\n\nA. Z lodówki\nB. Z piecyka"
    assert choices == (("an:7:0:0", "A. Z lodówki"), ("an:7:0:1", "B. Z piecyka"), ("ho", "Menu"))


def test_true_or_false_is_a_question_too() -> None:
    ways = (Button(plain("Prawda"), Answer(7, 2, "0")), Button(plain("Fałsz"), Answer(7, 2, "1")))
    asked = polls.poll(Screen((plain("Czad czuć."),), (ways, (HOME,))), "pl", words())
    assert asked is not None
    assert [one[TEXT] for one in asked[0][polls.START]["answers"]] == ["Prawda", "Fałsz"]


def test_the_words_are_in_the_readers_language() -> None:
    ways = tuple(Button(Plain({"pl": pl, "uk": uk}), Answer(7, 0, pl)) for pl, uk in (("a", "так"), ("b", "ні")))
    asked = polls.poll(Screen((Plain({"pl": "Tak?", "uk": "Так?"}),), (ways,)), "uk", words())
    assert asked is not None
    assert asked[0][TEXT] == "Так?\n\nтак\nні"


@pytest.mark.parametrize(
    "other",
    [
        screen("Co robimy?", buttons=(HOME, Button(plain("Dom"), Home()))),
        question("A. jedna"),
        question("A. " + "x" * 238, "B. y"),
        question(*(f"{number}" for number in range(21))),
        Screen((plain("x" * 2001),), (options("a", "b"),)),
        Screen(  # boxes to tick: each tick would be one more poll
            (plain("Które?"),),
            (
                tuple(Button(plain(x), ShowQuestion(7, 1, x), full=plain(x)) for x in "012"),
                (Button(plain("Sprawdź"), Answer(7, 1, "0")),),
            ),
        ),
        Screen((plain("nic"),)),
    ],
)
def test_what_is_no_question_or_does_not_fit_is_no_poll(other: Screen) -> None:
    assert polls.poll(other, "pl", words()) is None


def test_the_longest_poll_that_fits() -> None:
    assert polls.poll(question("x" * 240, *("y" * 240 for _ in range(19))), "pl", words()) is not None


# --- votes


def response(**more: object) -> dict[str, object]:
    return {"m.relates_to": {"rel_type": "m.reference", "event_id": "$poll"}, **more}


@pytest.mark.parametrize(
    "content",
    [
        response(**{polls.RESPONSE: {"answers": ["an:7:0:1"]}}),
        response(**{polls.RESPONSE: {"answers": ["an:7:0:1", "an:7:0:0"]}, "more": 1}),
        response(**{"m.selections": ["an:7:0:1"]}),
    ],
)
def test_a_vote_is_its_first_answer(content: dict[str, object]) -> None:
    assert polls.vote_of(content) == ("$poll", "an:7:0:1")


@pytest.mark.parametrize(
    "content",
    [
        {},
        response(),
        response(**{polls.RESPONSE: {"answers": []}}),
        response(**{polls.RESPONSE: {"answers": "an:7:0:1"}}),
        response(**{polls.RESPONSE: {"answers": [5]}}),
        response(**{polls.RESPONSE: None}),
        {"m.relates_to": {"rel_type": "m.thread", "event_id": "$poll"}, polls.RESPONSE: {"answers": ["a"]}},
        {"m.relates_to": {"rel_type": "m.reference", "event_id": 5}, polls.RESPONSE: {"answers": ["a"]}},
        {"m.relates_to": "$poll", polls.RESPONSE: {"answers": ["a"]}},
        {polls.RESPONSE: {"answers": ["a"]}},
    ],
)
def test_what_is_no_vote(content: dict[str, object]) -> None:
    assert polls.vote_of(content) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.fixed_dictionaries({}, optional={"m.relates_to": JSON, polls.RESPONSE: JSON, "m.selections": JSON}))
def test_whatever_is_sent_is_a_vote_or_none(content: dict[str, object]) -> None:
    vote = polls.vote_of(content)
    assert vote is None or all(isinstance(one, str) for one in vote)


# --- the end, and rooms


def test_the_end_says_what_clients_without_polls_show() -> None:
    content = polls.ended("$poll", "7 z 23: B")
    assert content["m.relates_to"] == {"rel_type": "m.reference", "event_id": "$poll"}
    assert content[polls.END] == {}
    assert content[TEXT] == "7 z 23: B"


def test_a_rooms_poll_keeps_its_results_until_the_end() -> None:
    content = polls.room_poll("Skąd bierze się czad?", [("0", "Z lodówki"), ("1", "z" * 300)], disclosed=False)
    start = content[polls.START]
    assert start["kind"] == "org.matrix.msc3381.poll.undisclosed"
    assert [one["id"] for one in start["answers"]] == ["0", "1"]
    assert start["answers"][1][TEXT] == "z" * 239 + "…"


def test_codes_are_the_names_of_answers() -> None:
    asked = polls.poll(question("a", "b"), "pl", words())
    assert asked is not None
    first = asked[0][polls.START]["answers"][0]["id"]
    vote = polls.vote_of(response(**{polls.RESPONSE: {"answers": [first]}}))
    assert vote == ("$poll", encode(Answer(7, 0, "0")))
