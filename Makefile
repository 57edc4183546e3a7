# Everything happens in .venv (dbt in .venv-dbt), which the targets make as needed: a machine needs GNU make and Python.
#   make demo PYTHON=python3.12     with a Python other than python3
#   make test ARGS='-k columns'     with arguments for the tool that the target runs

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header \
	--no-emit-index-url --no-annotate

.DEFAULT_GOAL := help
.PHONY: help venv orchestrators demo bench test test-targets test-dbt test-orchestrators prerelease audit soak lint \
	schemas docs constraints clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' Makefile

venv: .venv/.installed ## make .venv, with the tap and all that develops it

orchestrators: .orchestrators/airflow/.installed .orchestrators/dagster/.installed ## install Airflow and Dagster, for tests

demo: .venv-dbt/.installed ## run the pipeline twice against an emulated AWS and show what lands
	@PYTHONPATH=tests $(BIN)/python -m demo

bench: .venv/.installed ## measure the tap beside plain boto3 loops; a part of it: ARGS='--cases a,b'
	@$(BIN)/python -m bench $(ARGS)

test: .venv/.installed ## run the tests, on all cores
	@$(BIN)/pytest --numprocesses logical --dist worksteal $(ARGS)

test-targets: .venv/.installed ## load into real targets by Meltano, and look what lands
	@$(BIN)/pytest --numprocesses logical --dist worksteal tests/targets $(ARGS)

test-dbt: .venv-dbt/.installed ## run the tests of the dbt package and the demo
	@$(BIN)/pytest --numprocesses logical --dist worksteal tests/dbt $(ARGS)

test-orchestrators: orchestrators ## run the examples by Airflow and Dagster
	@$(BIN)/pytest --numprocesses logical --dist worksteal tests/orchestrators $(ARGS)

prerelease: .venv/.installed ## run the tests with the newest SDK, pre-releases included; then make clean
	@$(PIP) install --upgrade --pre 'singer-sdk[msgspec]'
	@$(MAKE) --no-print-directory test

audit: .venv/.installed ## look for known vulnerabilities of the locked versions
	@$(BIN)/uv tool run --quiet pip-audit==2.10.1 --strict --disable-pip --requirement constraints.txt --requirement constraints-dbt.txt

soak: .venv/.installed ## play random faults among random catalogs, for minutes: ARGS='--runs 50'
	@$(BIN)/python tests/soak.py $(ARGS)

lint: .venv/.installed ## check style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

schemas: .venv/.installed ## generate tap_glue_metadata/schemas from botocore's model
	@$(BIN)/python scripts/generate_schemas.py $(ARGS)

docs: .venv/.installed ## write what repeats settings and streams: README.md, meltano.yml, ...
	@$(BIN)/python scripts/generate_docs.py
	@$(BIN)/python scripts/generate_stream_docs.py
	@$(BIN)/python scripts/generate_views.py
	@$(BIN)/python scripts/generate_dbt.py
	@PYTHONPATH=tests $(BIN)/python -m demo.lineage
	@$(BIN)/python scripts/generate_target_docs.py

constraints: .venv/.created ## lock versions after a change of pyproject.toml; all anew: ARGS=--upgrade
	@$(PIP) install uv
	@$(COMPILE) pyproject.toml --group dev --extra vault --extra lineage --output-file constraints.txt $(ARGS)
	@$(COMPILE) --group pyproject.toml:dbt --output-file constraints-dbt.txt $(ARGS)

clean: ## remove what is made here, but neither output/ nor Meltano's state
	@rm -rf .venv .venv-dbt .demo .targets .orchestrators build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@rm -rf .meltano/extractors .meltano/loaders .meltano/logs .meltano/run
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { \
		echo 'This needs Python 3.10 or newer, and $(PYTHON) is older or missing.' \
			'Name another one: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo '$(PYTHON) lacks the venv module: install it (on Debian: python3-venv).' >&2; exit 1; }
	@echo 'Making .venv (it takes a while the first time) ...'
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(PIP) install --upgrade 'pip>=25.1' # the first that knows --group
	@touch $@

.venv/.installed: .venv/.created pyproject.toml constraints.txt
	@echo 'Installing into .venv ...'
	@$(PIP) install --require-hashes --requirement constraints.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv-dbt/.installed: .venv/.installed constraints-dbt.txt
	@echo 'Installing dbt into .venv-dbt ...'
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-dbt
	@$(BIN)/uv pip install --quiet --python .venv-dbt --require-hashes --requirement constraints-dbt.txt
	@touch $@

# In environments of their own, for none of them goes together with Meltano. What came out after that
# day is not taken, so that everything they need stays as it was tested.
.orchestrators/%/.installed: examples/%/requirements.txt .venv/.installed
	@echo 'Installing $* ...'
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .orchestrators/$*
	@$(BIN)/uv pip install --quiet --python .orchestrators/$*/bin/python --exclude-newer 2026-11-20 \
		--requirement $<
	@touch $@
