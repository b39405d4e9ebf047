"""A long list of quizzes comes a screenful at a time, and every one of them can be reached."""

from dataclasses import replace

import pytest

from bot.catalogue.library import Library
from bot.dialogue.scenes.quiz import PAGE
from bot.domain import actions as do
from tests.dialogue.world import World, buttons


def with_quizzes(library: Library, count: int) -> Library:
    one = next(quiz for quiz in library.quizzes.values() if quiz.area == "cyber")
    made = {f"quiz-{number:02}": one.model_copy(update={"id": f"quiz-{number:02}"}) for number in range(count)}
    return replace(library, quizzes=made)


@pytest.mark.parametrize("count", [1, PAGE, PAGE + 1, 2 * PAGE + 3])
async def test_every_quiz_is_on_one_page(world: World, count: int) -> None:
    world.shelf.put(with_quizzes(world.library, count))
    person = world.person()
    seen: list[str] = []
    page: do.Action | None = do.QuizArea("cyber")
    way: list[do.Action] = []
    while page:
        way.append(page)
        actions = [button.action for button in buttons(await person.does(page))]
        here = [action.quiz for action in actions if isinstance(action, do.QuizIntro)]
        assert 1 <= len(here) <= PAGE
        seen += here
        back = do.QuizArea("cyber", page=len(way) - 2) if len(way) > 1 else do.Quizzes()
        assert back in actions
        page = next((action for action in actions if action == do.QuizArea("cyber", page=len(way))), None)
    assert seen == [f"quiz-{number:02}" for number in range(count)]


async def test_a_page_that_is_no_more_is_a_stale_button(world: World) -> None:
    screen = await world.person().does(do.QuizArea("cyber", page=9))
    assert not any(isinstance(button.action, do.QuizIntro) for button in buttons(screen))
