// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/records/run_folder.h"
#include "sample_record.h"

namespace ipw::records {
namespace {

struct LabelCase {
  const char *gpu, *cpu, *label;
};

class HardwareLabel : public testing::TestWithParam<LabelCase> {};

TEST_P(HardwareLabel, is_the_one_of_the_original) {
  EXPECT_EQ(hardware_label(GetParam().gpu, GetParam().cpu), GetParam().label);
}

INSTANTIATE_TEST_SUITE_P(Table, HardwareLabel,
                         testing::Values(LabelCase{"NVIDIA H200 x1", "", "H200x1"},
                                         LabelCase{"NVIDIA H100 80GB HBM3 x8", "", "H10080GB"},
                                         LabelCase{"NVIDIA GeForce RTX 4090 x1", "", "RTX4090"},
                                         LabelCase{"NVIDIA A100-SXM4-80GB x1", "", "A100SXM4"},
                                         LabelCase{"NVIDIA L40S x2", "", "L40Sx2"},
                                         LabelCase{"AMD Instinct MI300X x8", "", "MI300Xx8"},
                                         LabelCase{"NVIDIA (2 GPUs)", "", "2"},
                                         LabelCase{"Apple GPU", "Unknown CPU", "GPU"},
                                         LabelCase{"Apple GPU", "Apple M4 Pro", "M4"},
                                         LabelCase{"", "Apple M4 Pro", "M4"},
                                         LabelCase{"", "", "UNKNOWN_HW"}));

TEST(RunFolderName, X8_has_no_spaces) {
  EXPECT_EQ(run_folder_name("profile", "H200x1", "llama-3.2:1b", "Intelligence Per Watt"),
            "profile_H200x1_llama_3_2_1b_Intelligence_Per_Watt");
}

TEST(RunFolderName, stands_without_a_dataset_or_hardware) {
  EXPECT_EQ(run_folder_name("profile", "", "!!!", " "), "profile_UNKNOWN_HW_model");
}

TEST(MaskSecrets, Z10_masks_keys_and_tokens_at_any_depth) {
  const auto masked = mask_secrets(*parse_json(
      R"({"client_params":{"api_key":"sk-SECRET","apiKey":"SECRET","headers":[{"Authorization":"Bearer SECRET"}]},
          "hf_token":"SECRET","password":12345,"args":["--api-key=SECRET","api_key=SECRET","Authorization: Bearer SECRET"],
          "url":"https://me:SECRET@host/v1?api_key=SECRET&n=1","note":"Bearer SECRET, then"})"));
  EXPECT_EQ(dump_json(masked).find("SECRET"), std::string::npos) << dump_json(masked);
  EXPECT_EQ(dump_json(masked).find("12345"), std::string::npos);
  EXPECT_EQ(masked["url"], "https://me:***@host/v1?api_key=***&n=1");
}

TEST(MaskSecrets, leaves_figures_and_prose_alone) {
  const auto json = *parse_json(
      R"({"max_tokens":512,"energy_per_token":0.25,"output_tokens":[1,2],"tokenizer":"llama","monkey":"x","key_metrics":{"a":1},
          "base_url":"http://localhost:8000/v1","warning":"energy per token: 0.3 J","formula":"ipj = accuracy / energy"})");
  EXPECT_EQ(mask_secrets(json), json);
}

TEST(FolderFiles, Z10_write_no_secret) {
  const auto folder = empty_folder();
  write_config(folder, {{"client_params", {{"api_key", "SECRET"}}}});
  write_summary(folder, {{"profiler_config", {{"client_params", {{"token", "SECRET"}}}}}});
  write_analysis(folder, "accuracy", {{"command", "ipw --client-param api_key=SECRET"}});
  for (const char* file : {"config.json", "summary.json", "analysis/accuracy.json"})
    EXPECT_EQ(read_file(folder / file).find("SECRET"), std::string::npos) << file;
}

TEST(FolderFiles, give_back_what_was_written) {
  const auto folder = empty_folder();
  write_summary(folder, {{"model", "m"}, {"total_queries", 3}});
  EXPECT_EQ(read_summary(folder)["total_queries"], 3);
}

TEST(FolderFiles, X6_leave_a_folder_whose_name_has_dots_as_it_is) {
  const auto folder = empty_folder() / "profile_x_v1.5";
  write_summary(folder, {{"model", "m"}});
  write_analysis(folder, "regression", {{"analysis", "regression"}});
  EXPECT_TRUE(std::filesystem::exists(folder / "summary.json"));
  EXPECT_TRUE(std::filesystem::exists(folder / "analysis" / "regression.json"));
}

TEST(FolderFiles, that_are_absent_read_as_empty_objects) {
  EXPECT_EQ(read_summary(empty_folder()), Json::object());
  EXPECT_EQ(read_config(empty_folder()), Json::object());
}

TEST(FolderFiles, name_a_file_that_is_no_object) {
  const auto folder = empty_folder();
  std::ofstream(folder / "summary.json") << "[1]";
  EXPECT_THROW(read_summary(folder), Error);
}

}  // namespace
}  // namespace ipw::records
