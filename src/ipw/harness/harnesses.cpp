// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/harness.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/harness/factories.h"

namespace ipw::harness {
namespace {

std::shared_ptr<Images> images_of(const HarnessOptions& options) {
  return std::make_shared<Images>([endpoint = options.engine] {
    std::shared_ptr<sandbox::ContainerEngine> engine = sandbox::connect_engine(endpoint);
    sandbox::remove_left_containers(endpoint);
    return engine;
  });
}

std::unique_ptr<Harness> swebench(const HarnessOptions& options) {
  return make_swebench(images_of(options), options.data_dir);
}
std::unique_ptr<Harness> swefficiency(const HarnessOptions& options) {
  return make_swefficiency(images_of(options));
}
std::unique_ptr<Harness> terminalbench(const HarnessOptions& options) {
  return make_terminalbench(images_of(options));
}

}  // namespace

std::span<const HarnessEntry> harnesses() {
  static constexpr std::array kHarnesses = {
      HarnessEntry{"swebench",
                   "The patch in a fresh container of the issue's image, then the tests of SWE-bench.",
                   &swebench},
      HarnessEntry{"swefficiency",
                   "The workload's time before and after the patch, the expert's beside it, and the tests.",
                   &swefficiency},
      HarnessEntry{"terminalbench", "The task's own tests in its container, of version 1 or of Harbor.",
                   &terminalbench},
  };
  return kHarnesses;
}

Json metadata_of(const datasets::Question& question) {
  auto parsed = parse_json(question.metadata);
  if (!parsed || !parsed->is_object())
    throw Error(ErrorCode::Format, fmt::format("the metadata of {} is no JSON object", question.id));
  return std::move(*parsed);
}

std::vector<std::string> texts_at(const Json& json, std::string_view key) {
  const auto it = json.find(key);
  if (it == json.end()) return {};
  Json list = *it;
  if (list.is_string()) list = parse_json(it->get<std::string>()).value_or(Json());
  std::vector<std::string> out;
  if (!list.is_array()) return out;
  for (const auto& item : list)
    if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

double number_at(const Json& json, std::string_view key, double fallback) {
  const auto it = json.find(key);
  return it != json.end() && it->is_number() && it->get<double>() > 0 ? it->get<double>() : fallback;
}

}  // namespace ipw::harness
