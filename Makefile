# Two commands do all the set-up: `make run` and `make test`. Everything lands in .venv and var/.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check bench lock clean

run: $(VENV)/ready
	$(BIN)/python tools/first_sms.py

# Many tests wait, so there are more processes than cores. One that has no test left takes half of another's.
TEST_PROCESSES ?= 4
test: $(VENV)/ready check
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist worksteal

check: $(VENV)/ready
	$(BIN)/ruff check src tests tools bench
	$(BIN)/ruff format --check src tests tools bench
	$(BIN)/mypy src tests bench
	$(BIN)/lint-imports

bench: $(VENV)/ready
	$(BIN)/python bench/run.py

$(VENV)/ready: requirements/dev.lock pyproject.toml
	command -v $(PYTHON) >/dev/null && $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Pin what pyproject.toml asks for, with hashes; the files name no registry.
LOCK := $(BIN)/pip-compile --quiet --generate-hashes --no-header --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock: $(VENV)/ready
	$(LOCK) -o requirements/run.lock pyproject.toml
	$(LOCK) --extra dev -c requirements/run.lock -o requirements/dev.lock pyproject.toml

clean:
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
