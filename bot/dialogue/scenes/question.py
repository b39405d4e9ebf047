"""A question a screen, the reason at once, and, at the end, what to read next."""

from bot.catalogue.schema import FIXED_CHOICES, Question, QuestionKind
from bot.dialogue.scenes.parts import MENU, button, column
from bot.dialogue.scenes.settings import consent_row
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.errors import StaleAction
from bot.domain.messages import Block, Button, Markdown, Phrase, Plain, Row, Screen, say
from bot.domain.quizzes import Attempt, read_choice
from bot.services import learning
from bot.services.blocks import source_line

LETTERS = "ABCDEF"


async def go_on(turn: Turn, attempt: Attempt) -> Screen:
    """The next question of an attempt, or its result."""
    if attempt.next_position is None:
        return await result(turn, do.ShowResult(attempt.id, asked=True))
    return question_screen(learning_question(turn, attempt, attempt.next_position), attempt, attempt.next_position)


def learning_question(turn: Turn, attempt: Attempt, position: int) -> Question:
    """A question of an attempt. Raises StaleAction."""
    if position not in range(len(attempt.questions)):
        raise StaleAction
    return learning.find_question(turn.library, attempt.questions[position])


# --- asking


async def show(turn: Turn, action: do.ShowQuestion) -> Screen:
    """A question; if it has been answered, what was said to it."""
    attempt = await learning.own_attempt(turn.conn, turn.resident, action.attempt)
    asked = learning_question(turn, attempt, action.position)
    if action.position in attempt.answers:
        return await answer(turn, do.Answer(attempt.id, action.position, attempt.answers[action.position].chosen))
    if action.picked and read_choice(action.picked, options=len(asked.options)) is None:
        raise StaleAction
    return question_screen(asked, attempt, action.position, action.picked)


def question_screen(asked: Question, attempt: Attempt, position: int, picked: str = "") -> Screen:
    """One question: its text, the options with letters, and the buttons to choose them."""
    order = learning.option_order(asked, attempt)
    blocks: list[Block] = [
        say(
            "quiz.question",
            number=position + 1,
            count=len(attempt.questions),
            text=Plain(asked.text),
            how=say(f"quiz.how.{asked.kind.value}"),
        )
    ]
    if asked.exhibit:
        shown = asked.exhibit
        blocks.append(say(f"exhibit.{shown.kind.value}", sender=Plain(shown.sender), text=Plain(shown.text)))
    fixed = asked.kind in FIXED_CHOICES
    legend = (
        ()
        if fixed
        else tuple(
            say("quiz.option", letter=_letter(place), text=option_text(asked, option))
            for place, option in enumerate(order)
        )
    )
    return Screen(
        blocks=tuple(blocks),
        legend=legend,
        rows=(*_choices(asked, attempt.id, position, order, picked), MENU),
        here=do.ShowQuestion(attempt.id, position, picked),
    )


def option_text(asked: Question, option: int) -> Block:
    """An option's words: its own, or the fixed ones of its kind."""
    if asked.kind in FIXED_CHOICES:
        return say(FIXED_CHOICES[asked.kind][option])
    return Plain(asked.options[option].text or {})


def _choices(asked: Question, attempt: int, position: int, order: tuple[int, ...], picked: str) -> tuple[Row, ...]:
    match asked.kind:
        case QuestionKind.TRUE_FALSE | QuestionKind.SCAM:
            return (
                tuple(Button(option_text(asked, place), do.Answer(attempt, position, str(place))) for place in order),
            )
        case QuestionKind.SINGLE:
            return (
                tuple(
                    _lettered(asked, place, option, do.Answer(attempt, position, str(option)))
                    for place, option in enumerate(order)
                ),
            )
        case QuestionKind.MULTIPLE:
            return _several(asked, attempt, position, order, picked)
        case QuestionKind.ORDERING:
            return _in_order(asked, attempt, position, order, picked)


def _letter(place: int) -> Plain:
    return Plain({DEFAULT_LANGUAGE: LETTERS[place]})


def _lettered(asked: Question, place: int, option: int, action: do.Action, key: str = "quiz.letter") -> Button:
    letter, text = _letter(place), option_text(asked, option)
    return Button(say(key, letter=letter), action, full=say(f"{key}.full", letter=letter, text=text))


def _several(asked: Question, attempt: int, position: int, order: tuple[int, ...], picked: str) -> tuple[Row, ...]:
    boxes = []
    for place, option in enumerate(order):
        digit = str(option)
        on = digit in picked
        after = picked.replace(digit, "") if on else "".join(sorted(picked + digit))
        key = "quiz.letter.on" if on else "quiz.letter.off"
        boxes.append(_lettered(asked, place, option, do.ShowQuestion(attempt, position, after), key))
    done = (button("quiz.done", do.Answer(attempt, position, picked)),) if picked else ()
    return (tuple(boxes), *((done,) if done else ()))


def _in_order(asked: Question, attempt: int, position: int, order: tuple[int, ...], picked: str) -> tuple[Row, ...]:
    left = []
    for place, option in enumerate(order):
        if str(option) in picked:
            continue
        after = picked + str(option)
        whole = len(after) == len(order) - 1  # the last one has only one place to go
        last = next(str(one) for one in order if str(one) not in after) if whole else ""
        action = do.Answer(attempt, position, after + last) if whole else do.ShowQuestion(attempt, position, after)
        left.append(_lettered(asked, place, option, action))
    letters = {str(option): LETTERS[place] for place, option in enumerate(order)}
    so_far = say("quiz.so_far", letters=" → ".join(letters[digit] for digit in picked))
    again = ((Button(so_far, do.ShowQuestion(attempt, position)),),) if picked else ()
    return (tuple(left), *again)


# --- answering


async def answer(turn: Turn, action: do.Answer) -> Screen:
    """Why the answer fits or does not, the source, and the way on."""
    attempt = await learning.own_attempt(turn.conn, turn.resident, action.attempt)
    marked = await learning.answer(turn.conn, turn.library, attempt, action.position, action.chosen, now=turn.now)
    return feedback_screen(turn, marked)


def feedback_screen(turn: Turn, marked: learning.Marked) -> Screen:
    """What is said to an answer, with the tip that teaches it."""
    attempt, position = marked.attempt, marked.position
    rows: list[Row] = [(way_on(attempt, position),)]
    if tip := turn.library.tips.get(marked.question.tip):
        rows.append((Button(say("quiz.tip", title=Plain(tip.title)), do.ShowTip(tip.id, attempt.id)),))
    return Screen(
        blocks=(*reasons(marked), source_line(marked.question.source)),
        rows=(*rows, MENU),
        here=do.Answer(attempt.id, position, marked.given.chosen),
    )


def reasons(marked: learning.Marked) -> list[Block]:
    """The reason for the chosen answer; for any other than the right one, also what is right and why."""
    asked, given = marked.question, marked.given
    chosen = [asked.options[int(digit)] for digit in given.chosen]
    whole = asked.kind in (QuestionKind.MULTIPLE, QuestionKind.ORDERING)
    reason = Markdown(asked.explanation if whole else chosen[0].feedback)
    if given.right:
        return [say("quiz.right", reason=reason)]
    lead = say("quiz.other.whole" if whole else "quiz.other", reason=reason)
    blocks: list[Block] = [lead, say("quiz.answer", answer=_right_answer(asked))]
    if asked.kind is QuestionKind.MULTIPLE:
        strays = [option.feedback for option in chosen if not option.right]
        return [*blocks, *(Markdown(feedback) for feedback in strays)]
    return blocks if asked.kind is QuestionKind.ORDERING else [*blocks, Markdown(asked.explanation)]


def _right_answer(asked: Question) -> Block:
    places = sorted(asked.right)
    joined: Block = option_text(asked, places[0])
    key = "quiz.then" if asked.kind is QuestionKind.ORDERING else "quiz.and"
    for place in places[1:]:
        joined = say(key, first=joined, second=option_text(asked, place))
    return joined


def way_on(attempt: Attempt, position: int) -> Button:
    """The next question without an answer, or the result."""
    if attempt.next_position is None:
        return button("quiz.result", do.ShowResult(attempt.id))
    following = next(
        (place for place in range(position + 1, len(attempt.questions)) if place not in attempt.answers),
        attempt.next_position,
    )
    label = say("quiz.next", number=following + 1, count=len(attempt.questions))
    return Button(label, do.ShowQuestion(attempt.id, following))


# --- the result


async def result(turn: Turn, action: do.ShowResult) -> Screen:
    """How it went and what to read next; under the very first result, once, the opt-in."""
    attempt = await learning.own_attempt(turn.conn, turn.resident, action.attempt)
    if attempt.finished_at is None:
        return await go_on(turn, attempt)
    lead = say("quiz.score", n=len(attempt.questions), score=attempt.score, gain=_most_to_gain(turn, attempt))
    if not action.asked and await _offer_opt_in(turn, attempt):
        return Screen(
            blocks=(lead, say("consent.offer")),
            rows=(*consent_row(turn, attempt.id), (button("done", do.ShowResult(attempt.id, asked=True)),)),
            here=do.ShowResult(attempt.id),
        )
    return Screen(blocks=(lead,), rows=(*_afterwards(turn, attempt), MENU), here=do.ShowResult(attempt.id, asked=True))


async def _offer_opt_in(turn: Turn, attempt: Attempt) -> bool:
    """Whether this result carries the opt-in: the first one does, and shown again it does again; no other ever."""
    if not turn.resident.can_be_written_to:
        return False
    if turn.resident.consent_asked_at is None:
        await turn.change_resident(consent_asked_at=attempt.finished_at)
    return turn.resident.consent_asked_at == attempt.finished_at


def _most_to_gain(turn: Turn, attempt: Attempt) -> Phrase:
    tips = learning.read_next(turn.library, attempt, 1)
    topic = turn.library.programme.topics.get(tips[0].topic) if tips else None
    return say("quiz.gain", topic=Plain(topic.name)) if topic else say("quiz.all_right")


def _afterwards(turn: Turn, attempt: Attempt) -> list[Row]:
    rows: list[Row] = []
    if attempt.missed:
        rows.append((Button(say("quiz.repeat", n=len(attempt.missed)), do.RepeatMissed(attempt.id)),))
    rows += column(
        Button(say("quiz.tip", title=Plain(tip.title)), do.ShowTip(tip.id))
        for tip in learning.read_next(turn.library, attempt)
    )
    share = (button("quiz.share", do.ShareQuiz(attempt.quiz)),) if attempt.quiz else ()
    rows.append((button("quiz.another", do.Quizzes()), *share))
    return rows
