# Everything is a `make` away; each target first creates .venv and installs, if that is not done yet.
#
#   make demo     fit, compare, save, reload and predict on real data, with a report to open
#   make test     the checks and every test
#   make coverage every test once more, counting the lines of src they reach, which takes half as long again
#   make check    style, types and the import rule only
#   make bench    this machine, every backend, against torch.nn
#   make docs     the documentation site, in site/
#   make clean    remove what was built; make clean-all also removes .venv
#
# PYTHON names the interpreter the environment is made with:  make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
WORKERS ?= 2
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt

# Each of two test processes keeps to one core; more threads than cores make torch slower, not faster.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

.PHONY: help install demo test coverage check bench docs clean clean-all
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed -n '1,/^PYTHON/p'

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "make: there is no '$(PYTHON)' here: install Python 3.10 or newer, or name one with  make $(MAKECMDGOALS) PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "make: $$($(PYTHON) --version 2>&1) is too old: grunit needs 3.10 or newer; name one with  make $(MAKECMDGOALS) PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "make: '$(PYTHON)' comes without venv: install it (Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "Installing into $(VENV); the first time this takes a few minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) torch
	@$(PIP) --editable '.[dev,demo]'
	@touch $@

demo: $(INSTALLED)
	$(BIN)/python examples/demo.py

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_imports.py

# Quick tests first, so that a mistake shows within a minute.
test: check
	$(PYTEST) -m "not slow" --ignore=tests/test_imports.py
	$(PYTEST) -m slow

coverage: $(INSTALLED)
	$(PYTEST) --cov --cov-report=term:skip-covered

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

docs: $(INSTALLED)
	$(BIN)/mkdocs build --strict

clean:
	rm -rf build dist site demo-out htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

clean-all: clean
	rm -rf $(VENV)
