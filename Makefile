# Two jobs: `make run` shows the whole chain on generated data, `make test` runs every test.
# Both make .venv first and skip what is already done. Python 3.11+ is all that they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test coverage dev lint fuzz clean

run: $(VENV)/.installed
	$(BIN)/optix demo

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --no-loadscope-reorder

# the same tests, and which lines they ran; tracing makes them a third slower
coverage: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --no-loadscope-reorder --cov --cov-report=term:skip-covered

dev: $(VENV)/.installed
	$(BIN)/optix dev

# damages the sample files of every vendor format, 10,000 times each
fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m resources.providers.fuzz tests/resources/providers/contract_cases/*.py

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy engine
	$(BIN)/lint-imports

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "OPTIX needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: -c constraints.txt hatchling editables
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .optix
