# Needs Python >= 3.11 and make. `make help` lists the targets.

PORT ?= 8000
BOTS ?= 3
E2E ?= 1
BENCH ?= medium
# What PostgreSQL keeps in memory while it is measured: its default is for a laptop.
SHARED_BUFFERS ?= 4GB
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$python; break; }; done)
VENV_PYTHON = .venv/bin/python
DEVSTACK = $(VENV_PYTHON) -m smarttrader.devstack

export E2E CHROMIUM PYTEST_ARGS

.DEFAULT_GOAL := help
.PHONY: help run test test-nightly services services-stop migrate seed simulate bench lint fmt types \
	layers openapi messages e2e screenshots lock venv venv-dev python

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' Makefile \
	| awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'
	@echo 'Variables: PORT=8000 BOTS=3 PYTHON=python3.11 E2E=1 BENCH=medium CHROMIUM=/path PYTEST_ARGS="-k word"'

run: venv ## start everything on http://127.0.0.1:PORT, until Ctrl-C
	@$(DEVSTACK) run --port $(PORT) --bots $(BOTS)

test: venv-dev ## run every check and test on throw-away services
	@$(DEVSTACK) test -- $(VENV_PYTHON) -m smarttrader.devstack.checks

test-nightly: venv-dev ## the same, with large data and more examples
	@$(DEVSTACK) test -- $(VENV_PYTHON) -m smarttrader.devstack.checks --nightly

e2e: venv-dev ## run the browser tests alone
	@$(DEVSTACK) test -- $(VENV_PYTHON) -m smarttrader.devstack.checks --browser-only

services: venv ## start PostgreSQL and Valkey alone, print their URLs
	@$(DEVSTACK) services

services-stop: venv ## stop them
	@$(DEVSTACK) services-stop

migrate: venv ## bring the database up to date
	@$(DEVSTACK) exec -- $(VENV_PYTHON) manage.py migrate

seed: venv ## fill an empty database with demo data
	@$(DEVSTACK) exec -- $(VENV_PYTHON) manage.py seed

screenshots: venv-dev ## picture every page of the demo (FOLDER=var/screenshots NAMES="overview bots-dark")
	@$(DEVSTACK) test -- $(VENV_PYTHON) -m smarttrader.devstack.screenshots \
		--folder $(or $(FOLDER),var/screenshots) $(NAMES)

bench: venv-dev ## measure ratios to the raw database (BENCH=small, medium or full; PARTS="ticks")
	@$(DEVSTACK) test --postgres shared_buffers=$(SHARED_BUFFERS) -- \
		$(VENV_PYTHON) -m smarttrader.bench --size $(BENCH) $(PARTS)

simulate: venv ## let ten EAs trade ten hours in ten minutes, against PORT
	@$(DEVSTACK) exec -- $(VENV_PYTHON) manage.py simulate --bots 10 --minutes 10 \
		--speed 60 --url http://127.0.0.1:$(PORT)

openapi: venv-dev ## write docs/openapi.json from the views
	@$(VENV_PYTHON) manage.py openapi

messages: venv-dev ## bring the catalogs of translations up to date with code and templates
	@$(VENV_PYTHON) manage.py messages

lint: venv-dev ## check style
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .

fmt: venv-dev ## format
	@$(VENV_PYTHON) -m ruff check --fix .
	@$(VENV_PYTHON) -m ruff format .

types: venv-dev ## check types
	@$(VENV_PYTHON) -m mypy .

layers: venv-dev ## check who imports whom
	@.venv/bin/lint-imports

lock: venv-dev ## compile requirements*.in into hash-pinned requirements*.txt
	.venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --no-annotate -o requirements.txt requirements.in
	.venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --no-annotate -o requirements-dev.txt requirements-dev.in

venv: python
	@$(PYTHON) smarttrader/devstack/venv.py requirements.txt

venv-dev: python
	@$(PYTHON) smarttrader/devstack/venv.py requirements-dev.txt

python:
	@test -n "$(PYTHON)" || { echo 'error: no Python >= 3.11 was found; name one:' \
		'make PYTHON=/path/to/python3.11' >&2; exit 1; }
