PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo $(VENV)/uv/bin/uv)
export UV_COMPILE_BYTECODE := 1
export UV_LINK_MODE := copy
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: install demo lab test check docs fuzz bench lock format sbom vulnerabilities restore-drill team-setup

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@command -v uv >/dev/null 2>&1 || test -x $(VENV)/uv/bin/uv || \
	  ($(PYTHON) -m venv $(VENV)/uv && $(VENV)/uv/bin/pip install --quiet uv)
	test -x $(BIN)/python || $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

demo: install
	$(BIN)/roofwatch demo

# JupyterLab goes into .venv beside what is locked there, which stays as it is. It asks no host for news or updates.
lab: install
	$(UV) pip install --quiet --python $(BIN)/python --constraint requirements.lock jupyterlab
	$(BIN)/jupyter lab --LabApp.news_url=None --LabApp.extension_manager=readonly \
	  --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(LAB) notebooks

test: install
	$(BIN)/python -m pytest

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m roofwatch.reference --check

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: install
	$(BIN)/python -m roofwatch.reference

# An hour of damaged files, other ones each time; what is bad lies in fuzz_bad/ and names the seed to try again.
fuzz: install
	$(BIN)/python -m benchmarks.fuzz --seconds 3600 --seed $${SEED:-$$(date +%s)} --bad fuzz_bad

bench: install
	$(BIN)/python -m benchmarks.run

# Needs restic (a Debian package) and a demo in ./demo; see benchmarks/restore_drill.py.
restore-drill: install
	$(BIN)/python -m benchmarks.restore_drill --demo demo

# Needs postgresql, postgresql-postgis, nginx and wrk (Debian packages) and a demo in ./demo; see benchmarks/team_setup.py.
team-setup: install
	$(BIN)/python -m benchmarks.team_setup --demo demo

sbom: install
	$(UV) tool run --from cyclonedx-bom cyclonedx-py environment $(BIN)/python --of JSON -o sbom.cdx.json

vulnerabilities: install
	$(UV) tool run pip-audit --disable-pip --require-hashes -r requirements.lock

# openvino-telemetry reports to a server when openvino is imported; openvino does without it.
lock:
	$(UV) pip compile pyproject.toml --group dev --extra postgres --upgrade --universal --generate-hashes --no-header --no-emit-index-url --no-emit-package openvino-telemetry --quiet -o requirements.lock
