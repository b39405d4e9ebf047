"""Codes that people read out and type, and the one under every message we send unasked.

A message's code is the number of its run and a mark that only the city's key can make, such as `1042-k3m9p`: one for
everybody whom the run reaches, so that it says nothing of any of them, and nothing has to be stored to know it again.
"""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""For codes that are read out and typed: without letters that look like others."""
MARK_LENGTH = 5
LARGEST_RUN = 2**31 - 1

_DIGITS = str.maketrans("oоil", "0011")
"""What is typed for a digit; the second letter is Cyrillic."""
_NUMBER = r"(?P<run>[0-9oоil]{1,12})"
_MARK = rf"(?P<mark>[{LETTERS}]{{{MARK_LENGTH}}})"
_ALONE = re.compile(rf"(?:(?:kod|code|код):?)?{_NUMBER}-?{_MARK}\.?")
_WITHIN = re.compile(rf"(?<!\w){_NUMBER}\s?-\s?{_MARK}(?!\w)")
_DASHES = re.compile(r"[‐‑‒–—−]")


@dataclass(frozen=True, slots=True)
class Code:
    """A code as it was read; whether it is one of ours is another question."""

    run: int
    mark: str

    def __str__(self) -> str:
        return f"{self.run}-{self.mark}"


def code_of(key: bytes, run: int) -> Code:
    """The code of a run's messages."""
    number = int.from_bytes(hmac.digest(key, str(run).encode(), hashlib.sha256))
    mark = ""
    for _ in range(MARK_LENGTH):
        number, place = divmod(number, len(LETTERS))
        mark += LETTERS[place]
    return Code(run, mark)


def is_ours(key: bytes, code: Code) -> bool:
    """Whether the mark was made with this key; takes the same time whatever is wrong with it."""
    return hmac.compare_digest(code_of(key, code.run).mark, code.mark)


def read_code(text: str) -> Code | None:
    """The code in a text, however it is written: alone, in any case, spaced out, without its dash, `o` for `0`.

    Of a whole message that was pasted the last one counts, for it stands at the end.
    """
    text = _DASHES.sub("-", unicodedata.normalize("NFKC", text).lower())
    alone = _ALONE.fullmatch("".join(text.split()))
    found = [alone] if alone else list(_WITHIN.finditer(text))
    if not found:
        return None
    run = int(found[-1]["run"].translate(_DIGITS))
    return Code(run, found[-1]["mark"]) if 0 < run <= LARGEST_RUN else None
