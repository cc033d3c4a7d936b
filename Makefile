# Everything one does here, by one word. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# uv is quicker where it is there already; plain pip does the same.
UV := $(shell command -v uv 2>/dev/null)
LOCK_OPTIONS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --no-annotate --quiet

# One process a core; each starts servers of its own, hence the bound.
WORKERS_OF_TESTS := -n auto --maxprocesses 4

.PHONY: help install run dev test scenario faults protections clients check lint fix types openapi contract cov rest bench soak lock check-locks audit build image smoke clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

define install_lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python's venv module is needed (Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
	@echo "Installing $(1) into $(VENV) (the first time takes about half a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(if $(UV),UV_PYTHON_DOWNLOADS=never $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(1),\
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $(1))
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
endef

$(VENV)/.service: requirements/service.lock pyproject.toml
	$(call install_lock,requirements/service.lock)
	@touch $@

$(VENV)/.dev: requirements/dev.lock pyproject.toml
	$(call install_lock,requirements/dev.lock)
	@touch $@ $(VENV)/.service

install: $(VENV)/.service ## Make the virtual environment and nothing else

run: $(VENV)/.service ## Run the service: migrates, makes the first administrator, serves on http://127.0.0.1:8000
	@$(BIN)/python -m app serve --prepare

dev: $(VENV)/.dev ## Run the service and start anew when a source file changes
	@$(BIN)/python -m app serve --prepare --reload

test: $(VENV)/.dev ## Run the fast tests; PostgreSQL and Redis too where their programs are installed
	@$(BIN)/python -m pytest -q $(WORKERS_OF_TESTS) -m "not slow"

scenario: $(VENV)/.dev ## Do what a user does, on one process and on two fleets of real processes, and print a table
	@$(BIN)/python scripts/scenario.py

faults: $(VENV)/.dev ## Kill, stop and cut off what the service needs; print what was seen, and write docs/operations/faults.md
	@$(BIN)/python -m tests.faults.table

protections: $(VENV)/.dev ## Take each protection out of a copy, one by one: its tests must notice; some only: make protections ONLY="cookie"
	@$(BIN)/python -m tests.protections $(ONLY)

clients: $(VENV)/.dev ## Generate a Python and a TypeScript client and drive the service with both (needs Node.js and npm)
	@$(BIN)/python -m pytest -q tests/clients

check: lint types contract check-locks cov rest scenario ## Everything that CI runs

lint: $(VENV)/.dev ## Check style, formatting, the import law, and the files of containers and CI
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted: run make fix"; exit 1; }
	@$(BIN)/lint-imports
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml deploy/compose.tls.yaml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/zizmor --offline --quiet --strict-collection --persona pedantic .github

fix: $(VENV)/.dev ## Format, and mend what can be mended without thinking
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

types: $(VENV)/.dev ## Check types
	@$(BIN)/mypy

# From a folder without .env and without variables: the document of the defaults.
openapi: $(VENV)/.dev ## Write docs/openapi.json anew
	@cd docs && env -i PATH="$$PATH" ../$(BIN)/python -m app openapi > openapi.new && mv openapi.new openapi.json

contract: $(VENV)/.dev ## Name what docs/openapi.json breaks for clients of the last release
	@$(BIN)/python -m lintel.contract docs/openapi.baseline.json docs/openapi.json --meant docs/openapi.breaks.toml

cov: $(VENV)/.dev ## Run the tests that mirror the code and hold coverage to its gates: library 98 %, service 95 % of branches
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q $(WORKERS_OF_TESTS) -m measured
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --include='src/lintel/*' --fail-under=98
	@$(BIN)/coverage report --include='app/*' --fail-under=95
	@$(BIN)/coverage html --quiet

rest: $(VENV)/.dev ## Run all tests that coverage is not measured with
	@$(BIN)/python -m pytest -q --durations=30 --durations-min=5 $(WORKERS_OF_TESTS) -m "not measured"

bench: $(VENV)/.dev ## Measure; figures go to bench/results, or only some: make bench CASES="stack routes"
	@$(BIN)/python -m bench $(CASES)

soak: $(VENV)/.dev ## Ten minutes of fuzzing beside load: do memory, descriptors and connections stay flat? MINUTES=10
	@$(BIN)/python -m bench.soak $(MINUTES)

lock: $(VENV)/.dev ## Make the lock files anew, with newer versions: make lock UPGRADE=--upgrade
	@for part in base: "service:--extra postgres --extra redis --extra rabbitmq --extra storage --extra mail --extra flags --extra images --group build" \
			"dev:--all-extras --group build --group dev --group bench"; do \
		UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip compile pyproject.toml $(LOCK_OPTIONS) $(UPGRADE) $${part#*:} \
			-o requirements/$${part%%:*}.lock || exit 1; \
	done
	@for group in peer-arq peer-celery peer-saq clients; do \
		UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip compile --group $$group $(LOCK_OPTIONS) $(UPGRADE) \
			-o requirements/$$group.lock || exit 1; \
	done
	@$(BIN)/python scripts/lock_npm.py

check-locks: $(VENV)/.dev ## Install the service's lock on every Python that is here
	@$(BIN)/python scripts/check_locks.py

audit: $(VENV)/.dev ## Ask the package index for known holes in what the locks name
	@for lock in service dev; do \
		$(BIN)/pip-audit --require-hashes --disable-pip --progress-spinner off -r requirements/$$lock.lock || exit 1; \
	done

build: $(VENV)/.dev ## Build the library's wheel and sdist into dist, without any network
	@rm -rf dist
	@$(BIN)/python -m hatchling build

image: ## Build the container image lintel:latest (needs Docker)
	docker build --tag lintel:latest .

smoke: ## Start compose.yaml with made-up secrets, ask it a few things, remove it again (needs Docker)
	@deploy/smoke.sh

clean: ## Remove what can be made again; the data in .data stays
	rm -rf $(VENV) .bench .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache htmlcov .coverage* dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
