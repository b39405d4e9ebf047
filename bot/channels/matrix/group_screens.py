"""What is shown in rooms of several: a question as a poll, what came out, and single lines."""

from string import ascii_uppercase

from bot.catalogue.schema import FIXED_CHOICES, Question
from bot.catalogue.words import Words
from bot.channels.matrix import polls, render
from bot.channels.matrix.render import Content
from bot.dialogue.scenes.question import option_text
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.messages import Block, Markdown, Plain, Screen, say
from bot.services import room_quiz
from bot.services.blocks import source_line, together
from bot.services.classroom import FEWEST_SHOWN
from bot.services.room_quiz import Tally
from bot.storage.room_polls import Poll


def question(poll: Poll, asked: Question, words: Words) -> Content:
    """The question as a poll whose votes nobody is shown before it ends, in the thread it was asked for in."""
    blocks: list[Block] = [Plain(asked.text)]
    if shown := asked.exhibit:
        blocks.append(say(f"exhibit.{shown.kind.value}", sender=Plain(shown.sender), text=Plain(shown.text)))
    minutes = round(room_quiz.OPEN_FOR.total_seconds() / 60)
    blocks.append(say("room.closes", n=minutes))
    answers = [
        (str(option), words.label(_option(asked, place, option), poll.language))
        for place, option in enumerate(room_quiz.options_of(poll, asked))
    ]
    said = render.text(Screen(tuple(blocks)), poll.language, words)
    return _placed(polls.room_poll(said, answers, disclosed=False), poll.thread)


def result(poll: Poll, tally: Tally, words: Words) -> Content:
    """What came out: in numbers only where there are enough, and always what is right and why."""
    asked = tally.question
    options = {option: _option(asked, place, option) for place, option in enumerate(room_quiz.options_of(poll, asked))}
    split = [say("room.split", answer=label, n=tally.counts[option]) for option, label in options.items()]
    counted = [say("room.answered", n=tally.voters), *together(split)]
    blocks: list[Block] = counted if tally.shown else [say("room.too_few", n=FEWEST_SHOWN)]
    (right,) = asked.right
    blocks += [
        say("quiz.answer", answer=options[right]),
        Markdown(asked.explanation),
        source_line(asked.source),
        say("room.again"),
    ]
    return notice(blocks, poll.language, words, poll.thread)


def notice(blocks: list[Block], language: str, words: Words, thread: str | None = None) -> Content:
    """Words alone."""
    return _placed(render.message(Screen(tuple(blocks)), language, words).content, thread)


def _option(asked: Question, place: int, option: int) -> Block:
    """An option's words, with a letter to speak of it where its words are not fixed."""
    text = option_text(asked, option)
    if asked.kind in FIXED_CHOICES:
        return text
    return say("quiz.letter.full", letter=Plain({DEFAULT_LANGUAGE: ascii_uppercase[place]}), text=text)


def _placed(content: Content, thread: str | None) -> Content:
    return render.in_thread(content, thread) if thread else content
