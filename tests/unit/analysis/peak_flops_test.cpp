// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/peak_flops.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "ipw/analysis/flops.h"
#include "ipw/base/text.h"

namespace ipw::analysis {
namespace {

using ::testing::HasSubstr;

TEST(PeakFlops, M38_each_row_can_be_reached_whole_words_and_longest_first) {
  for (const auto& row : peak_flops()) {
    EXPECT_EQ(find_peak_flops(row.name)->name, row.name);
    EXPECT_EQ(find_peak_flops("NVIDIA " + to_lower_ascii(row.name) + " 80GB")->name, row.name);
  }
  EXPECT_EQ(find_peak_flops("NVIDIA H100 PCIe")->tflops, 756);
  EXPECT_EQ(find_peak_flops("NVIDIA H100 80GB HBM3")->tflops, 989.5);
  EXPECT_EQ(find_peak_flops("NVIDIA A100-SXM4-80GB")->tflops, 312);
  EXPECT_EQ(find_peak_flops("AMD Instinct MI300X")->tflops, 1307.4);
  EXPECT_THAT(find_peak_flops("NVIDIA RTX A1000").error(), HasSubstr("RTX A1000"));
  EXPECT_FALSE(find_peak_flops(""));
}

Json gpus(int count) {
  return {{"gpu_info", {{"name", "NVIDIA H200"}, {"count", count}}}};
}

TEST(PeakFlops, M37_all_devices_count) {
  const ModelUse use{1e12, 2};
  EXPECT_DOUBLE_EQ(use.mfu(peak_of(gpus(2)).value()), use.mfu(peak_of(gpus(1)).value()) / 2);
  EXPECT_DOUBLE_EQ(use.mfu(peak_of(gpus(1)).value()), 1 / (2 * 989.5));
  EXPECT_THAT(peak_of(Json::object()).error(), HasSubstr("no accelerator"));
  EXPECT_THAT(peak_of({{"gpu_info", {{"name", "NVIDIA H200"}}}}).error(), HasSubstr("number"));
}

Json trace(Json tokens, bool shared = false) {
  return {{"shared_device_warning", shared},
          {"lm_energy_measurable", true},
          {"spans",
           {{{"kind", "task"}, {"own_seconds", 9}},
            {{"kind", "model"}, {"own_seconds", 0.5}, {"tokens", std::move(tokens)}}}}};
}

TEST(PeakFlops, M63_a_task_s_use_is_of_its_model_s_calls_without_cached_tokens) {
  const ModelSize size{"m", 1, 1, 0, 0};
  const auto use = use_of(size, trace({{"input", 100}, {"output", 20}, {"cached", 40}})).value();
  EXPECT_DOUBLE_EQ(use.seconds, 0.5);
  EXPECT_DOUBLE_EQ(use.operations, 2 * 1e9 * 80);
}

TEST(PeakFlops, without_counts_or_with_others_on_the_device_there_is_none) {
  const ModelSize size{"m", 1, 1, 0, 0};
  EXPECT_FALSE(use_of(size, trace({{"input", 100}})));
  EXPECT_FALSE(use_of(size, trace({{"input", 100}, {"output", 20}}, true)));
  EXPECT_FALSE(use_of(size, Json::object()));
}

}  // namespace
}  // namespace ipw::analysis
