# make demo   the whole loop on the embedded world, in a fresh virtual environment
# make test   everything that is checked: style, types, tests

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN ?= runs/quickstart
ON_RAY := tests/ray tests/e2e
REST := $(filter-out tests/ray/ tests/e2e/ tests/__pycache__/,$(wildcard tests/*/))

.PHONY: demo test test-on-ray test-rest lint types clean

demo: $(VENV)/.installed
	$(BIN)/redraft run configs/quickstart.yaml --out $(RUN) --replace

# What starts Ray waits more than it computes, so the rest runs beside it, and is shown when it is done.
test: $(VENV)/.installed-dev lint types
	@$(MAKE) --no-print-directory --jobs=2 --keep-going test-on-ray test-rest

test-on-ray: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(ON_RAY)

test-rest: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(REST) >$(VENV)/rest.log 2>&1; failed=$$?; cat $(VENV)/rest.log; exit $$failed

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
