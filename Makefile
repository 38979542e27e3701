# `make demo` and `make test` are all that you need; both make .venv first, with the exact versions in constraints.txt.
.DEFAULT_GOAL := demo
.NOTPARALLEL:
.PHONY: demo test lint format types pytest bench soak screenshots commands formats sample-data chromium clean

PIP := .venv/bin/python -m pip --disable-pip-version-check
SCRIPTS := labeler/player tests/player
INSTALL := $(PIP) install -qq --progress-bar off -c constraints.txt

demo: .venv/.for-demo
	@.venv/bin/python -m labeler.demo

test: .venv/.for-tests chromium lint types pytest

lint: .venv/.for-tests
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check . || { echo "These files are not formatted; 'make format' does it:"; .venv/bin/ruff format --check . | grep '^Would'; exit 1; }
	@.venv/bin/oxlint --deny-warnings --format=unix $(SCRIPTS)
	@.venv/bin/oxfmt --check $(SCRIPTS) >/dev/null || { echo "These scripts are not formatted; 'make format' does it:"; .venv/bin/oxfmt --list-different $(SCRIPTS); exit 1; }

format: .venv/.for-tests
	@.venv/bin/ruff check --quiet --fix-only .
	@.venv/bin/ruff format --quiet .
	@.venv/bin/oxlint --quiet --fix --format=unix $(SCRIPTS)
	@.venv/bin/oxfmt $(SCRIPTS) >/dev/null

types: .venv/.for-tests
	@.venv/bin/mypy --no-error-summary

# Two processes with one thread each: one process with two threads leaves a core idle whenever a test waits.
pytest: .venv/.for-tests
	@OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

# While a script labels: a hundred kills of learner, app and `embed`, then trouble with disk, clock, database and folder, and
# PostgreSQL killed. Damaged audio files too. `make test` does a little of each.
soak: .venv/.for-tests
	@EARMARK_SOAK=1 .venv/bin/python -m pytest -m soak --timeout=0 $(PYTEST_ARGS)

bench: .venv/.for-tests chromium
	@.venv/bin/python -m benchmarks $(BENCH_ARGS)

screenshots: .venv/.for-tests chromium
	@.venv/bin/python -m scripts.screenshots

# Makes docs/commands.md from what --help prints.
commands: .venv/.for-tests
	@.venv/bin/python -m scripts.command_reference

# Makes docs/formats.md from a small project in every format.
formats: .venv/.for-tests
	@.venv/bin/python -m scripts.format_examples

# Makes the same clips again, byte for byte with the same release of espeak-ng.
sample-data: .venv/.for-tests
	@.venv/bin/python sample_data/make_sample_data.py

chromium:
	@./scripts/install-chromium.sh

.venv/bin/python:
	@./scripts/make-venv.sh

.venv/.for-demo: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing PyTorch (some minutes the first time) ..."
	@$(INSTALL) setuptools torch
	@echo "Installing earmark and the other packages it needs ..."
	@$(INSTALL) --no-build-isolation -e '.[av]'
	@touch $@

.venv/.for-tests: .venv/.for-demo
	@echo "Installing what the tests need ..."
	@$(INSTALL) --no-build-isolation -e '.[dev]'
	@touch $@

clean:
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
