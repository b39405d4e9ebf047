"""A million residents written into the ledger: `python -m tests.bench.million FOLDER fill|open`."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import machine, product
from tests.bench.figures import median
from tests.bench.report import Section, at_most

PEOPLE = 1_000_000
ROUNDS = 3
SECONDS, MEBIBYTES = 2.0, 50.0
NOBODY = {"languages": ["none"]}


def measure() -> list[Section]:
    """Each round in a process and a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        _start(Path(folder) / "full", "fill")
        taken = [_round(Path(folder), number) for number in range(ROUNDS)]
    rows = [
        (f"{one['audience']:,.0f}", f"{one['seconds']:.2f} s", f"{one['cpu_s']:.2f} s", f"{one['mib']:.1f} MiB")
        for one in taken
    ]
    return [
        Section(
            "A million residents into the ledger, SQLite",
            ("audience", "time", "CPU", "more memory at the peak"),
            tuple(rows),
            (
                at_most("time, the middle one", median([one["seconds"] for one in taken]), SECONDS, "s"),
                at_most("memory, the highest", max(one["mib"] for one in taken), MEBIBYTES, "MiB", digits=1),
            ),
            (
                "From the transaction's begin to its commit, consent and weekly cap looked at for each. Memory is the "
                "peak of the process over what it held before.",
            ),
        )
    ]


def _round(folder: Path, number: int) -> dict[str, float]:
    copy = folder / str(number)
    shutil.copytree(folder / "full", copy)
    taken: dict[str, float] = json.loads(_start(copy, "open"))
    shutil.rmtree(copy)
    return taken


def _start(folder: Path, what: str) -> str:
    cores = machine.cores()
    command = [sys.executable, "-m", "tests.bench.million", str(folder), what]
    with machine.on_core(cores[0] if cores else None):
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


async def fill(folder: Path) -> dict[str, float]:
    """Make the residents."""
    async with product.house_in(folder) as house, house.database.begin() as conn:
        await product.fill(conn, PEOPLE, house.clock())
    return {}


async def open_run(folder: Path) -> dict[str, float]:
    """Open a run to everybody, after one to nobody that has loaded what it takes."""
    async with product.house_in(folder) as house:
        async with house.database.begin() as conn:
            await product.open_run(conn, house.clock(), key="nobody", audience=NOBODY)
        machine.forget_peak()
        before, begun, cpu = machine.peak_bytes(), time.perf_counter(), machine.cpu_s()
        async with house.database.begin() as conn:
            run = await product.open_run(conn, house.clock(), key="everybody")
        seconds, cpu_s = time.perf_counter() - begun, machine.cpu_s() - cpu
        more = machine.peak_bytes() - before
    return {"audience": run.audience, "seconds": seconds, "cpu_s": cpu_s, "mib": more / machine.MIB}


def main() -> None:
    """Do what is asked, print what it took."""
    folder, what = Path(sys.argv[1]), sys.argv[2]
    sys.stdout.write(json.dumps(product.run({"fill": fill, "open": open_run}[what](folder))))


if __name__ == "__main__":
    main()
