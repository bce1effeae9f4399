// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/query_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "ipw/base/error.h"
#include "sample_record.h"

namespace ipw::records {
namespace {

/// A record in which each optional field is there or not, by chance.
QueryRecord random_record(std::mt19937& random) {
  const auto maybe = [&] { return random() % 2 == 0; };
  const auto number = [&] {
    return std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 40) - 40);
  };
  auto r = sample_record(static_cast<std::int64_t>(random()));
  if (maybe()) r.subject.clear();
  if (maybe()) r.failure = RecordFailure{"http", "bad \"gateway\"\n", maybe() ? 502 : 0};
  if (maybe()) r.latency.ttft_seconds.reset();
  r.latency.total_seconds = number();
  r.latency.itl_seconds.assign(random() % 5, number());
  if (maybe()) r.tokens.output.reset();
  if (maybe()) r.cost.reset();
  for (auto& e : r.energy)
    if (maybe()) e.joules = number();
  if (maybe()) r.energy.clear();
  if (maybe()) r.prefill = {};
  if (maybe()) r.gpu_power_watts.reset();
  if (maybe()) r.gpu_utilization_pct.reset();
  if (maybe()) r.evaluation.reset();
  if (r.evaluation && maybe()) r.evaluation->correct.reset();
  return r;
}

TEST(QueryRecord, survives_a_round_trip_through_text) {
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    const auto text = dump_json(to_json(random_record(random)));
    EXPECT_EQ(dump_json(to_json(query_record_from_json(*parse_json(text)))), text);
  }
}

TEST(QueryRecord, keeps_every_field_of_a_full_record) {
  const auto r = query_record_from_json(to_json(sample_record(7)));
  EXPECT_EQ(r.index, 7);
  EXPECT_EQ(r.started_unix_ns, 1'700'000'000'123'456'789);
  EXPECT_EQ(r.latency.itl_seconds.size(), 4u);
  EXPECT_EQ(r.latency.clock, "kernel");
  EXPECT_EQ(r.tokens.cached, 4);
  EXPECT_EQ(r.energy.at(2).reason, "silent");
  EXPECT_FALSE(r.energy.at(2).joules.has_value());
  EXPECT_EQ(r.gpu_memory_mb->max, 2048);
  EXPECT_EQ(r.evaluation->correct, true);
}

TEST(QueryRecord, leaves_absent_and_null_fields_absent) {
  const auto r =
      query_record_from_json(*parse_json(R"({"index":3,"tokens":null,"latency":{"ttft_seconds":null}})"));
  EXPECT_EQ(r.index, 3);
  EXPECT_FALSE(r.tokens.input.has_value());
  EXPECT_FALSE(r.latency.ttft_seconds.has_value());
  EXPECT_FALSE(r.evaluation.has_value());
}

TEST(QueryRecord, ignores_unknown_fields) {
  EXPECT_EQ(query_record_from_json(*parse_json(R"({"index":3,"from_the_future":[1]})")).index, 3);
}

TEST(QueryRecord, names_a_field_of_the_wrong_type) {
  try {
    query_record_from_json(*parse_json(R"({"index":3,"problem":[1]})"));
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Format);
    EXPECT_NE(std::string(e.what()).find("problem"), std::string::npos);
  }
}

DomainEnergy domain(const char* name, const char* scope, std::optional<double> joules,
                    double half_width = 0) {
  return {name, scope, joules, half_width, "counter", "edge-aware", 1, {}, joules ? "" : "silent"};
}

TEST(HeadlineEnergy, is_the_sum_of_the_accelerators) {
  const auto h =
      headline_energy({domain("package-0", "package", 7.0), domain("gpu-0", "accelerator", 10.0, 1),
                       domain("gpu-1", "accelerator", 20.0, 2)});
  EXPECT_EQ(h.scope, "accelerator");
  EXPECT_EQ(h.joules, 30.0);
  EXPECT_EQ(h.half_width_joules, 3.0);
}

TEST(HeadlineEnergy, is_the_sum_of_the_packages_where_there_is_no_accelerator) {
  const auto h = headline_energy({domain("package-0", "package", 7.0), domain("package-0/core", "core", 5.0),
                                  domain("package-1", "package", 8.0)});
  EXPECT_EQ(h.scope, "package");
  EXPECT_EQ(h.joules, 15.0);
}

TEST(HeadlineEnergy, E4_a_worse_source_of_the_same_quantity_stands_only_where_it_is_alone) {
  auto average = domain("gpu-0-average", "accelerator", 14.0, 3);
  average.alternative_to = "gpu-0";
  EXPECT_EQ(headline_energy({domain("gpu-0", "accelerator", 10.0, 1), average}).joules, 10.0);
  EXPECT_EQ(headline_energy({average}).joules, 14.0);
}

TEST(QueryRecord, keeps_validity_bounds_and_alternatives) {
  QueryRecord record;
  record.energy = {domain("gpu-0", "accelerator", 10.0, 1)};
  DomainEnergy& e = record.energy[0];
  e.low_joules = 4;
  e.high_joules = 17;
  e.sensor_coverage = 0.25;
  e.validity = {"sparse-sensor", "wide"};
  e.idle_error_joules = 0.5;
  e.alternative_to = "module-0";
  record.prefill = {3.0, 0.2, 0.4};
  const auto back = query_record_from_json(to_json(record));
  EXPECT_EQ(back.energy[0].validity, e.validity);
  EXPECT_EQ(back.energy[0].low_joules, 4.0);
  EXPECT_EQ(back.energy[0].high_joules, 17.0);
  EXPECT_EQ(back.energy[0].sensor_coverage, 0.25);
  EXPECT_EQ(back.energy[0].idle_error_joules, 0.5);
  EXPECT_EQ(back.energy[0].alternative_to, "module-0");
  EXPECT_EQ(back.prefill.half_width_joules, 0.4);
}

TEST(HeadlineEnergy, is_absent_with_the_reason_when_one_domain_has_no_value) {
  const auto h = headline_energy({domain("gpu-0", "accelerator", 10.0), domain("gpu-1", "accelerator", {})});
  EXPECT_FALSE(h.joules.has_value());
  EXPECT_EQ(h.reason, "gpu-1: silent");
}

TEST(HeadlineEnergy, M22_does_not_let_a_nan_through) {
  const auto h = headline_energy({domain("gpu-0", "accelerator", std::nan(""))});
  EXPECT_FALSE(h.joules.has_value());
}

TEST(HeadlineEnergy, says_that_nothing_was_measured) {
  EXPECT_FALSE(headline_energy({}).joules.has_value());
  EXPECT_FALSE(headline_energy({}).reason.empty());
}

TEST(HeadlineEnergy, sensors_without_a_known_scope_stand_for_nothing) {
  const auto h = headline_energy({domain("mystery/vdd", "host", 5.0)});
  EXPECT_FALSE(h.joules.has_value());
  EXPECT_NE(h.reason.find("scope is not known"), std::string::npos);
}

TEST(ScopeEnergy, says_when_a_scope_was_not_measured) {
  const auto h = scope_energy({domain("gpu-0", "accelerator", 10.0)}, "package");
  EXPECT_FALSE(h.joules.has_value());
  EXPECT_NE(h.reason.find("package"), std::string::npos);
}

}  // namespace
}  // namespace ipw::records
