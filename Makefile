# Rasid: `make` alone lists the targets. A fresh machine needs Python 3.11+ and pip, and nothing else.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo run serve test fuzz coverage lint format bench pictures lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv and install what requirements.lock names, checked by hash

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Rasid needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Try: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY) ## the whole pipeline, offline, on the demo press: a summary and a digest.html
	@$(BIN)/python -m demo

run: $(READY) ## the main job once, on the feeds of config/
	@$(BIN)/rasid run

serve: $(READY) ## collect, digest and maintain on their schedules, until interrupted
	@$(BIN)/rasid serve

test: $(READY) ## all tests, on SQLite and PostgreSQL
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

fuzz: $(READY) ## what reads foreign bytes, against many more of them than `make test` (EXAMPLES=5000)
	@RASID_FUZZ_EXAMPLES=$(or $(EXAMPLES),5000) $(BIN)/python -m pytest --numprocesses 2 tests/fuzz

coverage: $(READY) ## all tests, with the lines they did not reach
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --cov --cov-report=term

lint: $(READY) ## ruff, mypy, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## let ruff lay out the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(READY) ## the benchmarks: ratios against peers and limits, with medians
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench || echo "without the group bench: its engines are left out"
	@for file in $$(grep -l __main__ benchmarks/*.py); do echo "== $$file"; $(BIN)/python $$file || exit 1; done

pictures: $(READY) ## draw the README's screenshots from the demo digest (needs chromium)
	@$(BIN)/python -m demo --pictures docs/images

lock: $(READY) ## resolve requirements.lock anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group dev pyproject.toml -o requirements.lock

clean: ## remove what make made
	rm -rf $(VENV) demo/out .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .coverage* htmlcov
