# Everything from nothing: Python >= 3.11, Node >= 20 with npm, and make are all that must be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH ?= all

.PHONY: run test drills bench lint format clean

run: $(VENV)/.runtime node_modules/.runtime
	@exec $(BIN)/python manage.py quickstart

test: lint node_modules/.all
	$(BIN)/python -m tests.run

# The crashes, the crowd and the price history of the suite again, for longer.
drills: $(VENV)/.dev
	DRILL_SECONDS=120 DRILL_ROUNDS=20 DRILL_HISTORY=whole \
		$(BIN)/python -m pytest -q -m drill -rP --show-capture=stdout

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev node_modules/.all
	$(BIN)/python -m bench $(BENCH)

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/pip
	@echo "Installing the Python packages (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt | $(VENV)/bin/pip
	@echo "Installing the Python packages of development (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

# `npm ci` removes what is there, so the full set also counts as the runtime set.
node_modules/.runtime: package.json package-lock.json
	@echo "Installing the browser's assets (once) ..."
	@npm ci --omit=dev --no-audit --no-fund --loglevel=error --no-update-notifier
	@touch $@

node_modules/.all: package.json package-lock.json
	@echo "Installing the browser, and its assets (once) ..."
	@npm ci --no-audit --no-fund --loglevel=error --no-update-notifier
	@touch $@ node_modules/.runtime

clean:
	rm -rf $(VENV) node_modules var static .mypy_cache .ruff_cache
