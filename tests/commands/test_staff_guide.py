"""The staff's guide says what is true: its files are accepted, and it names every command."""

import re
from pathlib import Path

import pytest

from bot.catalogue import loader
from bot.catalogue.schema import AudienceFilter
from bot.catalogue.schema import Campaign as Content
from bot.commands import campaign, quiz, staff, workshop
from bot.services import workshops
from bot.storage.staff import Role
from scheduler.model import DeliveryState
from tests.support import CONTENT

GUIDE = (CONTENT.parent / "docs" / "staff.md").read_text(encoding="utf-8")
FILES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
GROUPS = {"staff": staff.app, "campaign": campaign.app, "workshop": workshop.app, "quiz": quiz.app}


def commands() -> list[str]:
    return [
        f"bezpieczny {name} {command.name or (command.callback and command.callback.__name__)}"
        for name, group in GROUPS.items()
        for command in group.registered_commands
    ] + ["bezpieczny demo", "bezpieczny report"]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    written = [tmp_path / f"{number}.yaml" for number in range(len(FILES))]
    for file, text in zip(written, FILES, strict=True):
        file.write_text(text, encoding="utf-8")
    return written


def test_its_campaign_is_accepted_and_leads_to_what_is_there(files: list[Path]) -> None:
    content = loader.read_item(files[0], Content).item

    assert set(content.text) == {"pl", "uk", "en"}
    for button in content.buttons:
        folder, slug = ("tips", button.tip) if button.tip else ("quizzes", button.quiz)
        assert (CONTENT / folder / f"{slug}.yaml").exists()


def test_its_workshop_is_accepted(files: list[Path]) -> None:
    assert workshops.read_file(files[1]).capacity == 20


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_it(command: str) -> None:
    assert re.search(rf"{command}\b", GUIDE)


def test_every_field_role_and_outcome_is_in_it() -> None:
    fields = {*Content.model_fields, *AudienceFilter.model_fields} - {"dates"}  # dates are the templates' own
    words = {*fields, *(role.value for role in Role), *(state.value.replace("_", " ") for state in DeliveryState)}

    assert {word for word in words if word not in GUIDE} == set()


def test_the_template_it_names_is_there() -> None:
    for name in re.findall(r"--template (\S+)", GUIDE):
        assert (CONTENT / "campaigns" / f"{name}.yaml").exists()
