# Each target makes the virtual environment and installs into it when that is needed, then works
# offline. Everything runs as `python -m`, so that the folder may be moved or renamed.

VENV := .venv
PYTHON := $(shell command -v python3.11 || command -v python3)
RUN := $(VENV)/bin/python -m
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types imports tests format clean

help:
	@echo 'make demo     invent a county, shortlist for two people, place everyone waiting'
	@echo 'make test     everything that has to hold: style, types, imports, tests, coverage'
	@echo 'make format   lay the code out anew'
	@echo 'make clean    remove the virtual environment and everything that can be made again'

install: $(READY)

$(READY): pyproject.toml constraints.txt
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(RUN) pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)
	@$(RUN) matcher demo

test: lint types imports tests

lint: $(READY)
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: $(READY)
	$(RUN) mypy

imports: $(READY)
	$(VENV)/bin/python -c 'from importlinter.cli import lint_imports_command as run; run(["--no-logo"])'

# Many processes are started here: each finds compiled what another has compiled already.
tests: export PYTHONDONTWRITEBYTECODE :=
tests: $(READY)
	$(RUN) pytest -q -n auto --dist worksteal --cov --cov-report=term

format: $(READY)
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

clean:
	rm -rf $(VENV) demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache .coverage .coverage.*
	find . -name __pycache__ -prune -exec rm -rf {} +
