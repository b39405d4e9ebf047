"""What is wrong with the content, and where: the one shape of every complaint."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import BotError


class Severity(StrEnum):
    """Whether the content can be used all the same."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to put right."""

    file: str
    """The path, as it is shown to people."""
    line: int
    """From 1, as editors count; 0 speaks of the whole file."""
    column: int
    message: str
    """What is wrong and what to do about it."""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.message}"


class ContentError(BotError):
    """The content cannot be used as it is."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
