# The habits of this project; `make` lists them.
VENV := .venv
BIN := $(VENV)/bin
PYTHON := python3

.PHONY: help check test busy soak bench docs rules format clean

help: ## list these habits
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

CORE := packages/localsocket/setup.py $(wildcard packages/localsocket/src/localsocket/_core/*.[ch])

$(BIN)/localsocket: pyproject.toml packages/localsocket/pyproject.toml packages/localsocket-review/pyproject.toml $(CORE)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q '.[dev]' -e './packages/localsocket[bench,test]' -e './packages/localsocket-review[test]'
	touch $@

check: $(BIN)/localsocket ## everything a change must pass: style, types, layers, unused code, tests, coverage
	PATH="$(CURDIR)/$(BIN):$$PATH" .ci/checks

test: $(BIN)/localsocket ## the tests alone; ARGS="-k name" for some of them
	$(BIN)/pytest $(ARGS)

busy: $(BIN)/localsocket ## the tests RUNS=3 times in their order and in others, beside four programs that keep the machine busy
	PATH="$(CURDIR)/$(BIN):$$PATH" RUNS=$(RUNS) .ci/busy $(ARGS)

soak: $(BIN)/localsocket ## everything at once, with processes that are killed, for SECONDS=600; SEED=number repeats one
	SECONDS=$(or $(SECONDS),600) SEED=$(SEED) $(BIN)/pytest -n 0 -s -m soak packages/localsocket/tests/soak

bench: $(BIN)/localsocket ## compare the speed with Qt's; ARGS="--help" tells how
	$(BIN)/python benchmarks/compare_qt.py $(ARGS)

docs: $(BIN)/localsocket ## build the documentation site, build/site; a warning is an error
	$(BIN)/pip install -q '.[docs]'
	$(BIN)/python -m website.build

rules: $(BIN)/localsocket ## write the pages of the reviewer's rules, docs/rules, anew
	$(BIN)/python -m localsocket_review.rule_pages docs/rules

format: $(BIN)/localsocket ## repair what can be repaired without thought
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove everything that was made here
	git clean -fdX
