# Everything builds its own virtual environment first; nothing else has to be installed by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EVALUATION := examples/support-bot/evaluation.yaml

.PHONY: demo test assets browser screenshots lint types check format benchmarks clean

# A new machine installs with the versions that were tested together; hashes and addresses stay out of the file.
$(STAMP): pyproject.toml constraints.txt package.json hatch_build.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Lattice and what it needs into $(VENV) (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/lattice models pull smollm2
	@cd examples/support-bot && ../../$(BIN)/lattice run evaluation.yaml

# Each test file stays with one worker, so that its servers and models start once; the suite says which go first.
test: $(STAMP) browser
	@$(BIN)/lattice models pull smollm2
	@$(BIN)/python -m pytest -q -rs -n 2 --dist loadfile --no-loadscope-reorder

# What the Studio's pages load, pinned in package.json; the installation has brought it, unless it was deleted since.
assets: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .

# The pages are tested in Debian's chromium; nothing is installed where it is there already.
browser:
	@tools/install-browser

screenshots: $(STAMP) browser
	@$(BIN)/python -m tools.screenshots

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP)
	@$(BIN)/mypy

check: lint types test

format: $(STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

benchmarks: $(STAMP)
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file; done

clean:
	rm -rf $(VENV) build dist src/lattice/studio/static/vendor tests/browser/vendor .mypy_cache .ruff_cache .pytest_cache
