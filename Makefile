# `make run` serves the platform; `make test` proves it. `make help` lists the rest.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes
# Compiled modules make each later start quicker.
unexport PYTHONDONTWRITEBYTECODE
# Two pools of threads on few cores only get in each other's way.
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help run test test-browser test-postgres test-processes check-real lint format types contracts bench bench-full screenshots plots lock setup clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- building ---------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: apt-get install python3 (or PYTHON=/path/to/python3.11 make …)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@echo "[1/5] Python environment"
	@$(PYTHON) -m venv .venv

$(BIN)/.uv: requirements/uv.txt | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

RUN_LOCKS := requirements/base.txt requirements/build.txt
$(BIN)/.run: $(RUN_LOCKS) pyproject.toml $(BIN)/.uv
	@echo "[2/5] packages"
	@$(UV) $(RUN_LOCKS:%=-r %)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

DEV_LOCKS := requirements/dev.txt requirements/postgres.txt requirements/boosting.txt
$(BIN)/.dev: $(DEV_LOCKS) $(BIN)/.run
	@echo "      packages for tests"
	@$(UV) $(DEV_LOCKS:%=-r %)
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json | $(BIN)/.run
	@echo "[3/5] pages' libraries"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --ignore-scripts --no-progress --silent
	@touch $@

VENDOR := src/yincai/core/static/vendor/.stamp
$(VENDOR): node_modules/.package-lock.json tools/assets.py
	@$(BIN)/python tools/assets.py
	@touch $@

# numba's kernels, once and ahead: no page and no test waits for them.
$(BIN)/.compiled: $(shell find src/yincai/measurement -name '*.py') src/yincai/cli/compile.py $(BIN)/.run
	@echo "[4/5] compiled numerics"
	@$(BIN)/yincai compile
	@touch $@

setup: $(BIN)/.dev $(VENDOR) $(BIN)/.compiled ## everything but Debian's packages

# --- running ----------------------------------------------------------------

run: export YINCAI_HOME ?= $(CURDIR)/var
run: $(BIN)/.run $(VENDOR) $(BIN)/.compiled ## build and serve on http://127.0.0.1:8000 (PORT=…, YINCAI_HOME=…; an empty home gets the demo city)
	@[ -n "$$DATABASE_URL" ] || [ -e "$(YINCAI_HOME)/yincai.sqlite3" ] || { echo "[5/5] demo city"; $(BIN)/yincai demo; } \
	  || { echo "The demo city was not finished: remove $(YINCAI_HOME) and run make again."; exit 1; }
	@exec $(BIN)/yincai serve --port $(PORT)

# --- checking ---------------------------------------------------------------

PYTEST := $(BIN)/python -m pytest -q
JUNIT = $(if $(CI),--junitxml=build/junit-$@.xml)

test: $(BIN)/.dev $(VENDOR) $(BIN)/.compiled ## the suite, on SQLite, without network
	@$(PYTEST) -n 2 --dist worksteal $(JUNIT) $(ARGS)

test-browser: $(BIN)/.dev $(VENDOR) $(BIN)/.compiled ## each role's daily job in headless Chromium
	@command -v chromium >/dev/null || { echo "Chromium is missing: apt-get install --no-install-recommends chromium fonts-noto-cjk"; exit 1; }
	@fc-list :lang=zh family 2>/dev/null | grep -q . || { echo "A Chinese font is missing: apt-get install --no-install-recommends fontconfig fonts-noto-cjk"; exit 1; }
	@$(PYTEST) -m browser $(JUNIT) $(ARGS)

test-postgres: $(BIN)/.dev $(VENDOR) $(BIN)/.compiled ## all that touches the database, on a PostgreSQL of its own
	@$(BIN)/python tools/postgres.py $(PYTEST) -n 2 --dist loadgroup -m "postgres and not browser and not real and not slow" $(JUNIT) $(ARGS)

test-processes: $(BIN)/.dev $(VENDOR) $(BIN)/.compiled ## served, killed, backed up for real: kill -9 in a thousand answers loses none
	@$(PYTEST) -n 2 --dist loadgroup -m process tests/core tests/records/test_concurrency.py tests/learning/test_kill9.py $(JUNIT) $(ARGS)

check-real: $(BIN)/.dev $(VENDOR) $(BIN)/.compiled ## slower checks and those on the real data in ../shared/data
	@$(PYTEST) -m "real or slow" -rs $(ARGS)

lint: $(BIN)/.dev ## style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(BIN)/.dev ## put the style right
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

types: $(BIN)/.dev ## mypy, strict for core and measurement
	@$(BIN)/mypy

contracts: $(BIN)/.dev ## the floors of the house
	@$(BIN)/lint-imports

# The libraries we measure ourselves against; users never install them. R's come from Debian, where Rscript is found.
.peers/.stamp: requirements/peers.txt $(BIN)/.uv
	@echo "      packages of the peers"
	@$(PYTHON) -m venv .peers
	@$(BIN)/uv pip install --quiet --python .peers/bin/python --require-hashes -r requirements/peers.txt
	@touch $@

bench bench-full: export YINCAI_PEERS := $(CURDIR)/.peers/bin/python
bench: $(BIN)/.dev $(VENDOR) $(BIN)/.compiled .peers/.stamp ## measure, minutes; writes build/bench.json (beside R: apt-get install r-cran-lme4 r-cran-quantreg)
	@$(BIN)/python -m bench $(ARGS)

bench-full: $(BIN)/.dev $(VENDOR) $(BIN)/.compiled .peers/.stamp ## measure at full size
	@$(BIN)/python -m bench --full $(ARGS)

screenshots: $(BIN)/.dev $(VENDOR) ## make the pictures in docs/images anew
	@YINCAI_SCREENSHOTS=docs/images $(PYTEST) -m browser $(ARGS)

plots: $(BIN)/.dev ## draw the pictures in docs/explanation/measurement from ../shared/data anew
	@$(BIN)/python -m tools.plots $(ARGS)

lock: $(BIN)/.uv ## requirements/*.in and package.json into their lock files
	@for name in uv base postgres boosting build dev peers; do \
	  constraint=$$([ $$name = base ] || [ $$name = uv ] || [ $$name = peers ] || echo "-c requirements/base.txt"); \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    requirements/$$name.in $$constraint -o requirements/$$name.txt $(LOCK_ARGS) || exit 1; done
	@! grep -n '://' requirements/*.txt
	@[ ! -x $(BIN)/npm ] || PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm install --package-lock-only --ignore-scripts

clean: ## remove all that can be built again; never the installation's data in var/
	@rm -rf .venv .peers build dist node_modules src/yincai/core/static/vendor src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
