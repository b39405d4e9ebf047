"""What must hold for the library to be usable at all: everything that is named is there."""

from collections.abc import Iterator, Mapping

from bot.catalogue.campaigns import named
from bot.catalogue.documents import Content, Document
from bot.catalogue.problems import Problem
from bot.catalogue.programme import Programme
from bot.catalogue.schema import Campaign, Quiz, Survey, Tip
from bot.domain.areas import DISTRICTS, Area

PNG = b"\x89PNG\r\n\x1a\n"
"""How such a picture begins."""


def broken_references(content: Content) -> Iterator[Problem]:
    """References to nothing, and names that stand for two things."""
    if content.programme:
        yield from _in_programme(content.programme, content)
        for tip in content.tips.values():
            yield from _in_tip(tip, content.programme.item)
    for quiz in content.quizzes.values():
        yield from _in_quiz(quiz, content.names["tips"])
    for survey in content.surveys.values():
        yield from _in_quiz(survey, content.names["tips"])
        yield from _in_survey(survey, content)
    for campaign in content.campaigns.values():
        yield from _in_campaign(campaign, content)
    for tip in content.tips.values():
        yield from picture_problems(tip, content.pictures)


def _in_programme(document: Document[Programme], content: Content) -> Iterator[Problem]:
    for index, card in enumerate(document.item.first_cards):
        if card not in content.names["tips"]:
            yield document.problem(_no_file("tips", card), "first_cards", index)
        elif (known := content.tips.get(card)) and not known.item.steps:
            yield document.problem(f"{card} is no card: it has no steps; name one that has", "first_cards", index)
    for area in Area:
        if area not in document.item.areas:
            yield document.problem(f"the area {area.value!r} is missing; add its name and what it is about", "areas")
    numbers = sorted(district.number for district in document.item.districts)
    if numbers != list(range(1, len(DISTRICTS) + 1)):
        yield document.problem(f"each district from 1 to {len(DISTRICTS)} should stand here once", "districts")


def _in_tip(document: Document[Tip], programme: Programme) -> Iterator[Problem]:
    tip = document.item
    topic = programme.topics.get(tip.topic)
    if topic is None:
        known = ", ".join(name for name, info in programme.topics.items() if info.area is tip.area)
        yield document.problem(f"there is no topic {tip.topic!r} in programme.yaml; use one of: {known}", "topic")
    elif topic.area is not tip.area:
        message = f"the topic {tip.topic!r} belongs to the area {topic.area.value!r}, the tip to {tip.area.value!r}"
        yield document.problem(f"{message}; change one of them", "topic")


def _in_quiz(document: Document[Quiz] | Document[Survey], tips: frozenset[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, question in enumerate(document.item.questions):
        if question.id in seen:
            message = (
                f"two questions have the id {question.id!r}; answers are stored under it, so give this one another"
            )
            yield document.problem(message, "questions", index, "id")
        seen.add(question.id)
        if question.tip not in tips:
            yield document.problem(_no_file("tips", question.tip), "questions", index, "tip")


def _in_survey(document: Document[Survey], content: Content) -> Iterator[Problem]:
    for index, question in enumerate(document.item.questions):
        quiz, place = question.parallel.quiz, ("questions", index, "parallel")
        if quiz not in content.names["quizzes"]:
            yield document.problem(_no_file("quizzes", quiz), *place, "quiz")
        elif (known := content.quizzes.get(quiz)) and all(
            one.id != question.parallel.question for one in known.item.questions
        ):
            message = f"{quiz} has no question {question.parallel.question!r}; name one that measures the same"
            yield document.problem(message, *place, "question")
        elif known and known.item.area is not document.item.area:
            yield document.problem(f"{quiz} is of another area; measure what this area teaches", *place, "quiz")


def picture_problems(document: Document[Tip] | Document[Campaign], pictures: Mapping[str, bytes]) -> Iterator[Problem]:
    """A picture that is not there, or is none."""
    picture = document.item.picture
    if picture is None:
        return
    if picture.file not in pictures:
        yield document.problem(f"there is no pictures/{picture.file}; put it there", "picture", "file")
    elif not pictures[picture.file].startswith(PNG):
        yield document.problem(f"pictures/{picture.file} is no PNG picture; save it as one", "picture", "file")


def _in_campaign(document: Document[Campaign], content: Content) -> Iterator[Problem]:
    for folder, name, where in named(document.item):
        if name not in content.names[folder]:
            yield document.problem(_no_file(folder, name), *where)
    yield from picture_problems(document, content.pictures)


def _no_file(folder: str, name: str) -> str:
    return f"there is no {folder}/{name}.yaml; write it, or name another"
