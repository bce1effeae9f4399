# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Building, testing and the checks: the functions behind ./dev build, test, check, format, lint and docs.

# build PRESET [TARGET...]
build() {
  local preset=$1 targets=("${@:2}")
  logged "configure-$preset" "the command was: cmake --preset $preset" cmake --preset "$preset"
  cmake --build "build/$preset" --target "${targets[@]:-all}" --parallel "$(jobs_at_once)"
}

# run_tests PRESET [CTEST OPTION...]: ends with a plain line and ctest's own closing lines; the whole log is kept.
run_tests() {
  local preset=$1 log=build/$1/test.log status=0 began=$SECONDS
  shift
  export IPW_PYTHON IPW_AGENTS_PYTHON
  IPW_PYTHON=$(venv)/bin/python
  IPW_AGENTS_PYTHON=$(agents_venv)/bin/python
  # The Monte Carlos of the goals take minutes under a sanitizer and run no line that other tests do not.
  case $preset in asan | tsan) local -x GTEST_FILTER='-Goals.*:*.P4_*:*.E12_*' ;; esac
  case $preset in
    asan) local -x ARROW_DEFAULT_MEMORY_POOL=system ;; # Arrow's other pools are not seen by the sanitizer
    # Reports that are suppressed still cost so much, under gRPC's spin locks, that 64 clients time out: those that
    # begin in libraries without instrumentation are not made at all.
    tsan) local -x TSAN_OPTIONS="suppressions=$root/tests/tsan.supp ignore_noninstrumented_modules=1 ${TSAN_OPTIONS:-}" ;;
  esac
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --parallel "$(jobs_at_once)" "$@" 2>&1 |
    tee "$log" || status=$?
  local result=passed
  [ "$status" -eq 0 ] || result="FAILED (repeat one with ./dev test PATTERN)"
  echo
  echo "tests of the $preset build $result after $((SECONDS - began)) s; the whole log is $log"
  grep -E '^[0-9]+% tests passed' "$log" || true
  sed -n '/^The following tests FAILED/,/^$/p' "$log"
  grep -E '^Total Test time' "$log" || true
  return "$status"
}

# bench_each PATTERN: every benchmark program.
bench_each() {
  local program
  for program in build/bench/bin/bench_*; do
    case $program in *_server | *_floor) continue ;; esac
    "$program" --benchmark_filter="$1"
  done
}

# bench_program: whole-process figures beside their floors and the original's.
bench_program() {
  get_llama_bench
  python3 bench/run.py --source "$root" --programs "$root/build/bench/bin" --llama-bench "$(llama_bench)" \
    --model "$cache/models/$IPW_MODEL_FILE"
}

# bench_scoring: `ipw score` beside the Python that people use, in an environment of its own.
bench_scoring() {
  local place packages
  place="$cache/bench-$(venv_key)"
  if [ ! -e "$place/.complete" ]; then
    IFS=, read -r -a packages <<<"$IPW_BENCH_PACKAGES"
    logged bench-venv "the command that makes it: python3 -m venv $place" python3 -m venv --clear "$place"
    logged bench-packages "the command that gets them: $place/bin/pip install ${packages[*]}" \
      "$place/bin/pip" --disable-pip-version-check install "${packages[@]}"
    logged bench-packages "the command that gets it: $place/bin/pip install --no-deps $IPW_BENCH_PACKAGES_BARE" \
      "$place/bin/pip" --disable-pip-version-check install --no-deps "$IPW_BENCH_PACKAGES_BARE"
    touch "$place/.complete"
  fi
  "$place/bin/python" bench/scoring_beside.py build/bench/bin/ipw
}

# truth: tests and benchmarks say what they measured for each goal (tests/support/goal.h); the page is made of that.
truth() {
  local bin=build/bench/bin page=docs/reference/telemetry-truth
  export IPW_GOALS=$root/build/goals.tsv
  rm -f "$IPW_GOALS"
  say "== tests"
  run_tests release --label-exclude "checks|cli|conformance|slow" || say "dev: a test failed; the page says what was measured"
  say "== benchmarks"
  "$bin/bench_telemetry_sampler"
  "$bin/telemetry_slowdown"
  "$bin/telemetry_monitor" "$bin/ipw-monitor"
  "$bin/telemetry_truth" --svg "$page.svg"
  tools/list_goals "$IPW_GOALS" >"$page.md"
  say "written: $page.md, $page.svg"
}

# fuzz_each SECONDS: every fuzzer, from the seeds in fuzz/corpus/NAME; what it learns stays in the build folder.
fuzz_each() {
  local program name folders
  for program in build/fuzz/bin/fuzz_*; do
    name=${program##*/fuzz_}
    folders=("build/fuzz/corpus/$name")
    mkdir -p "${folders[0]}"
    [ ! -d "fuzz/corpus/$name" ] || folders+=("fuzz/corpus/$name")
    say "== fuzz_$name for $1 s"
    "$program" -max_total_time="$1" -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="build/fuzz/found-$name-" "${folders[@]}"
  done
}

# Install the developers' packages unless the named tools are here.
setup_developer_tools() {
  local tool
  for tool in "$@"; do have "$tool" || { setup --tests --develop; return; }; done
}

# Files of the working tree that match, tracked or not yet added.
our_files() { git ls-files --cached --others --exclude-standard --deduplicate -- "$@"; }

# format [--check]
format() {
  local mode=(-i)
  [ "${1:-}" != --check ] || mode=(--dry-run --Werror)
  our_files '*.cpp' '*.h' | xargs --no-run-if-empty clang-format-16 "${mode[@]}"
}

changed_sources() {
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || echo HEAD)
  { git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp' 'apps/*.cpp'
    git ls-files --others --exclude-standard -- 'src/*.cpp' 'apps/*.cpp'; } | sort -u
}

# tidy FILE...: clang-tidy reads the compile commands of the release build; some of its headers are generated.
tidy() {
  [ $# -gt 0 ] || { say "clang-tidy: no changed C++ file"; return; }
  build release
  say "clang-tidy: $# files"
  printf '%s\0' "$@" | xargs -0 --max-args 1 --max-procs "$(jobs_at_once)" \
    clang-tidy-16 -p build/release --quiet --warnings-as-errors='*' --extra-arg=-Wno-error
}

# lint [--changed|--all]
lint() {
  local files
  python3 tools/check_layers
  python3 tools/check_sizes
  our_files '*.md' '*.h' '*.cpp' '*.sh' '*.py' '*.cmake' '*CMakeLists.txt' dev tools | sort -u |
    xargs codespell
  shellcheck --external-sources --check-sourced dev .ci/run
  if [ "${1:-}" = --all ]; then mapfile -t files < <(our_files 'src/*.cpp' 'apps/*.cpp')
  else mapfile -t files < <(changed_sources); fi
  # A minute a file: more than a few belong to a developer's machine, not into CI's time.
  if [ -n "${CI:-}" ] && [ "${#files[@]}" -gt 10 ]; then say "clang-tidy: ${#files[@]} changed files, left to ./dev lint"
  else tidy "${files[@]}"; fi
}

# docs: the reference pages come from the rows of the program, so it must be there to write them, and from the tests' names.
docs() {
  local page
  logged build-programs "the command was: ./dev build" build release programs
  mkdir -p build/docs
  build/release/bin/ipw --commands-page >build/docs/commands.md
  python3 tools/list_defects >build/docs/defects.md
  for page in commands defects; do
    if [ "${1:-}" = --check ]; then
      cmp "build/docs/$page.md" "docs/reference/$page.md" ||
        fail "docs/reference/$page.md is not what the program or the tests say" "run ./dev docs and commit it"
    else
      cp "build/docs/$page.md" "docs/reference/$page.md"
    fi
  done
  python3 tools/check_links
}

# Whose tests run under the address and undefined-behaviour sanitizers in CI: what parses bytes from elsewhere, counts joules or
# writes the run folder. From a cold compiler cache their build takes two cores 7 minutes, and CI has 40 for all. Clients, execution
# and cli would take as long again, since they bring llama.cpp and every module: `./dev test --asan` runs them.
sanitized=(base stats http records telemetry rpc rpc_wire evaluation datasets sandbox_unit tools harness agents servers)

# check: in CI's order, the cheap first and the tests last, so that ctest's closing lines end the output.
check() {
  setup --tests --develop
  say "== format" && format --check
  say "== docs" && docs --check
  say "== lint" && lint --changed
  say "== tests of what parses, counts and writes, with the address and undefined-behaviour sanitizers"
  build asan "${sanitized[@]/#/test_}"
  run_tests asan --tests-regex "^($(IFS='|' && echo "${sanitized[*]}"))\$"
  say "== tests"
  build release
  run_tests release --label-exclude slow
}
