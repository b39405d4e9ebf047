"""The guide says what is true: whoever runs the bot finds there each line that the log may warn them with."""

import re
from pathlib import Path

from bot.channels import matrix
from tests.support import CONTENT

GUIDE = (CONTENT.parent / "docs" / "matrix.md").read_text(encoding="utf-8")
CODE = "\n".join(file.read_text(encoding="utf-8") for file in sorted(Path(matrix.__file__).parent.glob("*.py")))
AWAY = {"matrix.unavailable", "matrix.available"}
"""Lines that all channels have (`channels.trouble`)."""


def logged(levels: str) -> set[str]:
    return set(re.findall(rf'_log\.(?:{levels})\(\s*"([a-z_.]+)"', CODE))


def test_every_warning_of_the_log_is_in_it() -> None:
    warnings = logged("warning|error")

    assert "matrix.off" in warnings
    assert {name for name in (*warnings, *AWAY) if f"`{name}`" not in GUIDE} == set()


def test_every_line_of_the_log_that_it_names_is_one() -> None:
    named = set(re.findall(r"`(matrix\.[a-z_]+)`", GUIDE))

    assert named - AWAY - logged("info|warning|error") == set()
