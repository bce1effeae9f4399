// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/records/run_folder.h"

namespace ipw::records {
namespace {

namespace fs = std::filesystem;

Json read_or_empty(const fs::path& file) {
  if (!fs::exists(file)) return Json::object();
  auto json = read_json_file(file.string());
  if (json.is_object()) return json;
  throw Error(ErrorCode::Format, fmt::format("{} must hold a JSON object", file.string()));
}

void write_masked(const fs::path& file, const Json& json) {
  make_directories(file.parent_path());
  write_file_atomic(file, pretty_json(mask_secrets(json)));
}

}  // namespace

Json read_summary(const fs::path& folder) {
  return read_or_empty(folder / "summary.json");
}
Json read_config(const fs::path& folder) {
  return read_or_empty(folder / "config.json");
}
void write_summary(const fs::path& folder, const Json& summary) {
  write_masked(folder / "summary.json", summary);
}
void write_config(const fs::path& folder, const Json& config) {
  write_masked(folder / "config.json", config);
}

void write_analysis(const fs::path& folder, const std::string& id, const Json& analysis) {
  write_masked(folder / "analysis" / (id + ".json"), analysis);
}

std::string run_folder_name(const std::string& command, const std::string& hardware, const std::string& model,
                            const std::string& dataset) {
  std::string name =
      fmt::format("{}_{}_{}", command, hardware.empty() ? "UNKNOWN_HW" : slug(hardware), slug(model));
  if (!trim(dataset).empty()) name += fmt::format("_{}", slug(dataset));
  return name;
}

}  // namespace ipw::records
