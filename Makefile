# Two commands are all that a newcomer needs: `make demo` and `make test`.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
# Tests wait for processes for about a third of their time: one more of them than a small machine has cores.
WORKERS ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo demo-faults test check format bench docs clean system

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Installing compiles what is to be compiled.
SETUP := pyproject.toml constraints.txt hatch_build.py $(wildcard src/shakeout/logs/templates/*.c)

$(VENV)/.console: $(SETUP)
	@scripts/setup.sh console

$(VENV)/.dev: $(SETUP)
	@scripts/setup.sh dev

system:
	@scripts/system.sh

demo: $(VENV)/.console  ## deploy the console on this machine, prove what works, write the report
	@$(BIN)/shakeout demo

demo-faults: $(VENV)/.console  ## the same with three faults injected, each explained down to its commit
	@$(BIN)/shakeout demo --fault clickhouse-refused --fault smoke-import-removed --fault websocket-protocol-skew; \
	status=$$?; [ $$status -eq 1 ] || { echo "expected exit status 1 (issues found), got $$status" >&2; exit 1; }

test: system $(VENV)/.dev check  ## every test, with every real component
	@scripts/test.sh $(WORKERS)

check: $(VENV)/.dev  ## lint, format and strict types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python scripts/docs.py --check

docs: $(VENV)/.dev  ## generate the reference from the code
	@$(BIN)/python scripts/docs.py

format: $(VENV)/.dev  ## settle the style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.dev  ## one benchmark: make bench NAME=templates
	@$(BIN)/python -m bench.$(NAME)

clean:  ## remove what the other targets made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .shakeout
