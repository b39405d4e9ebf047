# Everything is done from here; each target sets up what it needs. Wanted: Python 3.11 or newer, and make.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test test-matrix check format bench chaos demo pictures lock migration clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/ready ## Start the bot; the chat page is at http://127.0.0.1:8080
	$(BIN)/bezpieczny run

# How many test files are run side by side: one on each core.
WORKERS ?= auto
test: check ## Check, then run every test (some: make test TESTS=tests/domain)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --cov --cov-report=term $(TESTS)

test-matrix: .venv/ready .venv-synapse/ready ## Talk with the bot on a real Matrix homeserver (a part: make test-matrix TESTS=…)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile $(or $(TESTS),tests/matrix)

check: .venv/ready ## Lint, formatting, types, direction of imports, content
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bezpieczny content check

format: .venv/ready ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/ready .venv-peers/ready .venv-synapse/ready ## Measure speed, pacing and turns beside others; fails when a promise is broken
	$(BIN)/python -m tests.bench

chaos: .venv/ready ## Kill a broadcast again and again and see what the ledger promises kept (twenty minutes)
	$(BIN)/python -m tests.chaos

demo: export BEZPIECZNY_DATA := data/demo
demo: .venv/ready ## Open the console on a made-up city of 2,000 residents (in data/demo)
	@test -f data/demo/bezpieczny.sqlite3 || $(BIN)/bezpieczny demo --residents 2000
	@$(BIN)/bezpieczny staff invite demo-admin
	$(BIN)/bezpieczny run

pictures: .venv/ready ## Take the README's pictures of the program as it is (needs Debian's chromium)
	$(BIN)/python -m tests.pictures

LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-index-url --no-header --quiet
lock: .venv/ready ## Pin the dependencies anew (to the newest: make lock UPGRADE=1)
	$(LOCK) --group dev $(if $(UPGRADE),--upgrade) --output-file requirements.lock
	$(LOCK) --constraints requirements.lock --upgrade --no-annotate --output-file requirements-image.lock
	$(subst pyproject.toml,tests/bench/peers.in,$(LOCK)) $(if $(UPGRADE),--upgrade) --output-file tests/bench/peers.lock
	$(subst pyproject.toml,tests/matrix/synapse.in,$(LOCK)) $(if $(UPGRADE),--upgrade) --output-file tests/matrix/synapse.lock

migration: .venv/ready ## Draft a migration from the tables (make migration NAME="add topics")
	$(BIN)/bezpieczny database draft "$(NAME)"

clean: ## Remove the environment and the tools' caches; the data stays
	rm -rf .venv .venv-peers .venv-synapse .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov

# The environment is made anew when the lock changes, so that it never holds what the lock does not.
.venv/locked: requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON to where it is." >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(PIP) install --require-hashes -r requirements.lock
	@touch $@

# The build backend is in the lock too: without isolation nothing unpinned is fetched.
.venv/ready: .venv/locked pyproject.toml
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# What `make bench` measures beside: apart, since it wants an older pydantic than the bot.
.venv-peers/ready: tests/bench/peers.lock | .venv/ready
	$(BIN)/python -m venv --clear .venv-peers
	.venv-peers/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r tests/bench/peers.lock
	@touch $@

# The homeserver of `make test-matrix`: apart, since its licence (AGPL) is not ours, and no part of the product needs it.
.venv-synapse/ready: tests/matrix/synapse.lock | .venv/ready
	$(BIN)/python -m venv --clear .venv-synapse
	.venv-synapse/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r tests/matrix/synapse.lock
	@touch $@
