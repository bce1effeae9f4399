// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/validity.h"

#include <algorithm>
#include <array>

namespace ipw::telemetry {

namespace {

constexpr double kCoverageNeeded = 0.95;
// An average over half a second or more says nothing of windows shorter than this.
constexpr double kSlowAverage = 0.5, kLeastForSlowAverage = 5.0;
constexpr double kSensorCoverageNeeded = 0.5;
constexpr double kWidest = 0.5;

bool has(const WindowFacts& f) {
  return f.joules.has_value();
}

constexpr std::array kRules = {
    ValidityRule{"coverage", Validity::Invalid, "readings cover less than 95 % of the window",
                 [](const WindowFacts& f) { return has(f) && f.coverage < kCoverageNeeded; }},
    ValidityRule{"gap", Validity::LowConfidence,
                 "energy is missing in the window: the counter was reset or the sensor silent",
                 [](const WindowFacts& f) { return f.gap_seconds > 0; }},
    ValidityRule{"modelled", Validity::LowConfidence, "no sensor: estimated from the load",
                 [](const WindowFacts& f) { return f.modelled; }},
    ValidityRule{"no-value", Validity::Invalid, "there is no energy",
                 [](const WindowFacts& f) { return !has(f); }},
    ValidityRule{"short-for-average", Validity::LowConfidence,
                 "LOW_CONFIDENCE: shorter than 5 s, and the sensor shows the mean of half a second or more",
                 [](const WindowFacts& f) {
                   return f.averaging_seconds >= kSlowAverage && f.seconds < kLeastForSlowAverage;
                 }},
    ValidityRule{"short-for-update", Validity::LowConfidence, "shorter than the update period of the sensor",
                 [](const WindowFacts& f) { return f.update_seconds > 0 && f.seconds < f.update_seconds; }},
    ValidityRule{"sparse-sensor", Validity::LowConfidence, "the sensor looks less than half of the time",
                 [](const WindowFacts& f) { return f.sensor_coverage < kSensorCoverageNeeded; }},
    ValidityRule{"stuck", Validity::Invalid, "the counter did not move",
                 [](const WindowFacts& f) { return f.stuck; }},
    ValidityRule{"throttled", Validity::LowConfidence, "the device was held below its clock",
                 [](const WindowFacts& f) { return f.throttle != 0; }},
    ValidityRule{"unknown-wraps", Validity::Invalid, "the counter may have wrapped more than once",
                 [](const WindowFacts& f) { return f.unknown_wraps; }},
    ValidityRule{"wide", Validity::LowConfidence, "the half-width is more than half of the energy",
                 [](const WindowFacts& f) { return has(f) && f.half_width_joules > kWidest * *f.joules; }},
};
static_assert(std::ranges::is_sorted(kRules, {}, &ValidityRule::id));

const ValidityRule* find_rule(std::string_view id) {
  const auto rule = std::ranges::find(kRules, id, &ValidityRule::id);
  return rule == kRules.end() ? nullptr : &*rule;
}

}  // namespace

std::string_view to_string(Validity validity) {
  switch (validity) {
    case Validity::Valid:
      return "valid";
    case Validity::LowConfidence:
      return "low-confidence";
    case Validity::Invalid:
      return "invalid";
  }
  return "";
}

std::span<const ValidityRule> validity_rules() {
  return kRules;
}

Judgement judge(const WindowFacts& facts) {
  Judgement out;
  for (const Validity gravity : {Validity::Invalid, Validity::LowConfidence}) {
    for (const ValidityRule& rule : kRules) {
      if (rule.verdict == gravity && rule.broken(facts)) out.rules.emplace_back(rule.id);
    }
  }
  out.verdict = verdict_of(out.rules);
  return out;
}

Validity verdict_of(std::span<const std::string> rules) {
  Validity worst = Validity::Valid;
  for (const std::string& id : rules) {
    const ValidityRule* rule = find_rule(id);
    worst = std::max(worst, rule ? rule->verdict : Validity::LowConfidence);
  }
  return worst;
}

std::string explain(std::string_view id) {
  const ValidityRule* rule = find_rule(id);
  return rule ? std::string(rule->meaning) : std::string();
}

}  // namespace ipw::telemetry
