// SPDX-License-Identifier: Apache-2.0
// A record with every field set, and a folder of its own for a test.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "ipw/records/query_record.h"

namespace ipw::records {

inline QueryRecord sample_record(std::int64_t index) {
  QueryRecord r;
  r.index = index;
  r.query_id = "q" + std::to_string(index);
  r.sample = 2;
  r.problem = "What is 6 times 7?";
  r.answer = "42";
  r.subject = "maths";
  r.dataset_metadata = R"({"level":3,"source":{"name":"x"}})";
  r.prompt_sha256 = "ab12";
  r.response = "It is 42.";
  r.reasoning = "six sevens";
  r.finish_reason = "stop";
  r.attempts = 2;
  r.started_unix_ns = 1'700'000'000'123'456'789;
  r.started_seconds = 1.5;
  r.latency = {2.0, 0.25, {0.01, 0.02, 0.03, 0.05}, 0.2, 1.8, "kernel"};
  r.tokens = {10, 20, 4, 5, "server"};
  r.cost = Cost{6e-6, 1e-6, 30e-6, 10e-6, 47e-6, "2026-05-01"};
  r.server_timings = R"({"prompt_ms":200})";
  r.energy = {
      {"gpu-0", "accelerator", 100.0, 2.0, "counter", "edge-aware", 1.0, 10.0, ""},
      {"package-0", "package", 30.0, 1.0, "counter", "edge-aware", 0.9, std::nullopt, ""},
      {"package-0/dram", "dram", std::nullopt, 0.0, "counter", "edge-aware", 0.0, std::nullopt, "silent"}};
  r.prefill = {20.0, 0.25};
  r.decode = {80.0, 1.75};
  r.shared_device = true;
  r.gpu_power_watts = Stats{50, 60, 51, 40};
  r.cpu_power_watts = Stats{15, 16, 15, 14};
  r.temperature_celsius = Stats{41, 42, 41, 40};
  r.cpu_memory_mb = Stats{1000, 1001, 1000, 999};
  r.gpu_memory_mb = Stats{2000, 2048, 2000, 1999};
  r.gpu_utilization_pct = 90;
  r.gpu_memory_bandwidth_pct = 30;
  r.gpu_memory_total_mb = 8192;
  r.devices = {{"gpu-0", "GPU-5a3c, Simulated 80GB", "temperature_celsius", {41, 42, 41, 40}}};
  r.evaluation = Evaluation{true, "exact", "42", "", R"({"rule":"exact"})"};
  return r;
}

/// An empty folder named after the running test.
inline std::filesystem::path empty_folder() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const auto folder = std::filesystem::path(testing::TempDir()) /
                      (std::string("ipw_") + test->test_suite_name() + "_" + test->name());
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

}  // namespace ipw::records
