# Everything here builds with the release profile: HDF5 is compiled from source, and so it is compiled once.
# Each target sets up what it needs first; what is there already is not looked for twice.

.DEFAULT_GOAL := help
.PHONY: help setup setup-build demo build test lint deny bench bench-faiss bench-peers bench-search bench-sweep bench-overlap bench-growth bench-gpu bench-folds bench-ccf bench-peaks bench-memory bench-pca bench-import bench-link fuzz test-report notebooks faults soak test-slurm check-kubernetes package test-package fuzz-targets check-solvers check-transforms check-matchms doc man clean

# The tools that setup found or made: cmake first in PATH, STRIAE_PYTHON for tests.
WITH := ./scripts/with-tools.sh

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## get what is missing to build and to test: cmake, h5py, a software GPU (Linux)
	@./scripts/setup.sh test

setup-build: ## get what is missing to build: cmake
	@./scripts/setup.sh build

demo: setup-build ## build, then compare a simulated archive and show what is found
	$(WITH) cargo run --release --locked -- demo

build: setup-build ## build the program: target/release/striae
	$(WITH) cargo build --release --locked

test: setup ## all tests; FEATURES=lapack: those of the second solver too; STRIAE_REQUIRE_GPU=1: a missing GPU is a failure and not ignored
	@case "$(FEATURES)" in *lapack*) ./scripts/setup.sh lapack ;; esac
	$(WITH) cargo test --release --locked --features "$(FEATURES)"

lint: setup-build ## formatting, clippy; licences and sources where cargo-deny is there or CI=true
	$(WITH) ./scripts/lint.sh

deny: ## licences and sources of the dependencies; installs cargo-deny (some minutes) if it is missing
	@./scripts/deny.sh install

bench: setup-build ## benchmarks; how figures are recorded: benches/record/README.md
	$(WITH) cargo bench --locked

bench-import: build ## X3P surfaces of a million points imported a second (needs ../shared/data); ARGS="--files 40"
	@./scripts/setup.sh test
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/marks/import.py $(ARGS)'

fuzz: setup-build ## a million mutated X3P files, profiles and pictures: no panic, 256 MiB, 2 s; FUZZ=20000 for fewer
	STRIAE_FUZZ=$(or $(FUZZ),1000000) $(WITH) cargo test --release --locked --test hostile -- --nocapture mutated

bench-link: build ## 50,000 simulated exhibits through the whole chain, and 100 more (some 20 minutes); ARGS="--exhibits 5000 --new 20"
	@./scripts/setup.sh test
	$(WITH) sh -c 'STRIAE="$${CARGO_TARGET_DIR:-target}/release/striae" "$$STRIAE_PYTHON" benches/link/national.py $(ARGS)'

test-report: build ## the report page in headless Chromium: 200,000 links, hostile ids, keyboard, print; pictures in target/report
	@./scripts/setup.sh report
	$(WITH) ./scripts/test-report.sh

notebooks: build ## execute the notebooks on small archives; ARGS="first_archive" for one
	@./scripts/setup.sh notebooks
	$(WITH) sh -c '"$$STRIAE_PYTHON" notebooks/run.py $(ARGS)'

faults: build ## kills, full disks, limits, failing devices, damaged files, done to the program (some minutes); ARGS="--seed 2"
	@./scripts/setup.sh test
	$(WITH) sh -c 'STRIAE="$${CARGO_TARGET_DIR:-target}/release/striae" "$$STRIAE_PYTHON" tests/faults/faults.py all --keep "$${CARGO_TARGET_DIR:-target}/faults" $(ARGS)'

soak: build ## the same many times over: 200 kills, 5,000 changed files and more (an hour)
	@./scripts/setup.sh test
	$(WITH) ./scripts/soak.sh $(ARGS)

test-slurm: build ## eight shards on a Slurm of two nodes on this host, one killed in the middle (root; some four minutes)
	@./scripts/setup.sh test
	$(WITH) ./scripts/test-slurm.sh

check-kubernetes: ## the Kubernetes jobs against their schemas, which it installs into target/tools/venv; what the image is built of
	@./scripts/setup.sh kubernetes
	$(WITH) sh -c '"$$STRIAE_PYTHON" deploy/docker/context.py'
	$(WITH) sh -c '"$$STRIAE_PYTHON" deploy/kubernetes/validate.py --self-test'

package: build ## Debian package, tar.gz and SHA256SUMS into target/package
	$(WITH) ./scripts/package.sh

test-package: build ## installs the package in an empty root and runs it there without a network (root)
	$(WITH) ./scripts/test-package.sh

fuzz-targets: setup-build ## libFuzzer on every reader, FUZZ seconds each (60); builds for a while
	$(WITH) ./fuzz/run.sh $(or $(FUZZ),60)

doc: setup-build ## the crate's documentation; a broken link is an error
	RUSTDOCFLAGS="-D warnings $$RUSTDOCFLAGS" $(WITH) cargo doc --release --no-deps --locked

bench-faiss: build ## FAISS IndexFlatIP and Striae on the same data, in one run; installs faiss-cpu into target/tools/venv
	@./scripts/setup.sh faiss
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/peers/faiss_flat.py'

bench-peers: build ## all peers in one run (some 15 minutes), the table in target/peers.md: FAISS, NumPy, scikit-learn, SciPy, usearch, matchms, ms_entropy
	@./scripts/setup.sh peers
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/peers/all.py $(ARGS)'

bench-search: build ## FAISS, NumPy, scikit-learn, usearch and SciPy beside Striae, n = 50,000 (some 5 minutes); ARGS="--n 10000" and the like
	@./scripts/setup.sh search
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/peers/search.py $(ARGS)'

bench-sweep: build ## the chosen way of screening against the plain one: k, thresholds, widths
	@./scripts/setup.sh test
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/strategies/sweep.py $(ARGS)'

bench-overlap: build ## does a worker wait for reading? a compressed file larger than memory, by its trace
	@./scripts/setup.sh test
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/overlap/waits.py $(ARGS)'

bench-growth: build ## time and memory against n, d and k, drawn (docs/growth.svg), and what larger archives would take; ARGS="--most 1000000"
	@./scripts/setup.sh growth
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/growth/growth.py --plot docs/growth.svg $(ARGS)'

bench-gpu: build ## a GPU in one command: tuning, conformance, speed beside PyTorch where it is; ARGS=--small for one in software
	@./scripts/setup.sh test
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/gpu/card.py $(ARGS)'

bench-folds: build ## fold metrics against scikit-learn and SciPy, in one run; installs scikit-learn into target/tools/venv
	@./scripts/setup.sh sklearn
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/peers/folds.py'

bench-ccf: build ## lagged correlation against a batched FFT in SciPy, in one run
	@./scripts/setup.sh sklearn
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/peers/ccf_fft.py'

bench-peaks: build ## peak lists against matchms and ms_entropy, in one run; installs both into target/tools/venv
	@./scripts/setup.sh matchms
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/peers/peaks.py'

bench-pca: build ## PCA of 1,000,000 × 512 out of a file, under 1 GiB, beside scikit-learn's IncrementalPCA (some 5 minutes); ARGS="--rows 100000"
	@./scripts/setup.sh sklearn
	$(WITH) sh -c '"$$STRIAE_PYTHON" benches/chemometrics/pca.py $(ARGS)'

check-transforms: setup ## prepared spectra against SciPy, chemotools and pybaselines on real ones; installs both into target/tools/venv
	@./scripts/setup.sh transforms
	$(WITH) cargo test --release --locked --test transforms -- --ignored --nocapture

check-solvers: setup-build ## faer and LAPACK on the same data: both must find the same; installs OpenBLAS (Debian, Ubuntu)
	@./scripts/setup.sh lapack
	$(WITH) cargo test --release --locked --features lapack --test solvers

check-matchms: setup ## cosine scores of peak lists against matchms on real spectra; installs matchms into target/tools/venv
	@./scripts/setup.sh matchms
	$(WITH) cargo test --release --locked --test peaks_matchms -- --ignored --nocapture

bench-memory: build ## peak memory of a comparison larger than its allowance (about a minute)
	python3 benches/memory/peak.py

man: setup-build ## man pages and shell completions, into target/generated
	$(WITH) cargo run --release --locked -- generate man target/generated/man
	mkdir -p target/generated/completions
	for shell in bash zsh fish; do \
		$(WITH) cargo run --quiet --release --locked -- generate completions $$shell > target/generated/completions/striae.$$shell || exit 1; \
	done

clean: ## remove what was built; target/tools stays (it goes with: rm -r target)
	cargo clean --release
	rm -rf target/generated
