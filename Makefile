# Each target runs one command of local/ (local/arguments.py lists them with their options). Values such as REASON=… reach the
# command as environment variables, never as text of a shell command line.
# For another interpreter: make PYTHON=python3.12 up
PYTHON ?= python3
LOCAL := $(PYTHON) -m local

.DEFAULT_GOAL := help
.PHONY: help up down env demo screenshots invoke reconcile explain redrive replay rebuild-views restore limits check test simulate cost cost-deployed cost-growth model model-deep guards mutants fuzz fuzz-one bench \
	bench-console bench-webhooks chaos roll template docs build build-release deploy secrets

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## Starts the whole stack on this machine, with products and stock
	@$(LOCAL) up

down: ## Stops everything that `make up` started and deletes its data
	@$(LOCAL) down

env: ## Prints addresses, tokens and names for a shell: eval "`make -s env`"
	@$(LOCAL) env

demo: ## Follows one order from checkout to delivery (starts the stack if it is not up): DEMO=open also opens the console and the shop
	@$(LOCAL) demo

invoke: ## Runs one function by hand: make invoke F=place-order E=events/place-order/basic.json
	@$(LOCAL) invoke

reconcile: ## Fetches what Stripe could not deliver: make reconcile SINCE=2026-11-24T00:00:00Z (STACK=… for a stack on AWS)
	@$(LOCAL) reconcile

explain: ## Shows everything about one order: make explain ORDER=<id or number> (STACK=…)
	@$(LOCAL) explain

redrive: ## Shows a function's dead letters: make redrive FUNCTION=take-payment DO=list|requeue|discard IDS=… ALL=1 REASON=… (STACK=…)
	@$(LOCAL) redrive

replay: ## Sends stored events to one consumer again: make replay SERVICE=payments TO=track-order DO=plan|send ORDERS=… | SINCE=… UNTIL=… TYPE=… (STACK=…)
	@$(LOCAL) replay

rebuild-views: ## Writes lost or wrong views of orders again: make rebuild-views DO=plan|compare|build (STACK=…)
	@$(LOCAL) rebuild-views

restore: ## Copies back what a table lacks: make restore TABLE=orders FROM=<restored table> DO=plan|copy KINDS='order# event#' (STACK=…)
	@$(LOCAL) restore

limits: ## Shows or changes for a while how often a caller may call: make limits DO=change ORDERS=5 HOURS=24 (STACK=…)
	@$(LOCAL) limits

check: ## Checks format, lints, documentation and template
	@$(LOCAL) check

test: ## Runs every test with the stack up. One package: make test ARGS="-p orders"
	@$(LOCAL) test

screenshots: ## Takes the pictures of the console and the shop for docs/, in Chromium
	@$(LOCAL) screenshots

simulate: ## Runs orders with every fault in one process: make simulate SEEDS=1..100 ORDERS=1000
	@$(LOCAL) simulate

cost: ## Counts what an order costs, and writes it into docs/cost.md
	@$(LOCAL) cost

cost-growth: ## Counts what an order costs in a shop with many orders, and writes it into docs/cost.md
	@$(LOCAL) cost-growth

cost-deployed: ## Counts what an order costs on the deployed local stack, and compares it with docs/cost.md
	@$(LOCAL) cost-deployed

model: ## Explores every order of events in small scenarios: make model SCENARIO=refund
	@$(LOCAL) model

model-deep: ## Explores the large scenarios too, each for at most SECONDS=120
	@$(LOCAL) model-deep

guards: ## Removes each guard from a copy of the tree and shows which test fails: make guards GUARD=refund FIRST=1
	@$(LOCAL) guards

mutants: ## Changes each decision in a copy of the tree and shows what no test notices: make mutants CRATE=payments
	@$(LOCAL) mutants

fuzz: ## Feeds untrusted input to every parser: make fuzz SECONDS=60 FUZZER=stripe
	@$(LOCAL) fuzz

fuzz-one: ## Runs one fuzzer with one input: make fuzz-one FUZZER=messages INPUT=<file>
	@$(LOCAL) fuzz-one

bench: ## Measures starts, invocations, memory and size: make bench FUNCTION=place-order ROUNDS=5
	@$(LOCAL) bench

bench-console: ## Measures how soon the console shows the first of many orders: make bench-console ORDERS=10000
	@$(LOCAL) bench-console

bench-webhooks: ## Sends many duplicate, reordered webhooks: make bench-webhooks COUNT=10000
	@$(LOCAL) bench-webhooks

chaos: ## Breaks what can break while orders run, and audits the books: make chaos MINUTES=5
	@$(LOCAL) chaos

roll: ## Deploys another build over the running one and returns, while orders run: make roll PREVIOUS=HEAD~20
	@$(LOCAL) roll

template: ## Joins the files of template/ into template.yaml
	@$(LOCAL) template

docs: ## Writes the documents that are generated from the template
	@$(LOCAL) docs

build: ## Compiles the functions for this machine
	@$(LOCAL) build

build-release: ## Compiles the functions for Lambda: make build-release ARCH=x86_64
	@$(LOCAL) build-release

deploy: ## Asks what it needs, compiles the functions for Lambda and deploys to your AWS account (STACK=, REGION=, … answer)
	@$(LOCAL) deploy

secrets: ## Asks for the values of a deployed stack's secrets: make secrets STACK=conveyor REGION=eu-central-1
	@$(LOCAL) secrets
