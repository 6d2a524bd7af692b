# Two commands matter: `make demo` runs the main job, `make test` proves it. Both install what they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test check bench lock clean

demo: $(READY)  ## scan, bench, recommend, report and gate on the models that ship
	$(BIN)/rightsize demo

test: $(READY)  ## every test
	$(BIN)/python -m pytest

check: $(READY)  ## lint, types, import rules, README against --help
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.check_readme

# Short ones first, then those that measure for long.
BENCHMARKS := coverage gate_power overhead fidelity twin trust race agreement engines prediction throughput

bench: $(READY)  ## the claims we make, each measured against the other side in one run; a failed one stops no other
	@failed=; \
	for name in $(BENCHMARKS); do \
	  echo "== benchmarks/$$name.py"; \
	  $(BIN)/python benchmarks/$$name.py || failed="$$failed $$name"; \
	done; \
	if [ -n "$$failed" ]; then echo "Failed:$$failed" >&2; exit 1; fi

lock:  ## choose versions anew
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --output-file requirements.lock

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# GCC compiles llama.cpp's AMX code wrongly unless it keeps every store (rightsize/engines/llama_cpp/amx.py says more).
ifneq (,$(findstring amx_tile,$(shell grep -m1 -o amx_tile /proc/cpuinfo 2>/dev/null)))
ifneq (,$(findstring Free Software Foundation,$(shell c++ --version 2>/dev/null)))
export CXXFLAGS += -fno-dse -fno-tree-dse
endif
endif

# llama-cpp-python compiles llama.cpp from source: about six minutes the first time on two cores, after which
# pip keeps the wheel.
$(READY): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV); the first time this compiles llama.cpp (about 6 minutes on 2 cores)"
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[dev]'
	@touch $(READY)
