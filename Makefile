# Every target is one plain command; each works as the first one on a new machine.
.DEFAULT_GOAL := help
.PHONY: help demo up test prove check compose-test format documents schema screenshots bench lock
python := .venv/bin/python

help:  ## what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo:  ## play the whole story on real servers; leaves mails, invoices and a report in var/demo
	@deploy/local/bootstrap.sh demo
	@$(python) -m demo

up:  ## start the platform and leave it running (SP_PORT=8400); Ctrl-C stops everything
	@deploy/local/bootstrap.sh demo
	@exec $(python) -m deploy.local up

test:  ## run the tests on servers of their own; ARGS=tests/unit runs a part
	@deploy/local/bootstrap.sh test
	@$(python) -m pytest -n auto --dist worksteal -q $(or $(ARGS),tests)

prove:  ## run the long forms: fuzzing, soaks, faults with many seeds
	@deploy/local/bootstrap.sh test
	@SP_PROVE=1 $(python) -m pytest -n auto --dist worksteal -q --timeout 3600 $(or $(ARGS),tests)

check:  ## format, lint, types, layers, and that generated files are current
	@deploy/local/bootstrap.sh test
	@$(python) -m ruff format --check .
	@$(python) -m ruff check .
	@$(python) -m mypy
	@$(python) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(python) -m deploy.documents --check

compose-test:  ## try deploy/compose.yaml on this machine's Docker engine (DOCKER=docker): the story, over TLS
	@deploy/local/bootstrap.sh demo
	@$(python) -m deploy.compose.trial

format:  ## set every file's format and what ruff can repair by itself
	@deploy/local/bootstrap.sh test
	@$(python) -m ruff format .
	@$(python) -m ruff check --fix .

documents:  ## write what follows from the code: docs/events.md, asyncapi.yaml, settings.md, api/
	@deploy/local/bootstrap.sh test
	@$(python) -m deploy.documents

schema:  ## write each service's schema.sql: what its migrations add up to
	@deploy/local/bootstrap.sh test
	@SP_WRITE_SCHEMA=1 $(python) -m pytest -q tests/store/test_schema.py

screenshots:  ## take the portal's pictures in docs/pictures anew
	@deploy/local/bootstrap.sh test
	@$(python) -m tests.browser.screenshots

bench:  ## measure; NAME=… runs one
	@deploy/local/bootstrap.sh test
	@$(python) -m benchmarks $(NAME)

lock:  ## pin the newest versions that requirements/*.in allow
	@deploy/local/bootstrap.sh test
	@$(python) -m pip install --quiet --disable-pip-version-check uv
	@for kind in runtime demo test traces; do \
	  $(python) -m uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header \
	    requirements/$$kind.in -o requirements/$$kind.lock; done
