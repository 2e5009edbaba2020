# Needs Python 3.11 to 3.13, make and a package index; everything else goes to .venv from the lock files.
# Paths are relative and `python -m` starts every tool, so that the folder may have any name.

PY := .venv/bin/python
PIP := -m pip install -qq --disable-pip-version-check --require-hashes --no-build-isolation --use-pep517
# uv installs a lock file in a fraction of pip's time, and tells how far it is; it asks the index that pip is told of.
# Where it cannot, pip does. Compiled here, since who is told to write no bytecode would compile at each start.
# setuptools, which builds kfp, takes $NAME and {NAME} in the path of its own Python for variables.
# Where the folder's name holds such characters, Python is called through a link without them.
LOCKED = at=.; case "$$(pwd -P)" in *[$$\{\}]*) \
		link=$$(mktemp -d); trap 'rm -rf "$$link"' EXIT; ln -s "$$(pwd -P)" "$$link/at"; at=$$link/at;; \
	esac; python=$$at/$(PY); index=$${PIP_INDEX_URL:-$$("$$python" -m pip config get global.index-url 2>/dev/null)}; \
	locked() { \
		env $${index:+UV_DEFAULT_INDEX="$$index"} "$$python" -m uv pip install --python "$$python" \
			--compile-bytecode --require-hashes --no-build-isolation -r "$$1" || "$$python" $(PIP) -r "$$1"; \
	}; locked
LOCK := $(PY) -m uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock"
UNIT := not tensorflow and not run
# The files of tests, and of the types' check, are shared out among so many processes.
WORKERS := 2
SHARED := --numprocesses $(WORKERS) --dist loadfile

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run compile train tensorboard test coverage unit attack lint type bench bench-quick bench-lock lock clean

help: ## list the targets
	@echo 'make TARGET [PYTHON=/path/to/python3.12] [ARGS="..."], where TARGET is'
	@sed -n 's/^\([a-z-]*\):.*## /    \1|/p' Makefile | awk -F '|' '{ printf "%-16s%s\n", $$1, $$2 }'

setup: .venv/installed ## install what a run needs

run: .venv/installed ## run the whole pipeline on this machine; ARGS go to `python -m pipeline run`
	@$(PY) -m pipeline run $(ARGS)

compile: build/dnn-pipeline.yaml ## write build/dnn-pipeline.yaml and build/dnn-tuning-pipeline.yaml

build/dnn-pipeline.yaml: .venv/installed compile.py $(wildcard pipeline/*.py pipeline/*/*.py components/*.py components/*/*.py trainer/*.py trainer/*/*.py)
	$(PY) compile.py

train: .venv/installed ## train the DNN alone, into jobs/iris
	$(PY) -m trainer.task --train-files data/iris_training.csv --eval-files data/iris_test.csv \
		--job-dir jobs/iris --train-steps 1000 $(ARGS)

tensorboard: .venv/installed ## show the training curves of jobs/ in a browser; `pipeline tensorboard` shows a run's
	$(PY) -m tensorboard.main --logdir jobs --host localhost $(ARGS)

test: .venv/installed-dev ## run all tests, the unit part first
	$(PY) -m pytest $(SHARED) -m "$(UNIT)"
	$(PY) -m pytest $(SHARED) -m "not ($(UNIT))"

coverage: .venv/installed-dev ## run all tests in half as long again, measured, and ask for 90 % line coverage
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest $(SHARED)
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

unit: .venv/installed-dev ## run the tests that need no TensorFlow
	$(PY) -m pytest $(SHARED) -m "$(UNIT)" $(ARGS)

attack: .venv/installed-dev ## attack the emulator at length: kills, races, mutated requests, a soak, foreign pages; ARGS go to pytest
	ATTACK_SCALE=$${ATTACK_SCALE:-20} $(PY) -m pytest -s tests/attack $(ARGS)

lint: .venv/installed-dev ## check style
	$(PY) -m ruff check .
	$(PY) -m ruff format --check --quiet .

type: .venv/installed-dev ## check types
	$(PY) -m mypy --num-workers $(WORKERS)

bench: .venv/installed ## measure speed, memory and accuracy against others, into docs/BENCHMARKS.md; ARGS may name sections
	$(PY) -m benchmarks $(ARGS)

bench-quick: .venv/installed ## the same at small sizes, for its working, into build/benchmarks/BENCHMARKS.md
	$(PY) -m benchmarks --quick $(ARGS)

bench-lock: .venv/installed-dev ## bring the lock files of the benchmarks' peers up to date
	@set -e; for peer in benchmarks/peers/*/requirements.in; do \
		$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--custom-compile-command "make bench-lock" $(ARGS) "$$peer" -o "$${peer%.in}.txt"; \
	done

lock: .venv/installed-dev ## bring the lock files up to date with pyproject.toml; ARGS=--upgrade takes new versions
	$(LOCK) $(ARGS) --group build -o requirements-build.lock
	$(LOCK) $(ARGS) pyproject.toml -c requirements-build.lock -o requirements.lock
	$(LOCK) $(ARGS) pyproject.toml --group gpu -c requirements.lock -o requirements-gpu.lock
	$(LOCK) $(ARGS) --group tuning -c requirements.lock -o requirements-tuning.lock
	$(LOCK) $(ARGS) pyproject.toml --group dev -c requirements.lock -c requirements-tuning.lock -o requirements-dev.lock

clean: ## remove what can be made again; .local/ and jobs/ stay
	rm -rf .venv build .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache *.egg-info
	find . -name .git -prune -o -name .local -prune -o -name jobs -prune -o -name __pycache__ -exec rm -rf {} +

# A virtual environment holds its own path: one that was moved or copied with its folder is made anew.
ifneq ($(shell cat .venv/place 2>/dev/null),$(shell pwd -P))
.PHONY: $(PY)
endif

$(PY):
	@case "$$(pwd -P)" in *:*) \
		echo "A virtual environment cannot lie under a path with a colon. Received: $$(pwd -P). Rename the folder." >&2; \
		exit 2;; \
	esac
	@if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; else set -- python3.13 python3.12 python3.11 python3; fi; \
	for candidate do \
		version=$$("$$candidate" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue; \
		case $$version in \
			3.11.* | 3.12.* | 3.13.*) "$$candidate" -c 'import ensurepip, venv' 2>/dev/null && break; \
				received="$$version ($$candidate), which lacks venv; on Debian the package python3-venv brings it";; \
			*) received="$$version ($$candidate)";; \
		esac; \
		version=; \
	done; \
	if [ -z "$$version" ]; then \
		echo "Python 3.11 to 3.13 is needed. Received: $${received:-$${PYTHON:-python3}, which does not run}." \
			"Install one, or run make PYTHON=/path/to/python3.12." >&2; \
		exit 2; \
	fi; \
	echo "Making .venv with Python $$version ($$candidate)"; \
	"$$candidate" -m venv --clear .venv
	@pwd -P > .venv/place

.venv/installed: $(PY) requirements-build.lock requirements.lock requirements-tuning.lock
	@echo "Installing what a run needs into .venv (TensorFlow is large: a minute or two)"
	@$(PY) $(PIP) -r requirements-build.lock
	@$(LOCKED) requirements.lock
	@$(LOCKED) requirements-tuning.lock
	@$(PY) -c 'import pathlib, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "repository.pth").write_text(f"{pathlib.Path.cwd()}\n")'
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	@echo "Installing what the tests and checks need into .venv"
	@$(LOCKED) requirements-dev.lock
	@touch $@
