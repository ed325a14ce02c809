# Two commands do the work: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3.11
VENV ?= .venv
STUDY ?= var/study
HOST ?= 127.0.0.1
PORT ?= 3000
# An index with CPU-only torch wheels, for machines where the plain one would bring CUDA:
#   make install TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
PYTEST_FLAGS ?=

BIN := $(VENV)/bin
STAMP := $(VENV)/.groprog-installed
KERNEL_SOURCES := $(wildcard groprog_kernels/*.pyx groprog_kernels/*.pxd groprog_kernels/*.h)

.DEFAULT_GOAL := help
.PHONY: help install run test test-slow validators screenshots dev real pombe rare lint docs clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1|/' | column -t -s '|'

install: $(STAMP)  ## the environment: pinned dependencies, compiled kernels

# torch first, so that nothing else chooses its version; build tools next, so that the kernels compile against the pinned numpy.
$(STAMP): pyproject.toml setup.py constraints.txt $(KERNEL_SOURCES)
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on PATH; GroProg needs Python 3.11 (make PYTHON=/path/to/python3.11)"; exit 1; }
	@command -v $${CC:-gcc} >/dev/null || { echo "no C compiler on PATH; the kernels need gcc"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	$(BIN)/python -m pip install --quiet -c constraints.txt setuptools cython numpy
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-build-isolation -e '.[dev,postgres]'
	@touch $@

run: install  ## the bundled study, reads to report
	@test -f $(STUDY)/study.yaml || $(BIN)/groprog simulate $(STUDY)
	$(BIN)/groprog run $(STUDY)/study.yaml
	@echo "The report: $(abspath $(STUDY))/results/report.html"

test: install  ## the tests, in a process a core, four at most
	$(BIN)/python -m pytest -n auto --maxprocesses 4 $(PYTEST_FLAGS)

test-slow: install  ## the tests that take minutes
	$(BIN)/python -m pytest -m 'slow or large' $(PYTEST_FLAGS)

validators: install  ## the official RO-Crate validator, in an environment of its own: it wants an older rich
	test -x .venv-validators/bin/python || $(PYTHON) -m venv .venv-validators
	.venv-validators/bin/python -m pip install --quiet roc-validator==0.13.0 rocrate==0.13.0

screenshots: install  ## pictures of the UI for the README, of the bundled study after `make run`
	GROPROG_SCREENSHOTS=$(abspath docs/images) GROPROG_UI_STUDY=$(STUDY)/study.yaml $(BIN)/python -m pytest -m slow -k click tests/test_ui.py

dev: install  ## the Dagster UI and its daemon over the same study
	@test -f $(STUDY)/study.yaml || $(BIN)/groprog simulate $(STUDY)
	$(BIN)/groprog dev $(STUDY)/study.yaml --host $(HOST) --port $(PORT)

real: install  ## the real study, when its data lie beside the project
	@if test -d ../shared/data; then $(BIN)/groprog run studies/mcf7_lihc/study.yaml; \
	else echo "The data of the real study are not here (../shared/data); see studies/mcf7_lihc/study.yaml for what it reads."; fi

pombe: install  ## fission yeast, reads and sequence, when its data lie beside the project
	@if test -d ../shared/data/pombe; then $(BIN)/python -m studies.pombe.prepare ../shared/data/pombe studies/pombe/genome && \
	$(BIN)/groprog run studies/pombe/study.yaml; \
	else echo "The data of this study are not here (../shared/data/pombe); see studies/pombe/study.yaml for what it reads."; fi

rare: install  ## the study of rare diseases, when its data lie beside the project
	@if test -d ../shared/data/omics; then $(BIN)/groprog run studies/rare_disease/study.yaml; \
	else echo "The data of the study of rare diseases are not here (../shared/data/omics); see studies/rare_disease/study.yaml."; fi

lint: install  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: install  ## the generated pages of docs/
	$(BIN)/python -m groprog_assets.documentation docs

clean:  ## what was built, not what was run (var/ stays)
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find groprog_kernels groprog_assets tests -name __pycache__ -type d -prune -exec rm -rf {} +
	find groprog_kernels -name '*.so' -delete
	rm -f $(STAMP)
