# Two commands matter: `make demo` and `make test`. Both install what they need into .venv first.
SCALE ?= 0.1
PORT ?= 3000
PYTHON ?= python3
BIN = .venv/bin
# A file of tests at a time each, so that its fixtures are made once; most of a test is waiting.
SIDE_BY_SIDE = --numprocesses 3 --dist loadfile --no-loadscope-reorder

.PHONY: demo gates report ui test test-versions bench distribution audit lock

demo: .venv/installed
	$(BIN)/wxyc-sandbox demo --scale $(SCALE)

# Is the demo's library covered? The exit code says so; the pattern for a pipeline of one's own.
gates: .venv/installed
	$(BIN)/wxyc-sandbox run --scale $(SCALE) -- \
	    $(BIN)/dagster job execute -m wxyc_assets.definitions -j coverage_gates

report: .venv/installed
	$(BIN)/wxyc-sandbox run --scale $(SCALE) -- $(BIN)/wxyc-assets report

ui: .venv/installed
	$(BIN)/wxyc-sandbox ui --scale $(SCALE) --port $(PORT)

test: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/pytest $(SIDE_BY_SIDE)

# What speaks SQL, on the PostgreSQL of production and on one between: eval "$(.ci/servers)" first.
test-versions: .venv/installed
	for bin in "$$POSTGRES_14_BIN" "$$POSTGRES_15_BIN"; do \
	    test -x "$$bin/postgres" || { echo "no PostgreSQL in '$$bin'; see .ci/servers"; exit 1; }; \
	    $(BIN)/pytest $(SIDE_BY_SIDE) --postgres-bin "$$bin" $(addprefix wxyc_assets_tests/, \
	        adapters flows defs migrations) || exit 1; \
	done

# Known vulnerabilities in what is locked; asks for advisories online, so it is no part of the
# tests. What cannot be looked up is a failure (--strict), or an index without advisories would pass
# for a clean one.
audit: .venv/installed
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	for lock in requirements.lock requirements-prod.lock; do \
	    .venv/audit/bin/pip-audit --strict --disable-pip --require-hashes -r $$lock || exit 1; \
	done

# After a change of the dependencies in pyproject.toml: everything, and what the image holds.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-strip-extras pyproject.toml

lock:
	$(BIN)/pip install --quiet uv
	$(LOCK) --all-extras --group dev --output-file requirements.lock
	$(LOCK) --group build --constraint requirements.lock --output-file requirements-prod.lock

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Ratios of things measured side by side, at scale 1 and 10; takes about a quarter of an hour, on a
# machine with nothing else to do.
bench: .venv/installed
	$(BIN)/python -m wxyc_assets_tests.bench --large 10

# One backfill over three machines (namespaces: it takes root, iproute2 and redis-server), one of
# which is lost in the middle.
distribution: .venv/installed
	$(BIN)/python -m wxyc_assets_tests.e2e.distribution
