"""The files that start, pin, pack and check the project fit one another."""

import ast
import fnmatch
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from bot.domain.roles import EVERYTHING, roles_of
from bot.settings import Settings, describe

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.lock", "requirements-image.lock", "tests/bench/peers.lock", "tests/matrix/synapse.lock")


def read_yaml(name: str) -> Any:
    return YAML(typ="safe").load(ROOT / name)


def pins(lock: str) -> dict[str, str]:
    """Each pinned package and all that is said of it: version, marker and hashes."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return {re.split(r"\[|==", line)[0]: " ".join(line.split()) for line in text.splitlines() if line.strip()}


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(requirement).name) for requirement in requirements}


class TestMake:
    def make(self, *arguments: str) -> str:
        make = shutil.which("make")
        if not make:
            pytest.skip("there is no make")
        command = [make, "--no-print-directory", *arguments]
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    def test_without_a_word_lists_what_there_is(self) -> None:
        listed = set(re.findall(r"make ([\w-]+)", self.make()))
        declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert declared
        assert listed == set(declared[1].split())
        assert {"run", "test", "check", "format", "bench", "demo", "lock"} <= listed

    @pytest.mark.parametrize("target", ["run", "test", "check"])
    def test_sets_everything_up_when_the_lock_is_newer(self, target: str) -> None:
        planned = self.make("--dry-run", "--assume-new=requirements.lock", target)
        for step in ("-m venv --clear .venv", "--require-hashes -r requirements.lock", "--editable ."):
            assert step in planned

    def test_checks_before_it_tests(self) -> None:
        planned = self.make("--dry-run", "test")
        steps = ["ruff check", "ruff format --check", "mypy", "lint-imports", "bezpieczny content check", "pytest"]
        places = [planned.index(step) for step in steps]
        assert places == sorted(places)

    def test_starts_only_modules_that_exist(self) -> None:
        for module in re.findall(r"python -m ([\w.]+)", (ROOT / "Makefile").read_text()):
            path = ROOT / module.replace(".", "/")
            assert module.partition(".")[0] != "tests" or path.is_dir() or path.with_suffix(".py").is_file()


class TestLocks:
    @pytest.mark.parametrize("lock", LOCKS)
    def test_every_line_is_pinned_with_hashes_and_names_no_address(self, lock: str) -> None:
        for pin in pins(lock).values():
            assert re.fullmatch(r"[a-z0-9-]+(\[[a-z0-9,]+\])?==[\w.]+( ; [^#]+?)?( --hash=sha256:[0-9a-f]{64})+", pin)
        assert not re.search(r"://|--(extra-)?index|--find-links", (ROOT / lock).read_text())

    def test_the_environment_has_what_the_project_asks_for(self) -> None:
        wanted = names(
            PROJECT["project"]["dependencies"]
            + PROJECT["dependency-groups"]["dev"]
            + PROJECT["build-system"]["requires"]
        )
        assert wanted <= pins("requirements.lock").keys()

    def test_the_image_has_the_same_without_the_tools(self) -> None:
        full, image = pins("requirements.lock"), pins("requirements-image.lock")
        assert names(PROJECT["project"]["dependencies"]) <= image.keys() < full.keys()
        assert {name: hashes(pin) for name, pin in image.items()} == {name: hashes(full[name]) for name in image}
        assert not image.keys() & {"pytest", "mypy", "ruff", "playwright", "uv"}


def hashes(pin: str) -> list[str]:
    return re.findall(r"==[\w.]+|sha256:\w+", pin)


class TestContinuousIntegration:
    def test_is_a_program_that_stops_at_the_first_error_and_calls_make_test(self) -> None:
        script = ROOT / ".ci" / "run"
        assert script.stat().st_mode & stat.S_IXUSR
        text = script.read_text()
        assert text.startswith("#!/usr/bin/env bash\n")
        assert "\nset -euo pipefail\n" in text
        assert text.endswith("\nmake test\n")

    def test_is_correct_bash(self) -> None:
        bash = shutil.which("bash")
        if not bash:
            pytest.skip("there is no bash")
        subprocess.run([bash, "-n", str(ROOT / ".ci" / "run")], check=True)

    def test_hooks_run_the_checks_of_make(self) -> None:
        makefile = (ROOT / "Makefile").read_text()
        hooks = [hook for repo in read_yaml(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
        ran = [hook["entry"].removeprefix(".venv/bin/").removesuffix(" --fix") for hook in hooks]
        assert len(ran) == 5
        assert all(f"$(BIN)/{command}" in makefile for command in ran)


def ignored(path: str) -> bool:
    """Whether the image's build leaves a path out: the last line that fits decides, as for a folder above it."""
    verdict = False
    above = [str(part) for part in (Path(path), *Path(path).parents)]
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if line and not line.startswith("#") and any(fnmatch.fnmatch(part, pattern) for part in above if part != "."):
            verdict = not line.startswith("!")
    return verdict


class TestImage:
    steps = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()

    def arguments(self, instruction: str) -> list[str]:
        return [line.partition(" ")[2] for line in self.steps if line.startswith(instruction + " ")]

    def test_copies_what_exists_and_is_not_left_out(self) -> None:
        copies = [shlex.split(line) for line in self.arguments("COPY") if not line.startswith("--from")]
        sources = [source for *sources, _ in copies for source in sources]
        assert {"bot", "scheduler", "content"} <= set(sources)
        for source in sources:
            assert (ROOT / source).exists()
            assert not ignored(source)

    def test_takes_no_secrets_no_data_and_no_tests(self) -> None:
        for path in (
            ".env",
            "data/secret.key",
            ".git/config",
            "tests/support.py",
            "bot/__pycache__/x.pyc",
            ".venv/bin",
        ):
            assert ignored(path)

    def test_does_not_run_as_root_and_keeps_its_data(self) -> None:
        assert self.arguments("USER") == ["bot"]
        assert self.arguments("VOLUME") == ["/data"]
        assert self.arguments("EXPOSE") == ["8080"]

    def test_sets_only_settings_that_exist(self) -> None:
        given = dict(re.findall(r"(BEZPIECZNY_\w+)=(\S+)", " ".join(self.arguments("ENV"))))
        assert given == {"BEZPIECZNY_DATA": "/data", "BEZPIECZNY_HOST": "0.0.0.0", "BEZPIECZNY_PORT": "8080"}  # noqa: S104 - inside the container
        assert given.keys() <= {setting.name for setting in describe()}

    def test_installs_by_hash(self) -> None:
        assert any("--require-hashes -r requirements-image.lock" in line for line in self.arguments("RUN"))

    def test_asks_after_its_health_with_what_it_has(self) -> None:
        check = next(line.strip() for line in self.steps if "CMD [" in line and "HEALTHCHECK" in line).partition(
            "CMD "
        )[2]
        python, option, code = YAML(typ="safe").load(check)
        assert (python, option) == ("python", "-c")
        environment = os.environ | {"BEZPIECZNY_PORT": "1"}  # noqa: TID251 - passed on to a child
        asked = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        assert asked.returncode == 1
        assert "refused" in asked.stderr

    def test_is_what_compose_runs(self) -> None:
        service = read_yaml("compose.yaml")["services"]["bot"]
        assert service["build"] == "."
        assert service["volumes"] == ["data:/data"]
        assert service["read_only"] is True
        assert service["restart"] == "unless-stopped"
        assert service["ports"] == [f"127.0.0.1:8080:{Settings().port}"]


class TestCompose:
    services: dict[str, Any] = read_yaml("compose.yaml")["services"]
    members: dict[str, Any] = {  # noqa: RUF012 - read, never changed
        name: service for name, service in services.items() if service.get("image") == "bezpieczny-krakow"
    }
    text = (ROOT / "compose.yaml").read_text() + (ROOT / "docs" / "operators.md").read_text()

    def test_one_process_is_what_there_is_unless_many_are_asked_for(self) -> None:
        assert [name for name, service in self.services.items() if "profiles" not in service] == ["bot"]
        assert all(service["profiles"] == ["many"] for name, service in self.services.items() if name != "bot")
        assert "command" not in self.services["bot"]

    def test_the_many_have_all_roles_among_them(self) -> None:
        shared_out: list[str] = []
        for name, service in self.members.items():
            if name == "bot":
                continue
            command, option, roles = service["command"]
            assert (command, option) == ("run", "--roles")
            shared_out += roles_of(roles)
            assert service["depends_on"] == {"postgres": {"condition": "service_healthy"}}
        assert sorted(shared_out) == sorted(EVERYTHING), "each role once"

    def test_every_process_is_as_confined_and_as_patient_as_the_one(self) -> None:
        for service in self.members.values():
            for what in (
                "read_only",
                "cap_drop",
                "security_opt",
                "stop_grace_period",
                "restart",
                "logging",
                "env_file",
            ):
                assert service[what] == self.services["bot"][what]
        server = self.services["postgres"]
        assert (server["read_only"], server["cap_drop"], server["user"]) == (True, ["ALL"], "postgres")
        assert server["healthcheck"]["test"][1] == "pg_isready"

    def test_no_port_is_open_to_the_world_and_no_secret_is_written_down(self) -> None:
        ports = [port for service in self.services.values() for port in service.get("ports", ())]
        assert ports
        assert all(port.startswith("127.0.0.1:") for port in ports)
        assert self.services["postgres"]["environment"]["POSTGRES_PASSWORD"] == "${POSTGRES_PASSWORD:-}"

    def test_the_commands_that_are_told_name_what_there_is(self) -> None:
        lines = re.findall(r"docker compose [^`\n]*\bup\b[^`\n(]*", self.text)
        assert len(lines) >= 3
        for line in lines:
            words = shlex.split(line)
            scaled = [word.partition("=")[0] for word in words if re.fullmatch(r"\w+=\d+", word)]
            named = [word for word in words[words.index("up") + 1 :] if re.fullmatch(r"[a-z]+", word)]
            assert {*scaled, *named} <= self.services.keys(), line
            assert not scaled or words[2:4] == ["--profile", "many"], line

    def test_volumes_are_declared(self) -> None:
        used = {volume.partition(":")[0] for service in self.services.values() for volume in service["volumes"]}
        assert used == read_yaml("compose.yaml")["volumes"].keys()


def test_what_people_write_is_not_committed() -> None:
    git = shutil.which("git")
    if not git or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    private = [".env", "data/bezpieczny.sqlite3", "data/secret.key", "data/backups/one.sqlite3"]
    listed = subprocess.run([git, "check-ignore", *private], cwd=ROOT, capture_output=True, text=True, check=False)
    assert listed.stdout.split() == private


class TestReadme:
    def test_names_each_setting(self) -> None:
        text = (ROOT / "README.md").read_text()
        assert [setting.name for setting in describe() if f"`{setting.name}`" not in text] == []

    def test_names_no_setting_that_does_not_exist(self) -> None:
        known = tuple(setting.name for setting in describe())
        for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
            for name in re.findall(r"BEZPIECZNY_[A-Z_]*[A-Z]", page.read_text()):
                assert any(setting.startswith(name) for setting in known), f"{page} names {name}"


def test_the_rules_are_kept_from_every_library_in_use() -> None:
    imported: set[str] = set()
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "scheduler").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    rules = next(contract for contract in contracts if contract.get("source_modules") == ["bot.domain"])
    assert imported - sys.stdlib_module_names - {"bot"} <= set(rules["forbidden_modules"])
