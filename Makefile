# Everything a newcomer needs: Python 3.11 or later and make. `make help` lists the commands.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
ADDON := odoo_addons/fleet_rental_storefront

.PHONY: help run test test-unit test-pythons test-odoo check check-assets format requirements release bench clean
.DEFAULT_GOAL := help

help:            ## List the commands
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  *##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(VENV)/ready: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $@

run: $(VENV)/ready  ## Start the shop on port 8000, with the demo Odoo beside it on port 8069
	@trap 'kill 0' EXIT INT TERM; \
	$(BIN)/python -m lco.demo --site http://127.0.0.1:$(PORT) --key "$${ODOO_API_KEY:-demo-key}" & \
	PORT=$(PORT) SITE_URL=http://127.0.0.1:$(PORT) $(BIN)/gunicorn wsgi:app & \
	wait

test: $(VENV)/ready  ## Run all tests
	$(BIN)/pytest -m "not odoo" -n 3 --dist loadfile --no-loadscope-reorder  # many tests wait; the quick ones come last

test-unit: $(VENV)/ready  ## Run the tests that need no server, in seconds
	$(BIN)/pytest tests/unit -n 2 --dist loadfile

test-pythons: $(VENV)/ready  ## Run the quick tests on each other supported Python that this machine has
	.ci/pythons

test-odoo: $(VENV)/ready  ## Run the tests that need a real Odoo; fetches one from Debian the first time
	$(BIN)/pytest -m odoo -rs

check: $(VENV)/ready  ## Lint, formatting, types, imports, templates, styles and scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint --lint --quiet lco/templates
	$(BIN)/pylint --load-plugins=pylint_odoo --disable=all --enable=odoolint --valid-odoo-versions=19.0 $(ADDON)
	$(BIN)/oca-checks-odoo-module $(ADDON)
	$(BIN)/oca-checks-po $(ADDON)/i18n/*.pot
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory check-assets; \
	else echo "Style sheets and scripts are not checked: that needs Node.js 20.19 or later"; fi

node_modules/ready: package-lock.json
	npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

check-assets: node_modules/ready  ## Lint style sheets and scripts; needs Node.js
	node_modules/.bin/stylelint "lco/**/*.css"
	node_modules/.bin/eslint --max-warnings 0 lco eslint.config.mjs stylelint.config.mjs

format: $(VENV)/ready  ## Bring the code into its one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

requirements: $(VENV)/ready  ## Pin the versions again, from requirements.in and requirements-dev.in
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links requirements.in
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links --allow-unsafe requirements-dev.in

release: $(VENV)/ready  ## Build the wheel, its list of packages (CycloneDX) and their digests into dist/
	deploy/release

bench: $(VENV)/ready  ## Measure what the README promises
	$(BIN)/python -m bench

clean:           ## Remove what the other commands made
	rm -rf $(VENV) .venv-pythons node_modules build dist *.egg-info var .mypy_cache .ruff_cache .pytest_cache .hypothesis
