# Everything a visitor or CI needs; `demo` and `test` set themselves up.
PY := .venv/bin/python
BIN := .venv/bin
PYTHON3 := $(shell for p in python3.13 python3.12 python3.11 python3 python3.14; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VECTORS ?= ../shared/vectors
SCENARIOS ?= $(wildcard ../shared/scenarios/*.toml) $(wildcard tests/scenarios/*.toml)
DEMO_DIR ?= demo-out
SERVICES := $(patsubst protos/%,%,$(wildcard protos/ledger/v1/*_service.proto))

.PHONY: help setup demo test scenarios tamper fuzz forkdemo lint format generate bench conformance clean

help:  ## Show this help.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

.venv/.synced: pyproject.toml uv.lock
	@if [ -z "$(PYTHON3)" ]; then \
		echo "voucher-ledger needs Python 3.11 or newer: install it (for example: apt-get install python3 python3-venv) and run make again." >&2; exit 2; fi
	@test -x .venv/bin/uv || { $(PYTHON3) -m venv .venv && .venv/bin/python -m pip install --quiet --disable-pip-version-check uv; }
	@.venv/bin/uv sync --locked --quiet --inexact
	@touch $@

setup: .venv/.synced  ## Make .venv with everything in it.

demo: setup  ## Play a programme year, audit it, and catch a changed byte.
	@rm -rf $(DEMO_DIR)
	@$(BIN)/voucherd demo --dir $(DEMO_DIR)

test: setup  ## Run the tests.
	$(PY) -m pytest -q -n 2 --dist worksteal tests $(if $(wildcard $(VECTORS)),--vectors=$(VECTORS))

conformance: setup  ## Run other people's test vectors (VECTORS=DIR).
	$(PY) -m pytest -q tests/conformance --vectors=$(VECTORS)

scenarios: setup  ## Play scenario files through the real server (SCENARIOS="FILE …").
	$(BIN)/voucherctl scenario run $(SCENARIOS)

tamper: setup  ## Spoil the golden ledgers and see the audit find it (MUTANTS=0 runs all).
	@PYTHONPATH=tests $(PY) -m tampering.matrix --mutants $(or $(MUTANTS),20000)

forkdemo: setup  ## Fork a log between two witnesses, and prove it.
	@$(PY) tools/dev/catch_a_fork.py build/fork-demo

FUZZ_RUNS ?= 100000
fuzz: setup  ## Fuzz every parser (FUZZ_RUNS=N, FUZZ_TARGETS="NAME …").
	@$(BIN)/uv sync --locked --quiet --inexact --group fuzz
	@PYTHONPATH=tests $(PY) -m fuzz.run --runs $(FUZZ_RUNS) $(FUZZ_TARGETS)

lint: setup  ## Check style, types, import directions, protos and generated code.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p ledger -p ledger_server -p ledger_witness -p ledger_cli -p ledger_play -p ledger_audit
	$(BIN)/lint-imports
	PATH="$(CURDIR)/.venv/bin:$$PATH" buf lint
	@$(MAKE) --no-print-directory generate OUT=build/generated
	@diff -r -x __pycache__ -x __init__.py ledger/v1 build/generated/ledger/v1 || { echo "generated code has drifted: run 'make generate'" >&2; exit 1; }

format: setup  ## Format the code.
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .

OUT ?= .
generate: setup  ## Generate ledger/v1 from protos/.
	@mkdir -p $(OUT)
	@PATH="$(CURDIR)/.venv/bin:$$PATH" buf generate --output $(OUT) 2>/dev/null
	@$(PY) -m grpc_tools.protoc -Iprotos --grpc_python_out=$(OUT) $(SERVICES)
	@find $(OUT)/ledger/v1 -name '*_pb2_grpc.pyi' ! -name '*_service_pb2_grpc.pyi' -delete

bench: setup  ## Measure; prints one JSON object.
	@PYTHONPATH=tools $(PY) -m bench $(BENCH_ARGS)

clean:  ## Remove what was built.
	rm -rf build demo-out .cache
