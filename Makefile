# Two commands do the work: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3.11
VENV ?= .venv
STUDY ?= var/study
HOST ?= 127.0.0.1
PORT ?= 3000
# An index with CPU-only torch wheels, for machines where the plain one would bring CUDA:
#   make install TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
# What is installed beside the run-time dependencies; `make install EXTRAS=` leaves the developers' tools out.
EXTRAS ?= [dev,postgres]
WHEELS ?= wheels
PYTEST_FLAGS ?=

PIP_FLAGS := --disable-pip-version-check --progress-bar on -c constraints.txt

BIN := $(VENV)/bin
STAMP := $(VENV)/.groprog-installed
KERNEL_SOURCES := $(wildcard groprog_kernels/*.pyx groprog_kernels/*.pxd groprog_kernels/*.h)

.DEFAULT_GOAL := help
.PHONY: help install wheels run test test-slow validators screenshots figures dev real pombe rare lint docs clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1|/' | column -t -s '|'

install: $(STAMP)  ## the environment: pinned dependencies, compiled kernels

# torch first, so that nothing else chooses its version; build tools next, so that the kernels compile against the pinned numpy.
$(STAMP): pyproject.toml setup.py constraints.txt $(KERNEL_SOURCES)
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on PATH; GroProg needs Python 3.11 to 3.13 (make PYTHON=/path/to/python3)"; exit 1; }
	@command -v $${CC:-gcc} >/dev/null || { echo "no C compiler on PATH; the kernels need gcc"; exit 1; }
	@free=$$(df -Pm . | awk 'NR==2 {print $$4}'); echo "Installing into $(VENV): about 2 GB (docs/install.md), $$free MB free; some minutes, most of them downloads"; \
	  [ "$$free" -gt 3000 ] || echo "! That may not be enough."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "1 of 4: torch, the largest package (0.7 GB installed; several GB with CUDA)"
	$(BIN)/python -m pip install $(PIP_FLAGS) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	@echo "2 of 4: build tools"
	$(BIN)/python -m pip install $(PIP_FLAGS) setuptools cython numpy
	@echo "3 of 4: the other packages (1.3 GB installed) and the kernels, which are compiled (about a minute)"
	$(BIN)/python -m pip install $(PIP_FLAGS) --no-build-isolation -e '.$(EXTRAS)'
	@echo "4 of 4: done; $(VENV) takes $$(du -sh $(VENV) | cut -f1). Next: make run"
	@touch $@

wheels:  ## the pinned wheels of the run-time dependencies into wheels/, for an install without a network (Containerfile)
	$(PYTHON) -m pip download --only-binary=:all: -d $(WHEELS) -c constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch==2.13.0 setuptools cython numpy wheel
	$(PYTHON) -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']))" > $(WHEELS)/requirements.txt
	$(PYTHON) -m pip download --only-binary=:all: -d $(WHEELS) -c constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r $(WHEELS)/requirements.txt

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

screenshots: install  ## pictures of the UI, the report and a locus for the documentation, of the bundled study after `make run`
	GROPROG_SCREENSHOTS=$(abspath docs/images) GROPROG_UI_STUDY=$(STUDY)/study.yaml $(BIN)/python -m pytest -m slow -k 'click or picture' tests/test_ui.py tests/report/test_in_browser.py

figures: run  ## small images of the figures of the bundled study for docs/figures.md, and the pages of docs/
	$(BIN)/python -m groprog_assets.documentation docs --figures $(STUDY)/results

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

rare: install  ## the studies of rare diseases, when their data lie beside the project
	@if test -d ../shared/data/omics; then $(BIN)/groprog run studies/rare_disease/study.yaml && $(BIN)/groprog run studies/duchenne/study.yaml; \
	else echo "The data of the studies of rare diseases are not here (../shared/data/omics); see studies/rare_disease/study.yaml."; fi

lint: install  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: install  ## the generated pages of docs/, and all pages as HTML in build/docs
	$(BIN)/python -m groprog_assets.documentation docs build/docs

clean:  ## what was built, not what was run (var/ stays)
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find groprog_kernels groprog_assets tests -name __pycache__ -type d -prune -exec rm -rf {} +
	find groprog_kernels -name '*.so' -delete
	rm -f $(STAMP)
