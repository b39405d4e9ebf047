"""Whether the library holds what its programme promises (`aims` in `programme.yaml`)."""

from collections.abc import Iterator

from bot.catalogue.documents import Content
from bot.catalogue.problems import Problem
from bot.domain.areas import Area


def problems(content: Content) -> Iterator[Problem]:
    """What there is too little of."""
    if content.programme is None:
        return
    aims = content.programme.item.aims
    for aim, what, there in _counts(content):
        wanted: int = getattr(aims, aim)
        if there < wanted:
            message = f"{what}: {there} of at least {wanted}; write more, or lower the aim"
            yield content.programme.problem(message, "aims", aim)


def _counts(content: Content) -> Iterator[tuple[str, str, int]]:
    quizzes = [document.item for document in content.quizzes.values()]
    tips = [document.item for document in content.tips.values()]
    for area in Area:
        yield "quizzes", f"quizzes in {area.value}", sum(quiz.area is area for quiz in quizzes)
        yield "tips", f"tips in {area.value}", sum(tip.area is area and not tip.steps for tip in tips)
        measured = (survey.item for survey in content.surveys.values() if survey.item.area is area)
        yield "measured", f"measuring questions in {area.value}", sum(len(survey.questions) for survey in measured)
    yield "questions", "questions", sum(len(quiz.questions) for quiz in quizzes)
    yield "cards", "cards", sum(bool(tip.steps) for tip in tips)
    pairs = sum(bool(question.pair) for quiz in quizzes for question in quiz.questions) // 2
    yield "pairs", "pairs of a scam and a genuine message", pairs
    templates = sum(bool(campaign.item.dates) for campaign in content.campaigns.values())
    yield "templates", "campaign templates with dates", templates
