# Each command prepares what it needs, once: stamps in .venv/ remember it, so that a second call costs nothing.
PYTHON ?= python3
BENCH ?=
ARGS ?=

PORT ?=
LAN ?=
LINKS ?=
SPEED ?=
FRESH ?=
BROWSER ?=
UPGRADE ?=

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:  # every step waits for the one before; make -j must not start two installers in one folder
.DELETE_ON_ERROR:
.PHONY: help demo test setup bench bundle pictures lock debian again

STAMPS := .venv/stamps
VENV_PYTHON := .venv/bin/python
UV := .venv/bin/uv
INSTALL := $(UV) pip install --quiet --python $(VENV_PYTHON)
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url $(if $(UPGRADE),--upgrade)
DEMO_OPTIONS = $(if $(PORT),--port "$(PORT)") $(if $(filter-out 0 no,$(LAN)),--lan) $(if $(LINKS),--links "$(LINKS)") \
	$(if $(SPEED),--speed "$(SPEED)") $(if $(filter-out 0 no,$(FRESH)),--fresh) $(if $(filter 0 no,$(BROWSER)),--no-browser)

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The machine's own roots, as pip has them already: a court's network may have a root of its own, which uv and node do not know by themselves.
export UV_SYSTEM_CERTS ?= 1
SYSTEM_ROOTS := $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt))
ifneq ($(SYSTEM_ROOTS),)
export NODE_EXTRA_CA_CERTS ?= $(SYSTEM_ROOTS)
endif

help:  ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

demo: $(STAMPS)/self $(STAMPS)/bytecode $(STAMPS)/npm-demo  ## set up and start the demonstration: PORT=9000 LAN=1 LINKS=FILE SPEED=10 FRESH=1 BROWSER=0
	@exec .venv/bin/ecc demo $(strip $(DEMO_OPTIONS))

test: setup  ## set up, then check format, lint, types, import contracts and run every test: ARGS="--fast"
	@exec $(VENV_PYTHON) -m tests $(ARGS)

setup: $(STAMPS)/self $(STAMPS)/bytecode $(STAMPS)/test $(STAMPS)/npm-test debian  ## prepare for the tests without running them

bench: setup  ## measure and print: BENCH=name ARGS="--json"; without a name, the list
	@exec $(VENV_PYTHON) -m tests.bench $(BENCH) $(ARGS)

bundle: $(STAMPS)/self $(STAMPS)/test $(STAMPS)/npm-demo  ## write dist/ecc-VERSION-linux-MACHINE.tar.gz for machines without a network: ARGS="--machine aarch64 --python 3.12"
	@exec $(VENV_PYTHON) -m dashboard.deploy.bundle $(ARGS)

pictures: setup  ## take the README's pictures from the running demonstration
	@exec $(VENV_PYTHON) -m tests.pictures $(ARGS)

lock: $(STAMPS)/tools $(STAMPS)/node  ## write the lock files anew, with hashes and without addresses: UPGRADE=1 takes newer versions
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --extra test -c requirements.lock -o requirements-test.lock
	$(COMPILE) .ci/tools.in -c requirements-test.lock -o .ci/tools.lock
	$(COMPILE) .ci/node.in -o .ci/node.lock
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund
	@! grep -nH '://' requirements.lock requirements-test.lock .ci/tools.lock .ci/node.lock || { echo "A lock file holds an address." >&2; exit 1; }
	@! grep -v '"url": "https\?://' package-lock.json | grep -n '://' || { echo "package-lock.json holds an address outside funding." >&2; exit 1; }

# A .venv whose interpreter is gone (moved folder, upgraded system) or a node_modules deleted by hand is made again.
ifneq ($(shell $(VENV_PYTHON) -c 'print("alive")' 2>/dev/null),alive)
$(STAMPS)/venv: again
endif
ifeq ($(wildcard node_modules/.package-lock.json),)
$(STAMPS)/npm-demo $(STAMPS)/npm-test: again
endif

$(STAMPS)/venv:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed, and there is no $(PYTHON) here." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) -c 'import platform; print(platform.python_version())'); name another one with PYTHON=python3.12." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv module; on Debian install it with: apt-get install python3-venv" >&2; exit 1; }
	@$(VENV_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { rm -rf .venv; $(PYTHON) -m venv .venv; }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/tools: .ci/tools.lock $(STAMPS)/venv
	.venv/bin/pip install --quiet --require-hashes -r .ci/tools.lock
	@touch $@

$(STAMPS)/run: requirements.lock $(STAMPS)/tools
	$(INSTALL) --require-hashes -r requirements.lock
	@touch $@

$(STAMPS)/test: requirements-test.lock $(STAMPS)/run
	$(INSTALL) --require-hashes -r requirements-test.lock
	@PYTHONDONTWRITEBYTECODE= $(VENV_PYTHON) -c 'import alembic.command, hypothesis, openpyxl, playwright.async_api, psycopg, schemathesis'  # by four workers at once otherwise
	@touch $@

$(STAMPS)/self: pyproject.toml $(STAMPS)/run  # hatchling comes with the hashed tools: no unlocked download hides in the build
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# What a start imports, compiled once, whatever the environment says of that: compiling it again at each start takes half a second of it.
$(STAMPS)/bytecode: $(wildcard geo/*.py data/*.py data/*/*.py streaming/*.py dashboard/*.py dashboard/*/*.py) $(STAMPS)/self
	@PYTHONDONTWRITEBYTECODE= $(VENV_PYTHON) -c 'import dashboard.jobs, dashboard.media, dashboard.demo.devices, dashboard.demo.ways, data.demo, geo.features, geo.invented'
	@PYTHONDONTWRITEBYTECODE= $(VENV_PYTHON) -m dashboard openapi >/dev/null
	@touch $@

$(STAMPS)/node: .ci/node.lock $(STAMPS)/tools  # Debian 12 has node 18: then a wheel brings node and npm into .venv
	@command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || { \
	  echo "There is no node 20 with npm here; putting one into .venv (230 MB)."; $(INSTALL) --require-hashes -r .ci/node.lock; }
	@touch $@

# npm ci empties node_modules first, so a full set also serves the demonstration and is not cut down for it.
NPM_INPUTS := package.json package-lock.json .npmrc $(STAMPS)/node

$(STAMPS)/npm-demo: $(NPM_INPUTS)
	npm ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@rm -f $(STAMPS)/npm-test && touch $@

$(STAMPS)/npm-test: $(NPM_INPUTS)
	npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $(STAMPS)/npm-demo $@

debian:
	@bash .ci/debian
