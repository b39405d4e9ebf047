"""The README's quiz in one file goes onto the shelf as it stands there."""

import re
import shutil
from pathlib import Path

from bot.catalogue.check import check
from bot.catalogue.loader import Reader
from tests.support import CONTENT, NOON

README = (CONTENT.parent / "README.md").read_text(encoding="utf-8")


def test_the_example_can_be_added_as_it_stands(tmp_path: Path) -> None:
    content = tmp_path / "content"
    shutil.copytree(CONTENT, content)
    (example,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (content / "quizzes" / "czajnik.yaml").write_text(example, encoding="utf-8")
    reader = Reader(content)
    assert "czajnik" in reader.load().quizzes
    assert not [str(problem) for problem in check(reader.read(), NOON.date()) if "czajnik" in str(problem)]
