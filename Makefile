# The verbs of this project. A bare `make` lists them.
# Everything runs in .venv, which is built from the one lock file, binder/requirements.txt.

SHELL  := bash
PYTHON ?= python3
UV     ?= uv
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/package.stamp
DOCS   := build/docs-venv
PYTEST := $(BIN)/python -m pytest -q
# Nobody's own progress changes what a lesson shows here.
NBVAL  := ENERGYCHAIN_PROGRESS=off $(PYTEST) -n auto --dist loadscope --nbval --nbval-current-env --nbval-cell-timeout=60
SAY    := @printf '\n== %s\n'

.PHONY: help lab test types lint unit pycryptodome-3 lessons mutation reproduce bench \
        browser-test binder-check docs docs-check docs-test save lock wheel clean
.DEFAULT_GOAL := help

help:
	@printf 'make <verb>, where <verb> is one of\n\n'
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' Makefile | awk -F '\t' '{ printf "  %-16s %s\n", $$1, $$2 }'

lab: $(READY)  ## open JupyterLab on the first lesson
	$(BIN)/energychain lab

test: $(READY)  ## run everything: types, lint, tests, examples, lessons, mutations, textbook
	@$(MAKE) --no-print-directory types lint unit pycryptodome-3 lessons mutation docs-check
	$(SAY) 'all of it passed; the unit tests and examples once more in one line:'
	@tail -n 1 build/unit.txt

types: $(READY)  ## check the types
	$(SAY) 'types'
	@$(BIN)/mypy

lint: $(READY)  ## check the style of code and lessons
	$(SAY) 'lint'
	@$(BIN)/ruff check --quiet . && echo 'ruff: nothing to mend'
	@$(BIN)/python -m energychain.lessons lint

unit: $(READY)  ## run unit tests, property tests, docstring and README examples
	$(SAY) 'unit and property tests, docstrings, README'
	@mkdir -p build
	@set -o pipefail; $(PYTEST) -n auto | tee build/unit.txt

pycryptodome-3: $(READY) build/pycryptodome-3.stamp  ## run the core's tests on pycryptodome 3.x
	$(SAY) 'the core on the 3.x line of pycryptodome'
	@PYTHONPATH=build/pycryptodome-3 $(PYTEST) -n auto $(wildcard tests/primitives tests/ledger tests/contracts)

build/pycryptodome-3.stamp: tests/pycryptodome-3.txt $(READY)
	@rm -rf build/pycryptodome-3
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps \
	    --target build/pycryptodome-3 -r tests/pycryptodome-3.txt
	@touch $@

lessons: $(READY)  ## run the lessons against their saved outputs, twice
	$(SAY) 'lessons, strictly compared with what is saved'
	@PYTHONHASHSEED=1 TZ=UTC $(NBVAL) lessons
	$(SAY) 'lessons again: another hash seed, another time zone'
	@PYTHONHASHSEED=2 TZ=Asia/Kathmandu $(NBVAL) lessons
	$(SAY) 'lessons are saved in normal form'
	@$(BIN)/python -m energychain.lessons save --check

mutation: $(READY)  ## change constants that matter; each lesson must notice
	$(SAY) 'mutations'
	@$(BIN)/python -m tests.mutation

reproduce: $(READY)  ## print every published number beside ours
	@$(BIN)/energychain reproduce

bench: $(READY)  ## measure the speed of the core against bare pycryptodome, and the memory of the lessons
	@$(BIN)/python -m benchmarks

browser-test: $(READY)  ## run the lessons in a real browser (needs Chromium)
	@$(BIN)/python -m pytest -q tests/browser

binder-check:  ## carry out Binder's recipe in a fresh environment, all but the image (minutes)
	@PYTHON=$(PYTHON) tests/binder_check.sh

docs: $(DOCS)/package.stamp  ## build the textbook into build/docs (warnings are errors)
	$(SAY) 'the textbook'
	@$(DOCS)/bin/python docs/build.py && echo 'open build/docs/index.html'

docs-check: docs  ## build the textbook and hold it to its promises: links, words, contrast
	@$(DOCS)/bin/python -m pytest -q -rs tests/docs

docs-test: docs-check  ## the same, and in a browser (needs Chromium)
	@$(DOCS)/bin/python -m pytest -q -rs tests/browser/test_docs_browser.py

save: $(READY)  ## run the lessons and save them in normal form
	@$(BIN)/python -m energychain.lessons save

# pip looks up a package with an extra and without it one by one, and takes newer ones than are
# pinned for the other: so both are pinned.
TWINS := awk '/^[^ \#]/ { printf "%s", twin; twin = ""; extra = /^[^ =]*\[/ } { print } \
    extra { line = $$0; sub(/\[[^]]*\]/, "", line); twin = twin line "\n" } END { printf "%s", twin }'

lock:  ## resolve the pins again (needs uv); LOCKFLAGS=--upgrade takes newer ones
	@command -v $(UV) >/dev/null || { echo 'make lock needs uv: python3 -m pip install uv'; exit 1; }
	@cp binder/requirements.txt lock.tmp
	@$(UV) pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	    --generate-hashes --no-strip-extras --no-header --no-emit-index-url $(LOCKFLAGS) \
	    --extra lab --extra dev pyproject.toml --output-file lock.tmp
	@{ echo '# Exact versions of everything, with hashes: the one lock file, read by make, by Binder and by CI.'; \
	   echo '# For Linux, macOS and Windows, Python 3.11 to 3.13. Made from pyproject.toml by: make lock'; \
	   $(TWINS) lock.tmp; } > binder/requirements.txt
	@rm lock.tmp
	@cp docs/requirements.txt lock.tmp 2>/dev/null || true
	@$(UV) pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	    --generate-hashes --no-strip-extras --no-header --no-emit-index-url $(LOCKFLAGS) -c binder/requirements.txt \
	    --extra lab --extra dev --extra docs pyproject.toml --output-file lock.tmp
	@{ echo '# The textbook needs a little more than the lessons: the same versions, and Sphinx. Made by: make lock'; \
	   $(TWINS) lock.tmp; } > docs/requirements.txt
	@rm lock.tmp

wheel: $(READY)  ## build the wheel into dist/
	@$(BIN)/python -m pip wheel -qq --no-deps --no-build-isolation --wheel-dir dist . && ls dist

clean:  ## remove everything that these verbs made, .venv included
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# .venv is made anew when the lock changes; the package itself is linked again when pyproject.toml does.

$(VENV)/lock.stamp: binder/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "energychain needs Python 3.11 or later, and '$(PYTHON)' is not that."; \
	    echo 'Install one, or name it: make PYTHON=python3.12 ...'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "'$(PYTHON)' cannot make a virtual environment: its module venv is missing."; \
	    echo 'On Debian and Ubuntu: apt-get install python3-venv'; exit 1; }
	@echo 'Building .venv from binder/requirements.txt (a minute or two) ...'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r binder/requirements.txt
	@touch $@

# The textbook has an environment of its own, so that the classroom's stays small.

$(DOCS)/package.stamp: docs/requirements.txt pyproject.toml
	@echo 'Building $(DOCS) from docs/requirements.txt (a minute or two) ...'
	@$(PYTHON) -m venv --clear $(DOCS)
	@$(DOCS)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r docs/requirements.txt
	@$(DOCS)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Voila's preview button is switched off: it would fetch an icon font from another server.

$(READY): $(VENV)/lock.stamp pyproject.toml binder/overrides.json binder/page_config.json
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@mkdir -p $(VENV)/share/jupyter/lab/settings
	@cp binder/overrides.json binder/page_config.json $(VENV)/share/jupyter/lab/settings
	@touch $@
