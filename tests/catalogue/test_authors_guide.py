"""The pages for authors tell every field and limit, and their example is good."""

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from bot.catalogue import programme, schema
from bot.catalogue.campaigns import room
from bot.catalogue.rules.plain import LIMITS, USUAL
from bot.catalogue.schema import Item, Quiz
from bot.catalogue.source import parse, value
from bot.domain.areas import AgeBand, Area, Audience, Season
from bot.domain.residents import Writable
from tests import support

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "content.md").read_text(encoding="utf-8")
MODELS: dict[str, type[Item]] = {
    model.__name__: model
    for module in (schema, programme)
    for _, model in inspect.getmembers(module, inspect.isclass)
    if issubclass(model, Item) and model is not Item
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_every_field_is_told(model: type[Item]) -> None:
    (section,) = re.findall(rf"^### {model.__name__}\n(.*?)(?=^##)", GUIDE, re.MULTILINE | re.DOTALL)
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(model.model_fields)


@pytest.mark.parametrize(
    "word",
    [*Area, *Audience, *Season, *Writable, *schema.QuestionKind, *schema.ExhibitKind, *schema.CampaignKind],
)
def test_every_choice_is_told(word: str) -> None:
    assert f"`{word}`" in GUIDE


@pytest.mark.parametrize("age", AgeBand)
def test_every_age_is_told(age: AgeBand) -> None:
    assert f'`"{age}"`' in GUIDE


def test_the_room_under_a_picture_is_told() -> None:
    shown = support.campaign(picture={"file": "x.png", "alt": support.texts("x")})
    assert f"`picture` at most {room(shown)} characters fit" in GUIDE


def test_the_example_is_a_quiz() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert Quiz.model_validate(value(parse(example.encode()))).id == "my-quiz"


def test_every_longest_text_is_told() -> None:
    told = re.findall(r"^\| .+ \| (\d+) \|$", GUIDE, re.MULTILINE)
    kinds = (schema.Label, schema.Name, schema.Title, schema.Choice, schema.Line, schema.Reason, schema.Text)
    assert [int(limit) for limit in told] == [get_args(kind)[-1].func.limit for kind in kinds]


@pytest.mark.parametrize("page", ["authors.md", "autorzy.md"])
def test_every_limit_of_plain_language_is_told(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    told = {(float(index), int(words)) for index, words in re.findall(r"^\| .+ \| (\d+) \| (\d+)", text, re.MULTILINE)}
    assert told == {(limit.index, limit.sentence) for limit in (USUAL, *LIMITS.values())}


@pytest.mark.parametrize("page", ["authors.md", "autorzy.md"])
def test_a_guide_is_one_page(page: str) -> None:
    assert len((DOCS / page).read_text(encoding="utf-8").splitlines()) <= 70
