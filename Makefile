# make demo   the whole loop on the embedded world, in a fresh virtual environment
# make test   everything that is checked: style, types, tests

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN ?= runs/quickstart
COMMANDS := $(wildcard tests/e2e/test_cli_*.py)
TRAINING := tests/ray/test_ray_training.py
ALONE := tests/e2e/test_standalone_training.py
RAY := $(filter-out $(TRAINING),$(wildcard tests/ray/test_*.py))
LOOPS := $(filter-out $(COMMANDS) $(ALONE),$(wildcard tests/e2e/test_*.py))
REST := $(filter-out tests/ray/ tests/e2e/ tests/__pycache__/,$(wildcard tests/*/)) $(COMMANDS)
PARTS := test-loops test-training test-alone test-ray test-rest

ASIDE = >$(VENV)/$@.log 2>&1; failed=$$?; cat $(VENV)/$@.log; exit $$failed

.PHONY: demo test $(PARTS) lint types clean

demo: $(VENV)/.installed
	$(BIN)/redraft run configs/quickstart.yaml --out $(RUN) --replace

# What starts Ray waits more than it computes, so the parts run side by side; the log of each is shown when it is done.
test: $(VENV)/.installed-dev lint
	@$(MAKE) --no-print-directory --jobs=6 --keep-going $(PARTS) types

test-loops: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(LOOPS)

test-training: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(TRAINING) $(ASIDE)

test-alone: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(ALONE) $(ASIDE)

test-ray: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(RAY) $(ASIDE)

test-rest: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(REST) $(ASIDE)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

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
