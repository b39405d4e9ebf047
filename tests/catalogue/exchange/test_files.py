"""Which files are read, and which are refused before anything is made of them."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from bot.catalogue.exchange.files import LARGEST, open_foreign
from bot.catalogue.exchange.formats import READERS, Format, guess
from bot.catalogue.problems import ContentError
from tests.catalogue.exchange.make import foreign

GIFT = "Skąd czad? {=piec ~łyżka}\n"


def refused(file: Path) -> str:
    with pytest.raises(ContentError) as caught:
        open_foreign(file)
    (problem,) = caught.value.problems
    return str(problem).removeprefix(f"{file}:").removeprefix(" ")


def write(folder: Path, content: bytes, name: str = "quiz.gift") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("bomb.txt", b"\0" * 2_000_000)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_with_no_doubt_are_read(tmp_path: Path, encoding: str) -> None:
    assert open_foreign(write(tmp_path, GIFT.encode(encoding))).text == GIFT


def test_every_end_of_line_is_one(tmp_path: Path) -> None:
    assert open_foreign(write(tmp_path, b"a\r\nb\rc\n\x0bd")).text == "a\nb\nc\n d"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\nSk\xb9d czad?", "2: this is not UTF-8 (it may be Windows-1250); save it as UTF-8"),
        (b"\xff\xfe\x00\xd8x", "1: this is not UTF-16 throughout; save it as UTF-8"),
        (GIFT.encode("utf-32"), "1: this is not UTF-8 (it may be Windows-1250); save it as UTF-8"),
        (b"a\n\0b", "2: a NUL character stands here, as in files that are no text; export the file again"),
        (a_zip(), "this is a zip archive or an Office document, and only text is read; export the questions as GIFT"),
        (gzip.compress(b"x", mtime=0), "this is a gzip archive (a Moodle backup is one), and only text is read"),
        (b"\xd0\xcf\x11\xe0old", "this is an old Office document, and only text is read"),
        (b"%PDF-1.7", "this is a PDF, and only text is read"),
    ],
)
def test_what_cannot_be_text_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    assert refused(write(tmp_path, content)).startswith(words)


@pytest.mark.parametrize(("size", "said"), [(50_000_000, "50.0 MB"), (2**42, "4398046.5 MB")])
def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path, size: int, said: str) -> None:
    """The second is a hole of four terabytes on the disk: whoever read it would run out of memory."""
    file = tmp_path / "quiz.xml"
    with file.open("wb") as opened:
        opened.truncate(size)
    assert refused(file).startswith(f"the file has {said}; at most 5 MB are read")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == "this is no file; name one"
    assert refused(tmp_path / "none.csv") == "this is no file; name one"


@pytest.mark.parametrize(
    ("name", "text", "to"),
    [
        ("a.gift", "", Format.GIFT),
        ("a.xml", "", Format.MOODLE_XML),
        ("a.CSV", "", Format.CSV),
        ("a.txt", "\ufeff<?xml version='1.0'?><quiz/>", Format.MOODLE_XML),
        ("a.txt", "What? {=a ~b}", Format.GIFT),
    ],
)
def test_a_format_is_known_by_name_or_beginning(name: str, text: str, to: Format) -> None:
    assert guess(foreign(text, name)) is to


def test_a_format_that_cannot_be_known_is_asked_for() -> None:
    with pytest.raises(ContentError, match="add --format gift, moodle-xml, csv"):
        guess(foreign("text", "a.txt"))


@pytest.mark.parametrize("to", READERS)
@pytest.mark.parametrize(
    "piece", ["a", "{", "}", "{=", "~", "<", "<quiz>", '"', ",", ";\n", "\\", "\n", "::", "[tag:", "%5", "'"]
)
@pytest.mark.timeout(60)  # about two seconds at most; what takes the square of its length would take days
def test_five_megabytes_of_anything_end_in_an_error_and_soon(to: Format, piece: str) -> None:
    file = foreign(piece * (LARGEST // len(piece)), f"quiz.{to}")
    with pytest.raises(ContentError):
        READERS[to](file, "pl")
