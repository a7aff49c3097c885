# The verbs of this project. A fresh machine needs git, Python 3.11 or newer, and make.
#
#   make demo     set up, then the built-in world: fitted, evaluated, three users explained
#   make test     the whole test suite, with coverage of src (at least 90 %)
#   make lint     ruff (lint and format) and mypy --strict
#   make docs     write the generated pages, then run what the documentation shows
#   make bench    Penchant and its peers on the data in PENCHANT_DATA
#   make format   let ruff put the code in order
#   make clean    remove what was built, the environment too

VENV ?= .venv
PEERS ?= .venv-peers
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v $$p && break; done)
WORKERS ?= 2
BIN := $(VENV)/bin

.PHONY: demo test lint docs bench format setup clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.ready
	$(BIN)/penchant demo

# Two workers with one thread each beat one worker with two; torch reads the variable.
test: $(VENV)/.ready-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile \
		--cov=penchant --cov-report=term:skip-covered --cov-fail-under=90

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.ready-dev
	$(BIN)/python docs/generate.py
	$(BIN)/python -m pytest tests/docs

bench: $(VENV)/.ready-dev $(PEERS)/.ready
	PENCHANT_PEERS=$(PEERS)/bin/python $(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.quality --table

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(VENV)/.ready-dev

clean:
	rm -rf $(VENV) build dist htmlcov .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find src -name '*.egg-info' -type d -prune -exec rm -rf {} +

# One environment for all verbs. A stamp says that it is ready, until pyproject.toml changes:
# .ready has what the demo needs, .ready-dev the tools of development besides.
$(VENV)/.ready: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -e '.[offline]'
	touch $@

$(VENV)/.ready-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -e '.[offline,dev]'
	touch $(VENV)/.ready $@

# The packages that Penchant is compared with; torch first, so that nothing pulls another build.
$(PEERS)/.ready: benchmarks/quality/requirements-peers.txt
	python3.11 -m venv $(PEERS)
	$(PEERS)/bin/pip install torch==2.13.0
	$(PEERS)/bin/pip install -r $<
	touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found;" \
		"install it, or name one: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
