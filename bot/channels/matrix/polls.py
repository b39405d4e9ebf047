"""Questions as native polls, as clients know them: MSC3381 by its unstable names.

https://github.com/matrix-org/matrix-spec-proposals/blob/main/proposals/3381-polls.md
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.catalogue.words import Words
from bot.channels.matrix.choices import Choices
from bot.channels.matrix.render import MORE, Content, choices_of, text
from bot.dialogue.actions import decode
from bot.domain.actions import Answer
from bot.domain.messages import Screen

START = "org.matrix.msc3381.poll.start"
RESPONSE = "org.matrix.msc3381.poll.response"
VOTES = frozenset({RESPONSE, "m.poll.response"})
"""Types of events that bear a vote, the stable one too: what a newer client sends is a vote as well."""
END = "org.matrix.msc3381.poll.end"
FEWEST, MOST = 2, 20
"""Answers."""
ANSWER_LIMIT = 240
"""Characters."""
QUESTION_LIMIT = 2_000
"""Characters; more than this is no question to put above a poll."""

_DISCLOSED = "org.matrix.msc3381.poll.disclosed"
_UNDISCLOSED = "org.matrix.msc3381.poll.undisclosed"
_TEXT = "org.matrix.msc1767.text"


def poll(screen: Screen, language: str, words: Words) -> tuple[Content, Choices] | None:
    """A quiz's question as a poll of its answers, and all that can be chosen; None: it is none, or does not fit.

    Only what answers at once is a vote. Where several are ticked, or put in order, each step would be one more poll.
    """
    choices = choices_of(screen, language, words)
    answers = [(code, label) for code, label in choices if isinstance(decode(code), Answer)]
    question = text(screen, language, words)
    fits = len(question) <= QUESTION_LIMIT and all(len(label) <= ANSWER_LIMIT for _, label in answers)
    if not fits or not FEWEST <= len(answers) <= MOST:
        return None
    return _start(question, answers, disclosed=True), choices


def room_poll(question: str, answers: Sequence[tuple[str, str]], *, disclosed: bool) -> Content:
    """A question to a room of several, by its answers' names and words; what is too long is cut.

    `disclosed`: votes are seen at once; if not, when the poll has ended.
    """
    return _start(
        _cut(question, QUESTION_LIMIT),
        [(name, _cut(said, ANSWER_LIMIT)) for name, said in answers],
        disclosed=disclosed,
    )


def vote_of(content: Mapping[str, Any]) -> tuple[str, str] | None:
    """The poll's event and the answer chosen, of a response that anybody may have made up; None for any other."""
    match content:
        case {
            "m.relates_to": {"rel_type": "m.reference", "event_id": str(event)},
            "org.matrix.msc3381.poll.response": {"answers": [str(answer), *_]},
        } | {
            "m.relates_to": {"rel_type": "m.reference", "event_id": str(event)},
            "m.selections": [str(answer), *_],
        }:
            return event, answer
        case _:
            return None


def ended(event: str, text: str) -> Content:
    """The end of a poll, with what clients without polls show."""
    return {"m.relates_to": {"rel_type": "m.reference", "event_id": event}, END: {}, _TEXT: text, "body": text}


def _start(question: str, answers: Sequence[tuple[str, str]], *, disclosed: bool) -> Content:
    return {
        START: {
            "question": {_TEXT: question, "body": question, "msgtype": "m.text"},
            "kind": _DISCLOSED if disclosed else _UNDISCLOSED,
            "max_selections": 1,
            "answers": [{"id": name, _TEXT: said} for name, said in answers],
        },
        _TEXT: "\n\n".join([question, "\n".join(said for _, said in answers)]),
    }


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - len(MORE)].rstrip() + MORE
