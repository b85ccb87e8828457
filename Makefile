# `make run` starts the site, `make test` runs every test, `make bench` measures (three minutes on 20,000 articles; with
# ARTICLES=1000000 hours), `make deploy-test` tries deploy/ with a real nginx; each makes .venv when it is missing or out
# of date.
PORT ?= 5000
PYTHON ?= python3
BIN = .venv/bin
COMPILE = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet

.PHONY: run test deploy-test lint bench lock

run: .venv/run
	@# Most starts need no upgrade, and to look for one takes a second.
	@$(BIN)/flask seed --if-empty 2>/dev/null || { $(BIN)/flask db upgrade && $(BIN)/flask seed --if-empty; }
	@echo "灯下: http://127.0.0.1:$(PORT)/  (Ctrl+C 停止)"
	@$(BIN)/granian --interface wsgi --factory --host 127.0.0.1 --port $(PORT) --log-level warning --blocking-threads 4 --workers-kill-timeout 5 app:create_app

test: .venv/test lint
	$(BIN)/pytest -n auto --dist worksteal

deploy-test: .venv/test
	$(BIN)/pytest tests/test_deploy.py

lint: .venv/test
	$(BIN)/ruff check .

bench: .venv/run
	@set -e; for script in pages search related seed; do echo; echo "$$script"; \
		$(BIN)/python benchmarks/$$script.py $(ARTICLES); done

.venv/run: constraints.txt
	@$(PYTHON) -m venv .venv || { echo "Python 3.11+ with venv is needed; on Debian: apt install python3-venv"; exit 1; }
	@echo "installing…"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@touch $@

.venv/test: constraints-test.txt .venv/run
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt -r constraints-test.txt
	@if command -v npm >/dev/null && command -v java >/dev/null; then \
		npm install --silent --no-save --prefix .venv vnu-jar@26.9.27 || echo "no Nu HTML checker: its test will be skipped"; fi
	@touch $@

# Pins the newest versions that agree with pyproject.toml; needs uv.
lock:
	$(COMPILE) --upgrade --output-file constraints.txt
	$(COMPILE) --extra test --constraint constraints.txt --output-file constraints-test.txt \
		$$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' constraints.txt)
