import asyncio
from pathlib import Path

import pytest

from bot import running
from bot.domain.roles import EVERYTHING, Role, UnknownRole, roles_of
from bot.settings import load


@pytest.mark.parametrize(
    ("words", "roles"),
    [
        ("web", {Role.WEB}),
        ("deliver,plan", {Role.DELIVER, Role.PLAN}),
        ("plan, matrix,deliver ,web", EVERYTHING),
        (",".join(Role), EVERYTHING),
    ],
)
def test_roles_are_a_list_with_commas(words: str, roles: set[Role]) -> None:
    assert roles_of(words) == roles


@pytest.mark.parametrize("words", ["", "sing", "web,sing", "web deliver", "Web", "web,,plan"])
def test_an_unknown_role_is_one_line_that_names_the_known(words: str) -> None:
    with pytest.raises(UnknownRole) as refused:
        roles_of(words)
    assert "The roles are web, deliver, matrix, plan" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("roles", [{Role.WEB}, {Role.DELIVER, Role.PLAN}])
async def test_on_sqlite_nothing_is_shared_out(roles: set[Role], tmp_path: Path) -> None:
    settings = load({"BEZPIECZNY_DATA": str(tmp_path), "BEZPIECZNY_PORT": "0"})
    with pytest.raises(running.OnlyOneProcess) as refused:
        await running.run(settings, asyncio.Event(), lambda _: None, roles=roles)
    assert "BEZPIECZNY_DATABASE_URL" in str(refused.value)
    assert not list(tmp_path.iterdir()), "nothing was begun"
