// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/reward.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/harness/containers.h"

namespace ipw::harness {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::Format, what);
}

double number_of(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (!value.is_number() || !std::isfinite(value.get<double>()))
    fail(fmt::format("reward.json holds {}, which is no finite number", value.dump()));
  return value.get<double>();
}

/// The figures by their names.
Json rewards_of(const std::string& text) {
  const auto parsed = parse_json(text);
  if (!parsed) fail(fmt::format("reward.json is no JSON: {}", parsed.error()));
  Json out = Json::object();
  if (!parsed->is_object()) {
    out["reward"] = number_of(*parsed);
    return out;
  }
  for (const auto& [name, value] : parsed->items()) out[name] = number_of(value);
  if (out.empty()) fail("reward.json holds no figure");
  return out;
}

Json rewards_of(const std::optional<std::string>& json, const std::optional<std::string>& text) {
  if (json) {
    if (trim(*json).empty()) fail("reward.json is empty");
    return rewards_of(*json);
  }
  if (!text) fail("the verifier wrote neither /logs/verifier/reward.json nor reward.txt");
  if (trim(*text).empty()) fail("reward.txt is empty");
  const auto number = parse_double(trim(*text));
  if (!number) fail(fmt::format("reward.txt holds '{}', which is no finite number", tail(trim(*text), 100)));
  return {{"reward", *number}};
}

}  // namespace

evaluation::Verdict judge_reward(const std::optional<std::string>& json,
                                 const std::optional<std::string>& text, const std::string& metadata) {
  Json about = parse_json(metadata).value_or(Json::object());
  try {
    const Json rewards = rewards_of(json, text);
    about["rewards"] = rewards;
    if (rewards.size() > 1 && !rewards.contains("reward"))
      fail("reward.json has several figures and none is called 'reward'");
    const double reward = (rewards.contains("reward") ? rewards["reward"] : rewards.front()).get<double>();
    evaluation::Verdict out;
    out.correct = reward >= 1;
    out.score = std::clamp(reward, 0.0, 1.0);
    out.metadata = dump_json(about);
    if (!*out.correct) out.reason = fmt::format("the reward is {:g}", reward);
    return out;
  } catch (const Error& error) {
    return unscored(error.what(), dump_json(about));
  }
}

}  // namespace ipw::harness
