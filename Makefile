# Every command of the project; `make` alone lists them.
PYTHON ?= python3
PORT ?= 8080
URL ?= http://localhost:$(PORT)
VENV := .venv
BIN := $(VENV)/bin
export PORT

.DEFAULT_GOAL := help
.PHONY: help run dev bundles test test-pages test-starts test-rollouts chaos fuzz integration page check-pages up down rollout seed check format lock audit sbom screenshots bench bench-memory bench-fair bench-large bench-matrix

help: ## List these commands
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Develop

run: $(VENV)/runtime.done ## Serve the whole site from one process on http://localhost:8080 (PORT= for another)
	@$(BIN)/python -m gateway

dev: $(VENV)/runtime.done ## As run, and reload when a file changes
	@$(BIN)/python -m gateway.dev

page: $(VENV)/runtime.done ## Write a new page, its test and its entries: make page NAME=scatter
	@$(BIN)/python -m portico.scaffold.new_page "$(NAME)"

bundles: ## Fetch the smaller plotly.js that pages.toml names, as images do; without it the whole one is used (needs npm)
	@mkdir -p shared/bundles && cd shared/bundles && sh ../../requirements/plotly-bundles.sh ../../pages.toml

check-pages: $(VENV)/runtime.done ## Build and warm every page, and print one line for each problem
	@$(BIN)/python -m portico.page.check_pages

test: $(VENV)/dev.done ## Run every test that this machine can run, and say what was skipped and why
	@$(BIN)/python -m pytest

test-pages: $(VENV)/dev.done ## Test your own pages, with your data, in a minute: each is wired, opens, and its first callbacks answer
	@$(BIN)/python -m pytest tests/pages tests/test_wiring.py

test-starts: $(VENV)/dev.done ## The long form of the first requests: 20 starts of every mode, 300 requests after `up --wait`, all answered
	@$(BIN)/python -m pytest tests/site/test_first_requests.py tests/containers/test_first_requests.py --starts 20

test-rollouts: $(VENV)/dev.done ## The long form of the rollouts: 10 in a row under load, 50,000 requests
	@$(BIN)/python -m pytest tests/containers/test_rollout.py --rollouts 10

chaos: $(VENV)/dev.done ## Strike the site in containers with fault after fault under load, half an hour: make chaos FAULTS="kill freeze"
	@$(BIN)/python -m tests.chaos $(or $(FAULTS),--write)

fuzz: $(VENV)/dev.done ## Look for requests that cost a gateway more than 10 ms: make fuzz URL=… PROCESS=its-main-process REQUESTS=100000
	@$(BIN)/python -m tests.security "$(URL)" "$(PROCESS)" $(REQUESTS)

integration: $(VENV)/dev.done ## Run the integration tests against a running site: make integration URL=https://…
	@$(BIN)/python -m pytest tests/site --url "$(URL)"

##@ Containers

up: ## Build and start the site in containers, and wait until it is healthy
	docker compose up --build --detach --wait

down: ## Stop the containers and remove them
	docker compose --profile database down

rollout: ## Roll out a new build without a failed request: make rollout PAGE=barchart; all that changed without PAGE=
	@$(PYTHON) -m deploy.rollout $(PAGE)

seed: ## Start a PostgreSQL beside the site and load the sample into it: make seed POSTGRES_PASSWORD=…
	@test -n "$$POSTGRES_PASSWORD" || { echo "make seed: POSTGRES_PASSWORD is empty; choose one, for the role that reads" >&2; exit 2; }
	@docker compose --profile database up --detach --wait database
	@docker compose build --quiet barchart
	@sample=$$(mktemp) && trap 'rm -f "$$sample"' EXIT \
		&& docker compose run --rm --no-TTY --no-deps barchart python -m portico.data.engines.postgres.seed >"$$sample" \
		&& docker compose exec --no-TTY database psql --quiet --no-psqlrc --username postgres --dbname portico <"$$sample"
	@echo "Now, with that password (and % for what an address cannot hold, as in %40 for @):"
	@echo "  PORTICO_DATA=postgresql://reader:PASSWORD@database/portico docker compose up --detach"

##@ Maintain

check: $(VENV)/dev.done ## Lint, type-check and hold the layers, change nothing
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/dev.done ## Format, and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(VENV)/dev.done ## Write the locks again from pyproject.toml
	@LOCK_WITH=$(BIN)/pip-compile sh requirements/lock.sh

audit: $(VENV)-audit/done ## Ask for known vulnerabilities of every locked package; fails, and says so, where none can be asked
	@$(VENV)-audit/bin/python -m deploy.audit $(addprefix requirements/,$(addsuffix .txt,runtime dev stock audit))

sbom: $(VENV)-audit/done ## Write what each image holds into sbom/, in the CycloneDX format
	@docker compose build --quiet
	@$(VENV)-audit/bin/python -m deploy.sbom sbom

screenshots: $(VENV)/dev.done ## Take the README's pictures of a running site: make screenshots URL=http://…
	@$(BIN)/python docs/screenshots.py "$(URL)"

bench: $(VENV)/dev.done $(VENV)-stock/done ## Measure the site beside stock Dash, into docs/benchmarks.md, half an hour; or print: make bench PARTS="visits callbacks"
	@STOCK_PYTHON=$(CURDIR)/$(VENV)-stock/bin/python $(BIN)/python -m bench $(or $(PARTS),--write)

bench-memory: $(VENV)/dev.done $(VENV)-stock/done ## Measure start and memory beside a stock Dash Pages site
	@STOCK_PYTHON=$(CURDIR)/$(VENV)-stock/bin/python $(BIN)/python -m bench.start_and_memory

bench-matrix: $(VENV)/dev.done ## Count charts, refusals and kills of large queries in default containers, 15 minutes
	@$(BIN)/python -m bench.memory_matrix

bench-fair: $(VENV)/dev.done ## Measure what a client waits while another is at its limits, in default containers, 3 minutes
	@$(BIN)/python -m bench.fair_share

bench-large: $(VENV)/dev.done $(VENV)-stock/done ## Measure charts of ten million rows beside pandas
	@STOCK_PYTHON=$(CURDIR)/$(VENV)-stock/bin/python $(BIN)/python -m bench.large_table

# A lock that changed is installed again; the stamp is newer than the lock it was made from.
$(VENV)/runtime.done: requirements/runtime.txt
	@echo "Installing into $(VENV): once, it takes a minute or two"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(VENV)-stock/done: requirements/stock.txt
	@test -x $(VENV)-stock/bin/python || $(PYTHON) -m venv $(VENV)-stock
	@$(VENV)-stock/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(VENV)-audit/done: requirements/audit.txt
	@test -x $(VENV)-audit/bin/python || $(PYTHON) -m venv $(VENV)-audit
	@$(VENV)-audit/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(VENV)/dev.done: requirements/dev.txt $(VENV)/runtime.done
	@echo "Installing what the tests need into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@
