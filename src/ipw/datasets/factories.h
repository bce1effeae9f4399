// SPDX-License-Identifier: Apache-2.0
// The factories of the datasets; docs/reference/datasets/ has a page for each.
#pragma once
#include <memory>
#include <string_view>

#include "ipw/datasets/benchmark.h"
#include "ipw/datasets/dataset.h"

namespace ipw::datasets {

std::unique_ptr<Dataset> make_fixed_length(const DatasetOptions& options);
std::unique_ptr<Dataset> make_ipw_mini(const DatasetOptions& options);
std::unique_ptr<Dataset> make_ipw_mix(const DatasetOptions& options);
std::unique_ptr<Dataset> make_ipw_tiny(const DatasetOptions& options);
std::unique_ptr<Dataset> make_terminalbench(const DatasetOptions& options);
std::unique_ptr<Dataset> make_local(const DatasetOptions& options);

const Benchmark& arc();
const Benchmark& arena_hard();
const Benchmark& browsecomp();
const Benchmark& deepresearchbench();
const Benchmark& frames();
const Benchmark& gaia();
const Benchmark& gdpval();
const Benchmark& gpqa();
const Benchmark& gsm8k();
const Benchmark& hle();
const Benchmark& humaneval();
const Benchmark& ifeval();
const Benchmark& livecodebench();
const Benchmark& math500();
const Benchmark& mmlu();
const Benchmark& mmlu_pro();
const Benchmark& natural_reasoning();
const Benchmark& simpleqa();
const Benchmark& supergpqa();
const Benchmark& swebench();
const Benchmark& swefficiency();
const Benchmark& wildchat();

/// Read the file that the parameter `path` names, under a name of the user's.
std::unique_ptr<Dataset> make_local_as(std::string_view id, const DatasetOptions& options);

}  // namespace ipw::datasets
