# Thin on purpose: each target is a command or two. What they do is in local/commands.py.
# For another interpreter: make PYTHON=python3.12 up
PYTHON ?= python3
LOCAL := $(PYTHON) -m local
# Whose machines to compile for with build-release and deploy: arm64 or x86_64.
ARCH ?= arm64

.DEFAULT_GOAL := help
.PHONY: help up down env demo invoke reconcile redrive build build-release deploy check test simulate model model-deep guards fuzz fuzz-one bench-webhooks

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## Starts the whole stack on this machine, with products and stock
	@$(LOCAL) up

down: ## Stops everything that `make up` started; its data is gone
	@$(LOCAL) down

env: ## Prints addresses, tokens and names for a shell: eval "`make -s env`"
	@$(LOCAL) env

demo: ## Follows one order from checkout to delivery (starts the stack if need be)
	@$(LOCAL) demo

invoke: ## Runs one function by hand: make invoke F=place-order E=events/place-order/basic.json
	@$(LOCAL) invoke "$(F)" "$(E)"

reconcile: ## Asks Stripe for what it could not deliver: make reconcile SINCE=2026-11-24T00:00:00Z (STACK=… for one on AWS)
	@$(LOCAL) reconcile "$(SINCE)" "$(STACK)"

redrive: ## What a function set aside: make redrive FUNCTION=take-payment DO=list|requeue|discard IDS=… ALL=1 REASON=… (STACK=…)
	@$(LOCAL) redrive "$(FUNCTION)" "$(DO)" "$(IDS)" "$(ALL)" "$(REASON)" "$(STACK)"

check: ## Format, lints, documentation, template
	@$(LOCAL) check

test: ## Every test, with the stack up. One package: make test ARGS="-p orders"
	@$(LOCAL) test $(ARGS)

simulate: ## Plays orders with every fault: make simulate SEEDS=1..100 ORDERS=1000
	@$(LOCAL) simulate "$(or $(SEEDS),1..20)" "$(or $(ORDERS),500)"

model: ## Explores every order in which a few things can happen: make model SCENARIO=refund
	@$(LOCAL) model "$(SCENARIO)"

model-deep: ## The same with the larger scenarios, each for at most SECONDS=120
	@$(LOCAL) model "$(SCENARIO)" --deep --seconds "$(or $(SECONDS),120)"

guards: ## Takes each guard out of a copy of the tree and shows what catches it: make guards GUARD=refund
	@$(LOCAL) guards "$(GUARD)"

fuzz: ## Feeds every parser what strangers may send: make fuzz SECONDS=60 FUZZER=stripe
	@$(LOCAL) fuzz "$(or $(SECONDS),60)" "$(FUZZER)"

fuzz-one: ## Runs one fuzzer with one input: make fuzz-one FUZZER=messages INPUT=<file>
	@$(LOCAL) fuzz-one "$(FUZZER)" "$(INPUT)"

bench-webhooks: ## Many signed webhooks at once, repeated and in no order: make bench-webhooks COUNT=10000
	@$(LOCAL) bench-webhooks "$(or $(COUNT),10000)"

build: ## Compiles the functions for this machine
	@$(LOCAL) build

build-release: ## Compiles the functions for Lambda: make build-release ARCH=x86_64
	@$(LOCAL) build-release $(ARCH)

deploy: ## Compiles the functions for Lambda and deploys to your AWS account, asking what it must know
	@$(LOCAL) deploy $(ARCH)
