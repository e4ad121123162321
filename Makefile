# Two commands for a newcomer: `make demo` and `make test`. `make check` is what every commit has to pass.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Tests of one file stay together: they share what is slow to load.
PYTEST := $(BIN)/python -m pytest -n $(or $(WORKERS),2) --dist loadfile

# Two OpenMP pools (torch and llama.cpp) that spin starve each other on few cores.
export OMP_WAIT_POLICY := passive

.PHONY: help demo test check reader format clean

help:
	@echo "make demo    install, build a pack from the example questions, ask with and without it"
	@echo "make test    install what the tests need, run them (real small models included; WORKERS=2)"
	@echo "make check   ruff, pyright, import-linter and the fast tests"
	@echo "make reader  train the reading adapter: DATA=folder with 2wiki_reading.jsonl and musique_reading.jsonl"
	@echo "make format  let ruff format and mend what it can"
	@echo "make clean   remove .venv and what the demo wrote (fetched models stay in the cache)"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# The stamps make a second run quick: pip is asked again only when what it would install has changed.
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing DRAG and what it needs (a few minutes the first time)"
	$(PIP) -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing what the tests need"
	$(PIP) -e ".[all,dev]"
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py

test: $(VENV)/.dev
	$(PYTEST)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(PYTEST) -m "not slow and not real_model and not shared_data and not training"

# Rows, training and export; each step goes on where it was interrupted. Then: drag ask --student smollm2-135m+reader.gguf
READER := build/reader
DATA ?= data
reader: $(VENV)/.dev
	mkdir -p $(READER)
	$(BIN)/python examples/reader/make_texts.py 160 > $(READER)/own.jsonl
	$(BIN)/python examples/reader/first_hops.py $(DATA)/2wiki_reading.jsonl > $(READER)/first_hops.jsonl
	$(BIN)/python examples/reader/make_chats.py 2 > $(READER)/chats.jsonl
	$(BIN)/drag train data $(DATA)/2wiki_reading.jsonl $(DATA)/musique_reading.jsonl $(READER)/first_hops.jsonl $(READER)/own.jsonl \
	  --reply sentence --evidence 3-5 --missing 0.02 --max-tokens 330 -o $(READER)/text_rows.jsonl
	$(BIN)/drag train data $(READER)/chats.jsonl --reply line --evidence 1-2 --missing 0 --max-tokens 375 -o $(READER)/chat_rows.jsonl
	cat $(READER)/text_rows.jsonl $(READER)/chat_rows.jsonl > $(READER)/rows.jsonl
	$(BIN)/drag train run --student smollm2-135m --recipe examples/reader/recipe.yaml --rows $(READER)/rows.jsonl -o $(READER)/run --yes
	$(BIN)/drag train export $(READER)/run -o $(READER)/reader.gguf --format lora-gguf

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) demo
