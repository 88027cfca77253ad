# The two main commands are `make demo` and `make test`. Both first install what they need into .venv.
SCALE ?= 0.1
PORT ?= 3000
PYTHON ?= python3
BIN = .venv/bin
# Each process takes one test file at a time, so that fixtures are made once. Tests mostly wait, so
# several run side by side, the longest files first.
SIDE_BY_SIDE = --numprocesses 5 --dist loadfile --no-loadscope-reorder

# Python keeps its bytecode: each of the many processes would compile the same modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo gates report ui test test-versions mutants bench distribution audit sbom lock fuzz pictures release clean help

demo: .venv/installed ## run the main job on an embedded PostgreSQL and a pretend LML (SCALE=0.1)
	$(BIN)/wxyc-sandbox demo --scale $(SCALE)

# A pattern for your own pipeline.
gates: .venv/installed ## check the demo's coverage; the exit code is the result
	$(BIN)/wxyc-sandbox run --scale $(SCALE) -- \
	    $(BIN)/dagster job execute -m wxyc_assets.definitions -j coverage_gates

report: .venv/installed ## write the demo's coverage to coverage.html
	$(BIN)/wxyc-sandbox run --scale $(SCALE) -- $(BIN)/wxyc-assets report

ui: .venv/installed ## serve the Dagster UI for the demo's data (PORT=3000)
	$(BIN)/wxyc-sandbox ui --scale $(SCALE) --port $(PORT)

test: .venv/installed ## run linters, type checker, layer contracts and all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m compileall -q wxyc_assets wxyc_sandbox  # also where nothing may cache it later
	{ $(BIN)/lint-imports && $(BIN)/pyright --pythonpath $(BIN)/python; } & checkers=$$!; \
	    .ci/with-shm $(BIN)/pytest $(SIDE_BY_SIDE); tests=$$?; \
	    wait $$checkers || { echo "The layer contracts or types are broken: see above"; exit 1; }; \
	    exit $$tests

# Tests of everything that uses SQL, on production's PostgreSQL version and one newer:
# run eval "$(.ci/servers)" first.
test-versions: .venv/installed ## run the tests of SQL on other versions of PostgreSQL
	for bin in "$$POSTGRES_14_BIN" "$$POSTGRES_15_BIN"; do \
	    test -x "$$bin/postgres" || { echo "no PostgreSQL in '$$bin'; see .ci/servers"; exit 1; }; \
	    $(BIN)/pytest $(SIDE_BY_SIDE) --postgres-bin "$$bin" $(addprefix wxyc_assets_tests/integration/, \
	        adapters flows defs migrations) || exit 1; \
	done

# Changes the code of the checks in each of its operators, constants and conditions: a unit test must
# notice every change.
mutants: .venv/installed ## check that unit tests notice every change to the checks
	$(BIN)/python -m wxyc_assets_tests.mutants

# Hostile bodies and hostile HTTP for the client of LML, with new seeds for an hour.
FUZZ_MINUTES ?= 60

fuzz: .venv/installed ## send hostile bodies and HTTP to the client of LML (FUZZ_MINUTES=60)
	$(BIN)/python -m wxyc_assets_tests.fuzz $(FUZZ_MINUTES)

# The pictures in the README: a demo's assets in the UI, and its report. Needs Chromium.
pictures: .venv/installed ## take the pictures in the README again (Chromium)
	$(BIN)/python -m wxyc_assets_tests.pictures

# Known vulnerabilities in the locked packages. This fetches advisories, so it is not part of the
# tests. With --strict a package that cannot be looked up is a failure; otherwise an index without
# advisories would look like a clean result.
audit: .venv/installed ## look for known vulnerabilities in the locked packages
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	for lock in requirements.lock requirements-prod.lock; do \
	    .venv/audit/bin/pip-audit --strict --disable-pip --require-hashes -r $$lock || exit 1; \
	done

# What the image contains, in CycloneDX: each package with its version and hashes, from the lock.
sbom: .venv/installed ## list what the image contains, in dist/wxyc-assets.cdx.json
	mkdir -p dist
	$(BIN)/cyclonedx-py requirements requirements-prod.lock --pyproject pyproject.toml \
	    --output-reproducible --output-file dist/wxyc-assets.cdx.json

# Run after changing dependencies in pyproject.toml: locks everything, and what the image contains.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-strip-extras pyproject.toml

lock: ## lock the dependencies again, after a change in pyproject.toml
	$(BIN)/pip install --quiet uv
	$(LOCK) --all-extras --group dev --output-file requirements.lock
	$(LOCK) --group build --constraint requirements.lock --output-file requirements-prod.lock

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	# On all cores, unlike pip; compileall's own processes need room in /dev/shm.
	find .venv/lib -mindepth 3 -maxdepth 3 -print0 | \
	    xargs -0 -n 20 -P "$$(nproc)" $(BIN)/python -m compileall -qq
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Speed ratios, measured side by side at scale 1 and 10. Takes about 15 minutes; nothing else should
# run on the machine.
bench: .venv/installed ## measure speed, side by side at scale 1 and 10 (15 minutes)
	$(BIN)/python -m wxyc_assets_tests.bench --large 10

# One backfill over three machines; one is lost, one has a wrong clock. The machines are namespaces:
# needs root, iproute2, redis-server and faketime.
distribution: .venv/installed ## run one backfill over three machines (root)
	$(BIN)/python -m wxyc_assets_tests.e2e.distribution

release: ## tag this commit as the version in pyproject.toml
	.ci/release

# The demo's data (.sandbox) and the installation (.venv) stay.
clean: ## remove caches and built files
	rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist coverage.html rehearsal.png
	find . -path ./.venv -prune -o -path ./.sandbox -prune -o -name __pycache__ -type d -exec rm -rf {} +

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
