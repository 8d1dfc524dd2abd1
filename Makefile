# make demo   the whole loop on the embedded world, in a fresh virtual environment
# make test   everything that is checked: style, types, tests
# make test-cluster   a cluster of five hosts in network namespaces whose machines are cut off and killed; needs root
# make audit  what is known to be unsafe in the pinned versions; asks PyPI

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN ?= runs/quickstart
COMMANDS := $(wildcard tests/e2e/test_cli_*.py)
TRAINING := tests/ray/test_ray_training.py
ALONE := tests/e2e/test_standalone_training.py
RAY := $(filter-out $(TRAINING),$(wildcard tests/ray/test_*.py))
LOOPS := $(filter-out $(COMMANDS) $(ALONE),$(wildcard tests/e2e/test_*.py))
UNITS := tests/unit/ $(COMMANDS)
REST := $(filter-out tests/unit/ tests/ray/ tests/e2e/ tests/cluster/ tests/__pycache__/,$(wildcard tests/*/))
PARTS := test-loops test-training test-alone test-ray test-units test-rest

ASIDE = >$(VENV)/$@.log 2>&1; failed=$$?; cat $(VENV)/$@.log; exit $$failed

.PHONY: demo test test-cluster $(PARTS) lint types audit clean

demo: $(VENV)/.installed
	$(BIN)/redraft run configs/quickstart.yaml --out $(RUN) --replace

# What starts Ray waits more than it computes, so the parts run side by side; the log of each is shown when it is done.
# Ray would let its workers wait for all others, and they are what takes longest. Units and rest alone keep two cores busy.
test: export RAY_worker_niceness = 0
test: $(VENV)/.installed-dev lint
	@$(MAKE) --no-print-directory --jobs=7 --keep-going $(PARTS) types

test-loops: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(LOOPS)

test-training: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(TRAINING) $(ASIDE)

test-alone: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(ALONE) $(ASIDE)

test-ray: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(RAY) $(ASIDE)

test-units: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(UNITS) $(ASIDE)

test-rest: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(REST) $(ASIDE)

# Apart from the tests, because it needs root and a quiet machine; CLUSTER_OUT keeps its logs and report.
test-cluster: $(VENV)/.installed-dev
	$(BIN)/python -m tests.cluster.story $(if $(CLUSTER_OUT),--out $(CLUSTER_OUT))

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

audit: $(VENV)/.installed
	$(BIN)/uv tool run pip-audit --requirement constraints.txt --no-deps --disable-pip --strict

# pip takes torch first, because it knows where a CPU build is kept; uv takes the rest, ten times faster.
INSTALL := VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --constraint constraints.txt

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Redraft needs Python 3.11 or newer; set PYTHON=") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch uv
	$(INSTALL) --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(INSTALL) --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
