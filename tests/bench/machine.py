"""The machine: its cores, who works on which, and how much memory and CPU a process takes."""

import os
import platform
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MIB = 1024 * 1024
_RESET_PEAK = "5"


def cores() -> tuple[int, int] | None:
    """One core for what is measured and one for the Bot API; None where processes cannot be bound, or there is one."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    ours = sorted(os.sched_getaffinity(0))
    return (ours[0], ours[-1]) if len(ours) > 1 else None


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Bind this process to a core for the block, with the threads and processes it starts there."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def be_prompt() -> None:
    """Let this process go before all others, where that is allowed: its instants must not be those of a queue."""
    if hasattr(os, "sched_setscheduler"):
        with suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def about() -> str:
    """The machine in a line, and whether it had other work: its load of the last minute."""
    bound = "measured process and Bot API bound to a core each" if cores() else "nothing is bound to a core"
    load = f"load {os.getloadavg()[0]:.1f} before"
    return f"{_model()}, {os.cpu_count()} cores, {load}; Python {platform.python_version()}; {bound}"


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def cpu_s() -> float:
    """CPU seconds of this process so far, in all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cpu_s_of(pid: int) -> float:
    """CPU seconds of another process so far, in all its threads; 0 where there is no /proc."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def forget_peak() -> None:
    """Let the peak of memory begin anew, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK, encoding="ascii")
    except OSError:
        return


def peak_bytes() -> int:
    """The most memory this process has held: since `forget_peak` where there is /proc, else since its start."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
