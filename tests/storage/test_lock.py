import subprocess
import sys
from pathlib import Path

import pytest

from bot.storage.lock import AlreadyRunning, hold

HOLDER = """
import sys, pathlib
from bot.storage.lock import hold
with hold(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "data" / "bot.lock"
    with hold(path), pytest.raises(AlreadyRunning, match="Stop it first"), hold(path):
        pass
    with hold(path):
        pass


def test_an_exception_lets_go(tmp_path: Path) -> None:
    with pytest.raises(KeyError), hold(tmp_path / "bot.lock"):
        raise KeyError
    with hold(tmp_path / "bot.lock"):
        pass


def test_another_process_is_kept_out_until_this_one_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "bot.lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning), hold(path):
            pass
        holder.kill()
        holder.wait()
        with hold(path):
            pass
