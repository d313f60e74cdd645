# Each target first installs what it needs into .venv, from the lock files; nothing but Python is assumed.

VENV := .venv
CLIENTS := build/clients
RUN := $(VENV)/bin/python -m
PIP_INSTALL := $(RUN) pip install --disable-pip-version-check
PACKAGES := api worker cli genart_core tests benchmarks loadtest examples deploy

# One lock for every supported Python and platform. uv only writes it; pip installs from it.
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-header --no-annotate $(UPGRADE) pyproject.toml
ALL := --extra worker --extra embedded
DEV := $(ALL) --extra s3 --group dev

.DEFAULT_GOAL := help
.PHONY: $(shell grep -o '^[a-z-]*:' Makefile | tr -d :)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' Makefile | while read -r target text; do \
		printf 'make %-14s %s\n' "$$target" "$$text"; done

up: $(VENV)/.installed ## install and start the service; Ctrl-C stops it
	@exec $(VENV)/bin/genart up

test: $(VENV)/.installed-dev ## install and run the tests (without a GPU, without the long chaos runs)
	$(RUN) pytest -m "not chaos and not gpu and not browser"

test-studio: test-modules $(VENV)/.installed-dev ## install and test the studio in Chromium, which has to be there
	$(RUN) pytest -m browser tests/studio

test-modules: ## test the studio's modules in Node.js: the one on the PATH, or that of `make clients`
	PATH="$$PATH:$(CURDIR)/$(CLIENTS)/tools/bin" node --test --test-timeout=60000 tests/studio/modules/*.test.mjs

screenshots: $(VENV)/.installed-dev ## take the studio's pictures in docs/ anew, in Chromium
	$(RUN) tests.studio.screenshots

check: $(VENV)/.installed-dev ## style, types, import rules, generated files, weights budget
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy $(PACKAGES)
	$(VENV)/bin/lint-imports
	$(RUN) api.openapi --check
	$(RUN) cli.reference --check
	$(RUN) pytest --quiet tests/test_house.py

chaos: $(VENV)/.installed-dev ## kill and stop real processes for minutes
	$(RUN) pytest -m chaos tests/chaos

borders: $(VENV)/.installed-dev ## send thousands of bad requests and damaged pictures
	$(RUN) benchmarks.borders

bench: $(VENV)/.installed-dev ## measure the service beside its yardsticks
	$(RUN) benchmarks.service

bench-eta: $(VENV)/.installed-dev ## measure how many jobs end in the interval that was told
	$(RUN) benchmarks.eta

bench-streams: $(VENV)/.installed-dev ## measure a thousand idle event streams
	$(RUN) benchmarks.streams

bench-fairness: $(VENV)/.installed-dev ## measure light clients beside a heavy one
	$(RUN) benchmarks.fairness

bench-cache: $(VENV)/.installed-dev ## measure answers from the result cache
	$(RUN) benchmarks.cache

bench-text: $(VENV)/.installed-dev ## measure text beside a plain nn.LSTM loop
	$(RUN) benchmarks.text

bench-dream: $(VENV)/.installed-dev ## measure a step of a dream beside its bare network
	$(RUN) benchmarks.dream

bench-style: $(VENV)/.installed-dev ## measure a step of style transfer beside its bare network
	$(RUN) benchmarks.style

bench-vae: $(VENV)/.installed-dev ## measure decoding beside the autoencoder's plain forms
	$(RUN) benchmarks.vae

bench-gan: $(VENV)/.installed-dev ## measure drawing beside the generator's plain form
	$(RUN) benchmarks.gan

bench-sizing: $(VENV)/.installed-dev ## measure what a job takes of Redis and of the disk
	$(RUN) benchmarks.sizing

loadtest: $(VENV)/.installed-loadtest ## five times more load than fits, and what became of every job
	$(RUN) loadtest

clients: $(CLIENTS)/.installed ## lint openapi.json, generate clients from it, run jobs with them
	$(RUN) tests.clients

schemathesis: $(CLIENTS)/.installed ## test a running service by openapi.json
	$(RUN) tests.clients.fuzz

gpu: ## check the arts on a CUDA device; exits 3 without one, needs no installation
	$(firstword $(wildcard $(VENV)/bin/python) python3) -m tests.gpu

docs: $(VENV)/.installed-dev ## write the generated pages
	$(RUN) cli.reference --write

openapi: $(VENV)/.installed-dev ## write openapi/openapi.json
	$(RUN) api.openapi --write

lock: $(VENV)/.installed-dev ## write the lock files; UPGRADE=--upgrade takes newer versions
	$(LOCK) $(ALL) --output-file requirements.lock >/dev/null
	$(LOCK) $(DEV) --constraints requirements.lock --output-file requirements-dev.lock >/dev/null
	$(LOCK) $(ALL) --group loadtest --constraints requirements-dev.lock \
		--output-file requirements-loadtest.lock >/dev/null
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		$(UPGRADE) openapi/clients/requirements.in --output-file openapi/clients/requirements.lock >/dev/null
	$(LOCK) --extra s3 --group build --constraints requirements-dev.lock \
		--output-file requirements-gateway.lock >/dev/null
	$(LOCK) --extra worker --extra s3 --group build --constraints requirements-dev.lock \
		--output-file requirements-worker.lock >/dev/null

check-deploy: $(VENV)-deploy/.installed ## have other tools look at the Dockerfiles, compose and Kubernetes files
	$(VENV)-deploy/bin/python deploy/check_manifests.py

images: $(VENV)/.installed ## build both images and use them; IMAGES="--by podman" has options
	$(RUN) deploy.check_images $(IMAGES)

clean: ## remove .venv and the caches; state in GENART_HOME stays
	rm -rf $(VENV) $(VENV)-deploy $(CLIENTS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/pip
	$(call install,requirements.lock)
	@touch $@

# The development lock contains the other one, so both are done.
$(VENV)/.installed-dev: requirements-dev.lock requirements.lock pyproject.toml | $(VENV)/bin/pip
	$(call install,requirements-dev.lock)
	@touch $(VENV)/.installed $@

$(VENV)/.installed-loadtest: requirements-loadtest.lock requirements.lock pyproject.toml | $(VENV)/bin/pip
	$(call install,requirements-loadtest.lock)
	@touch $(VENV)/.installed $@

$(VENV)-deploy/.installed: deploy/requirements.txt | $(VENV)/bin/pip
	$(VENV)/bin/python -m venv --without-pip $(VENV)-deploy
	$(RUN) pip --python $(VENV)-deploy/bin/python install --quiet --no-deps -r $<
	@touch $@

# Tools that are not the project's own, apart from it; they bring Node.js, so that npm needs nothing else.
$(CLIENTS)/.installed: openapi/clients/requirements.lock openapi/clients/package-lock.json | $(VENV)/.installed-dev
	@echo "installing what makes and tests clients into $(CLIENTS)"
	$(VENV)/bin/uv venv --quiet --clear --python $(VENV)/bin/python $(CLIENTS)/tools
	$(VENV)/bin/uv pip install --quiet --require-hashes --python $(CLIENTS)/tools -r openapi/clients/requirements.lock
	@mkdir -p $(CLIENTS)/node && cp openapi/clients/package*.json $(CLIENTS)/node
	cd $(CLIENTS)/node && PATH="$(CURDIR)/$(CLIENTS)/tools/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

define install
	@echo "installing $(1) into $(VENV); the first time takes minutes, since PyTorch is large"
	$(PIP_INSTALL) $(if $(wildcard $(VENV)/.installed*),--quiet) --require-hashes -r $(1)
	$(PIP_INSTALL) --quiet --no-deps --no-build-isolation -e .
endef

# Some distributions leave ensurepip out of venv; then the pip beside that Python is used.
$(VENV)/bin/pip:
	@python=$$(for name in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
		"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
			&& echo "$$name" && break; done); \
	if [ -z "$$python" ]; then \
		echo "genart needs Python 3.11 or newer on the PATH (or: make PYTHON=/path/to/python3.12 ...)" >&2; \
		exit 1; fi; \
	echo "making $(VENV) with $$("$$python" --version)"; \
	if "$$python" -c 'import ensurepip' 2>/dev/null; then "$$python" -m venv $(VENV); \
	else "$$python" -m venv --without-pip $(VENV) \
		&& "$$python" -m pip --python $(VENV)/bin/python install --quiet pip; fi
