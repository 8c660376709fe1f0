# The front door: `make demo` shows Fermata, `make test` proves it. Both install what is missing from Debian's packages.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local

.PHONY: all build demo cluster-demo test bench install release clean packages packages-test

all: build

packages:
	@tools/packages build

packages-test:
	@tools/packages test

build: packages
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS)

# A server in a throw-away folder: a tree of executions runs and is halted, the proof is shown. Under a minute.
demo: build
	@build/dev/fermata demo

# Three nodes over a private PostgreSQL and Redis: a load, halts anywhere, a node killed, Redis flushed; then the proof.
cluster-demo: packages-test
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS) --target fermata
	@tools/cluster-demo

test: packages-test
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS)
	@ctest --preset dev -j $(JOBS)

release: packages
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS)

bench: packages-test
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) --target fermata bench_load bench_bare
	@bench/run --build build/release $(BENCH)

install: release
	@cmake --install build/release --prefix $(PREFIX)

clean:
	rm -rf build
