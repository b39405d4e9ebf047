"""Everything can be come by: tips through quizzes, pictures through what shows them.

Quizzes are come by through tips as well, without a rule: each question names its tip, and a tip offers all its quizzes
one after another.
"""

from collections.abc import Iterator

from bot.catalogue.documents import Content
from bot.catalogue.library import trainers
from bot.catalogue.problems import Problem, Severity


def problems(content: Content) -> Iterator[Problem]:
    """Tips that no question teaches, pictures that nothing shows."""
    trained = trainers(document.item for document in content.quizzes.values())
    for name, tip in content.tips.items():
        if name not in trained:
            yield tip.problem("no question names this tip; let one of a quiz's questions teach it", "id")
    pictures = [tip.item.picture for tip in content.tips.values()]
    pictures += [campaign.item.picture for campaign in content.campaigns.values()]
    shown = {picture.file for picture in pictures if picture}
    for name in content.pictures.keys() - shown:
        yield Problem(str(content.folder / "pictures" / name), 0, 0, "nothing shows this picture", Severity.WARNING)
