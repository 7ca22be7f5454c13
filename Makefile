# Needs Python >= 3.11 and make. Everything else is installed into .venv, pinned by requirements.lock.
VENV := .venv
BIN := $(VENV)/bin
SOURCES := domain infra projections api tests $(wildcard bench)

# A new lock, project file or place of the checkout means another stamp, and so a new set-up.
STAMP := $(VENV)/.ready-$(shell { cat requirements.lock pyproject.toml; echo "$(CURDIR)"; } | cksum | tr ' ' '-')
USABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

# Where this is set, each of the many processes that tests start would compile the sources anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run demo test faults soak bench lint check fmt lock

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile

setup: $(STAMP)  ## install what is needed into .venv

$(STAMP):
	@set -e; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  for python in python3 python3.13 python3.12 python3.11 none; do \
	    if $$python -c '$(USABLE)' >/dev/null 2>&1; then break; fi; \
	  done; \
	  if [ $$python = none ]; then \
	    echo 'Python 3.11 or newer, with its venv module, was not found.' >&2; exit 1; \
	  fi; \
	  $$python -m venv --clear $(VENV); \
	fi
	@echo 'Installing into $(VENV)' >&2
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.ready-*
	@touch $@

run: $(STAMP)  ## start everything: PostgreSQL, API and worker
	@exec $(BIN)/ouvidoria run

demo: $(STAMP)  ## fill the running service with a year of an invented company
	@exec $(BIN)/ouvidoria demo

test: $(STAMP)  ## all tests
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

faults: $(STAMP)  ## kill everything at random for a while, or `make faults SECONDS=600 SEED=7`
	$(BIN)/python -m tests.faults $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

soak: $(STAMP)  ## the tests that are too long for each day, whole: real files, schemas, lists, histories, faults
	CASES=100000 $(BIN)/python -m pytest tests/infra/test_importing_sla.py tests/infra/test_importing_helpdesk.py \
	  tests/infra/importing/complaints/test_cfpb.py
	SCHEMATHESIS_EVERY=1 SCHEMATHESIS_EXAMPLES=3 $(BIN)/python -m pytest tests/api/test_schemathesis.py
	LISTS=1000 SORTS=10 SEEDS=10 $(BIN)/python -m pytest tests/projections/test_worklist_pages.py \
	  tests/projections/plans/test_bounds.py tests/projections/test_every_event.py
	$(BIN)/python -m pytest tests/faults/soak.py

bench: $(STAMP)  ## all benchmarks, or `make bench NAME=append`
	$(BIN)/python -m bench $(NAME)

lint: $(STAMP)  ## format, lint, import contracts, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy $(SOURCES)

check: lint test  ## both

fmt: $(STAMP)  ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(STAMP)  ## pin the newest versions that pyproject.toml allows
	$(PIP) uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --python-version 3.11 --extra nats --group dev --group bench -o requirements.lock pyproject.toml
