# Cistern's menu: "make" alone prints it. Everything below needs Go and make;
# what a target needs besides, it installs or names in one line.

GO       ?= go
FUZZTIME ?= 20s

.PHONY: menu build demo test check race fuzz e2e bench bench-hit web browser
.PHONY: go format vet staticcheck layers unit once module cc

menu: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: go ## bin/cistern, the one binary
	$(GO) build -trimpath -o bin/cistern ./cmd/cistern

demo: build ## a private bucket served, signed and cached; Ctrl-C ends it (ONCE=1: after the two answers)
	@$(GO) -C test build -o ../bin/ ./s3test/cmd/s3test ./demo
	@bin/demo $(if $(ONCE),-once)

test: go cc ## everything a change must pass; about ten minutes on two cores, at first
	@.ci/clean $(MAKE) --no-print-directory check race once demo ONCE=1

check: format vet staticcheck layers ## format, vet, staticcheck, layers: the quick part of test

race: unit module ## all tests with the race detector, end-to-end scripts included

fuzz: go ## each fuzz target for FUZZTIME (default 20s)
	@for module in . test; do \
		(cd $$module && grep -roE '^func Fuzz[A-Za-z0-9_]*' --include='*_test.go' $$(ls -d */ | grep -vx test/)) | sort | \
		while IFS=: read -r file func; do \
			echo "$$file $${func#func }"; \
			$(GO) -C $$module test -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")" || exit 1; \
		done || exit 1; \
	done

e2e: go ## the end-to-end scripts alone, against the real binary
	$(GO) -C test test -count=1 ./e2e

bench: go ## all benchmarks, then the table beside nginx
	$(GO) test -run '^$$' -bench . -benchmem ./...
	@bench/hit

bench-hit: go ## CPU per request of a small hit, beside nginx
	@bench/hit

web: ## the portal's pages
	@echo "make web: the portal is not built in this version" >&2; exit 1

browser: ## the portal's browser tests
	@echo "make browser: the portal, and so its tests, are not built in this version" >&2; exit 1

# The parts of check and race.

go:
	@command -v $(GO) >/dev/null || { echo "$(GO) is missing: install Go 1.26 or newer, https://go.dev/dl" >&2; exit 1; }

format: go
	@wrong=$$(find . -name '*.go' -not -path './.git/*' -exec $$($(GO) env GOROOT)/bin/gofmt -l {} +); \
	if [ -n "$$wrong" ]; then echo "not formatted (run gofmt -w):" >&2; echo "$$wrong" >&2; exit 1; fi

vet: go
	$(GO) vet ./...
	$(GO) -C test vet ./...

# One build of the pinned tool serves both modules.
staticcheck: go
	@staticcheck=$$($(GO) tool -n staticcheck) && echo "staticcheck ./..." && \
	"$$staticcheck" ./... && cd test && "$$staticcheck" ./...

layers: go
	$(GO) test .

unit: go cc
	$(GO) test -race ./...

# versitygw, the real S3 server, is large: only its own small test links it,
# and needs no race detector. The scripts run it as a process.
module: go cc
	$(GO) -C test test ./s3test
	$(GO) -C test test -race -count=1 $$($(GO) -C test list ./... | grep -v '/s3test$$\|/cmd/')

# Without the race detector: allocation counts mean something only here. The
# tests go first and alone, as -benchtime also rules the benchmarks they run.
once: go
	@packages=$$(grep -rlE '^func Benchmark|AllocsPer' --include='*_test.go' internal client 2>/dev/null | xargs -n 1 dirname | sort -u | sed 's|^|./|'); \
	echo "$(GO) test, then each benchmark once:" $$packages; \
	$(GO) test $$packages && $(GO) test -run '^$$' -bench . -benchtime 1x $$packages

# The race detector needs a C compiler.
cc:
	@command -v $$($(GO) env CC) >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get install -qq -y gcc libc6-dev >/dev/null 2>&1 || { apt-get update -qq && apt-get install -qq -y gcc libc6-dev >/dev/null; }; \
	else echo "the race detector needs a C compiler: install gcc and libc6-dev" >&2; exit 1; fi
