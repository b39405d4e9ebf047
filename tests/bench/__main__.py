"""`python -m tests.bench [PART …] [--write FILE]`: measure, print the tables, fail when a promise is broken.

Compare ratios within one run, not seconds between machines.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from bot.obs import configure_logging
from bot.wiring import utc_now
from tests.bench import console as pages
from tests.bench import content, machine, matrix, million, ontime, pacing, shared, speed, turns, where
from tests.bench.report import Section, markdown, put, show

PARTS: Mapping[str, Callable[[], list[Section]]] = {
    "speed": speed.measure,
    "pacing": pacing.measure,
    "shared": shared.measure,
    "audience": million.measure,
    "turns": turns.measure,
    "ontime": ontime.measure,
    "profile": where.measure,
    "matrix": matrix.measure,
    "library": content.measure,
    "console": pages.measure,
}
WIDTH = 130


def main() -> None:
    """Measure the parts asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}; all when none is named")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables into a page, in Markdown")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    configure_logging("console", "warning", sys.stderr)
    kept = [_measure(part, console, given.write) for part in given.parts or PARTS]
    sys.exit(not all(kept))


def _measure(part: str, console: Console, page: Path | None) -> bool:
    """Measure one part, show it, write it down; whether its promises are kept."""
    about = machine.about()
    console.print(f"{part}: {about}", markup=False, highlight=False, soft_wrap=True)
    sections = PARTS[part]()
    for section in sections:
        show(console, section)
    if page:
        text = "\n\n".join([f"{utc_now():%Y-%m-%d}: {about}.", *map(markdown, sections)])
        page.write_text(put(page.read_text(encoding="utf-8"), part, text), encoding="utf-8")
    return all(promise.kept for section in sections for promise in section.promises)


if __name__ == "__main__":
    main()
