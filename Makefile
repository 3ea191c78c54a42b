# Everything here needs only make and Python 3.12 or newer: .venv is made on first use.

VENV := .venv/bin
READY := .venv/installed
export PYTHON
# Hundreds of processes are started: without kept bytecode each begins by compiling everything.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test lint soak bench docs lock samples screenshots clean
.DEFAULT_GOAL := help

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## Allocate the sample meeting and show the result
	@$(VENV)/allocator demo demo

test: lint ## Everything that must hold: style, types, tests
	@$(VENV)/python -m pytest -n 3 --dist worksteal

lint: $(READY) ## Style, types and the form of docstrings
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/numpydoc lint $$(find allocator -name '*.py')

soak: $(READY) ## The slow evidence: many more random rounds
	@$(VENV)/python -m pytest -n 2 -m soak

bench: $(READY) ## Measure, and write docs/performance.md
	@$(VENV)/python -m bench

docs: $(READY) ## Write the generated references and verify_record.py again
	@$(VENV)/python -m allocator.cli_reference
	@$(VENV)/python -m allocator.policy_reference
	@$(VENV)/python -m allocator.office.roles_reference
	@$(VENV)/python -m allocator.record.assemble

samples: $(READY) ## Write the shipped sample rounds again
	@$(VENV)/python -m tools.make_samples

screenshots: $(READY) ## Write docs/images again, from the workbench on the sample round
	@$(VENV)/python -m tools.screenshots

lock: $(READY) ## Choose the newest permitted dependencies again
	@$(VENV)/python -m tools.lock

clean: ## Remove what was made here, .venv too
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml setup.py
	@tools/make-venv
