"""Files from elsewhere, read with care: small, no archives, one encoding, no characters that hide."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from bot.catalogue.problems import ContentError, Problem

LARGEST = 5_000_000
"""Bytes. Twenty questions in three languages are about 60 000; a course with pictures is much more, and not for us."""
ARCHIVES = {
    b"PK\x03\x04": "a zip archive or an Office document",
    b"PK\x05\x06": "a zip archive or an Office document",
    b"\x1f\x8b": "a gzip archive (a Moodle backup is one)",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"%PDF": "a PDF",
    b"SQLite format 3": "a database",
}
"""How files begin that hold no text; none of them is ever unpacked."""
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
"""They mean nothing in a text, and much to a terminal."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A text file from elsewhere; its lines end in `\\n`."""

    name: str
    text: str

    def error(self, line: int, message: str) -> ContentError:
        """One thing that stops the file from being read; the line counts from 1, and 0 is the whole file."""
        return ContentError([self.problem(line, message)])

    def problem(self, line: int, message: str) -> Problem:
        """One thing that is wrong with the file."""
        return Problem(self.name, line, 0, message)


def open_foreign(file: Path) -> Foreign:
    """Read a text file. Raises ContentError for what is too large, packed, or not in UTF-8 or UTF-16."""
    return decoded(str(file), _bytes(file))


def decoded(name: str, content: bytes) -> Foreign:
    """The text of a file's bytes. Raises ContentError for what is packed, or not in UTF-8 or UTF-16."""
    for magic, what in ARCHIVES.items():
        if content.startswith(magic):
            raise _error(name, 0, f"this is {what}, and only text is read; export the questions as GIFT, XML or CSV")
    text = _decode(name, content)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _error(name, line, "a NUL character stands here, as in files that are no text; export the file again")
    return Foreign(name, _CONTROLS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")))


def _bytes(file: Path) -> bytes:
    try:
        if not file.is_file():
            raise _error(file, 0, "this is no file; name one")
        if file.stat().st_size > LARGEST:
            raise _error(file, 0, _too_large(file.stat().st_size))
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise _error(file, 0, f"the file cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:  # it grew meanwhile
        raise _error(file, 0, _too_large(len(content)))
    return content


def _too_large(size: int) -> str:
    advice = "export fewer questions, without pictures"
    return f"the file has {size / 1e6:.1f} MB; at most {LARGEST / 1e6:.0f} MB are read; {advice}"


def _decode(file: str, content: bytes) -> str:
    if content.startswith(_UTF_16) and not content.startswith(codecs.BOM_UTF32_LE):
        encoding, advice = "utf-16", "this is not UTF-16 throughout; save it as UTF-8"
    else:
        encoding, advice = "utf-8-sig", "this is not UTF-8 (it may be Windows-1250); save it as UTF-8"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _error(file, content.count(b"\n", 0, error.start) + 1, advice) from error


def _error(file: Path | str, line: int, message: str) -> ContentError:
    return Foreign(str(file), "").error(line, message)
