# Two commands matter: `make reproduce` and `make test`. Each creates what it needs.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   ?= .venv
PY      = $(VENV)/bin/python
READY   = $(VENV)/.ready
TEACHER = $(VENV)/.course
SMOKE   = .fer_cache/smoke

.PHONY: reproduce compare record test test-rounding test-gpu smoke lab lab-fresh course slides report notebooks docs bench \
        data lint clean

reproduce: $(READY)   ## run every notebook headless into results/local/, print verdicts, compare with the recorded runs
	$(PY) -m fer_utils reproduce $(ARGS)

compare: $(READY)     ## hold each number of your runs against the recorded one
	$(PY) -m fer_utils compare $(ARGS)

record: $(READY)      ## replace the recorded runs in results/, which git keeps and the README quotes
	$(PY) -m fer_utils reproduce --record $(ARGS)

# A process a core and a thread a process (tests/conftest.py); a file's tests stay together, for they share fixtures,
# and the slow files come first.
PARALLEL  = -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# What torch and TensorFlow compute; detectors, crops and numba's loops do not ask them.
COMPUTING = tests/papers tests/gans tests/test_image_features.py tests/test_image_quality.py
EXACT     = estimate figures claims claims_arithmetic settings words planning answers finding a_sixth_paper no_waiting \
            cast experiments search svm gdm gwr retention complexity points

test: $(READY)        ## run the tests
	$(PY) -m pytest $(PARALLEL) $(ARGS)

test-rounding: $(READY) ## run what computes once more, as a processor without AVX-512 rounds
	@widest=$$($(PY) -c 'import torch; print(torch.backends.cpu.get_cpu_capability())') || exit 1; \
	if [ "$$widest" != AVX512 ]; then \
	  echo "This processor has no AVX-512: its rounding is what \`make test\` has seen"; \
	else set -x; ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=1 \
	  $(PY) -m pytest $(PARALLEL) $(EXACT:%=--ignore-glob '*/test_%.py') $(COMPUTING) $(ARGS); fi

test-gpu: $(READY)    ## where there is an NVIDIA GPU: does a captured step do what the same kernels do one by one?
	FER_TEST_GPU=1 $(PY) -m pytest tests/test_graphs.py tests/gans/test_on_a_gpu.py tests/papers/clifer/test_on_a_gpu.py $(ARGS)
	FER_TEST_GPU=1 $(PY) -m pytest tests/benchmarks/test_graphs_benchmark.py --benchmark-only $(ARGS)

smoke: $(READY)       ## run every notebook at the smallest size, side by side: does each cell run?
	$(PY) -m fer_utils reproduce --profile smoke --results $(SMOKE) $(ARGS)

lab: $(READY)         ## open a working copy of the notebooks (work/) in JupyterLab, on this machine only, with a token
	$(PY) -m fer_utils.reproduce.lab $(ARGS)

lab-fresh: $(READY)   ## the same with new copies; edited ones are kept beside them
	$(PY) -m fer_utils.reproduce.lab --fresh $(ARGS)

course: $(TEACHER)    ## write the students' version of the exercises (course/release) from course/source, and check both
	$(PY) course/student_version.py
	$(PY) -m pytest $(PARALLEL) tests/course $(ARGS)

slides: $(TEACHER)    ## one deck a notebook, from the recorded runs, into work/slides (ARGS=05: one of them)
	$(PY) course/slides.py $(ARGS)

report: $(READY)      ## rebuild results/local/index.html from your signed runs (ARGS=--record: results/index.html)
	$(PY) -m fer_utils report $(ARGS)

notebooks: $(READY)   ## after a change that is meant: strip outputs, say what is shipped
	$(PY) -m fer_utils.reproduce.shipped

docs: $(READY)         ## build the documentation into site/; a dead link ends the build
	$(PY) -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build -q

bench: $(READY)       ## measure the speed ratios again, write results/benchmarks.json
	$(PY) -m pytest tests/benchmarks --benchmark-only $(ARGS)

data: $(READY)        ## which data sets are here, which are missing, how to get them
	$(PY) -m fer_utils data

lint: $(READY)         ## style, layout and types
	$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy

clean:                ## remove the environment, every cache and your own runs; the recorded runs stay
	rm -rf $(VENV) .fer_cache site results/scratch results/local

# pip resolves nothing here: constraints.txt names the one version of everything.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
	  { echo "Python 3.11 or 3.12 is needed; found: $$($(PYTHON) --version). Say which: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check --progress-bar on -c constraints.txt -e '.[test]'
	@touch $@

# nbgrader is for those who make, collect and mark exercises; solving them needs nothing more.
$(TEACHER): $(READY)
	$(PY) -m pip install --disable-pip-version-check --progress-bar on -c constraints.txt -e '.[test,course]'
	@touch $@
