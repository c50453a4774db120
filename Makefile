# `make run` and `make test` work from a fresh clone with Python 3.11 and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links
QUICK := tests/test_imports.py tests/contracts/test_currencies.py tests/contracts/test_money.py tests/contracts/test_terms.py \
	tests/contracts/test_writing.py tests/billing/test_periods.py tests/billing/test_split.py tests/billing/test_tax.py \
	tests/crm_sync/oversight/test_deal_references.py tests/crm_sync/mapping/test_mapping.py tests/crm_sync/mapping/test_mapping_amounts.py \
	tests/crm_sync/mapping/test_mapping_properties.py tests/crm_sync/mapping/test_near_misses.py tests/crm_sync/mapping/test_proposals.py \
	tests/crm_sync/mapping/test_readers.py tests/crm_sync/test_selection.py tests/crm_sync/mapping/test_transforms.py \
	tests/crm_sync/mapping/test_vocabulary.py tests/fincelo/test_redaction.py tests/fincelo/test_spreadsheets.py tests/fincelo/test_states.py
SECRET := $$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')
PRODUCTION := env -i PATH="$$PATH" SECRET_KEY="$(SECRET)" FERNET_KEYS="$(SECRET)" \
	ALLOWED_HOSTS=billing.example.com PUBLIC_URL=https://billing.example.com
DEVELOPMENT := env FINCELO_DEV=true VAR_DIR=var/test

# Processes start in half the time when what they import is compiled once and kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test quick lint chromium requirements
.DEFAULT_GOAL := run

run: .venv/run.stamp
	@exec $(BIN)/python -m demo.run

# Three processes for two cores: those that drive a browser or a server mostly wait.
test: lint chromium
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# Under a minute: style, types and the tests of pure modules.
quick: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djangofmt --check templates
	$(BIN)/mypy
	$(BIN)/python -m pytest -q $(QUICK)

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djangofmt --check templates
	$(BIN)/mypy
	$(DEVELOPMENT) $(BIN)/python manage.py check
	$(DEVELOPMENT) $(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

chromium: .venv/test.stamp
	@$(BIN)/python -m tests.chromium

.venv/run.stamp: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what requirements.txt names ..."
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/test.stamp: requirements-dev.txt .venv/run.stamp
	@echo "Installing what requirements-dev.txt names ..."
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

# After a change of an .in file; `make requirements UPGRADE=--upgrade` takes the newest versions that the .in files allow.
requirements: .venv/test.stamp
	$(COMPILE) $(UPGRADE) --output-file requirements.txt requirements.in
	$(COMPILE) $(UPGRADE) --output-file requirements-dev.txt requirements-dev.in
