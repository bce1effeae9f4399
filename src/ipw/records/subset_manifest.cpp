// SPDX-License-Identifier: Apache-2.0
// subset_manifest.json: which tasks a run holds, with a hash by which two runs can be told to be of the same
// (original-formats.md 2.7).
#include <nlohmann/json.hpp>

#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/records/dataset_row.h"
#include "ipw/records/record_json.h"
#include "ipw/records/run_folder.h"
#include "ipw/records/task_exports.h"

namespace ipw::records {
namespace {

/// The names that benchmarks give their tasks by.
Json stable_ids(const Json& metadata) {
  Json out = Json::object();
  for (const char* key : {"id", "instance_id", "original_index", "question_id", "task_id", "uid"}) {
    const Json& value = member(metadata, key);
    if (!value.is_null()) out[key] = value.is_string() ? value.get<std::string>() : dump_json(value);
  }
  return out;
}

/// As Python's json.dumps(sort_keys=True, separators=(",", ":")) writes it: keys sorted, ASCII alone. The
/// objects here are written with their keys in order.
std::string canonical(const Json& value) {
  return value.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace

Json write_subset_manifest(const std::filesystem::path& folder) {
  const Json config = read_config(folder);
  Json records = Json::array();
  for_each_task(folder, [&](const QueryRecord& r) {
    records.push_back({{"index", r.index},
                       {"query_hash", sha256_hex(r.problem)},
                       {"query_id", r.query_id},
                       {"stable_ids", stable_ids(metadata_object(r.dataset_metadata))},
                       {"subject", r.subject}});
  });
  const Json manifest = {
      {"agent", member(config, "agent")},
      {"dataset", member(config, "dataset_id")},
      {"end_index", records.empty() ? Json(0) : Json(records.back()["index"].get<std::int64_t>() + 1)},
      {"model", member(config, "model")},
      {"records", records},
      {"schema_version", 1},
      {"start_index", records.empty() ? Json(0) : records.front()["index"]},
      {"subset_hash", sha256_hex(canonical(records))},
      {"subset_size", records.size()}};
  write_file_atomic(folder / "subset_manifest.json", pretty_json(manifest));
  return {{"subset_hash", manifest["subset_hash"]},
          {"subset_size", manifest["subset_size"]},
          {"start_index", manifest["start_index"]},
          {"end_index", manifest["end_index"]}};
}

}  // namespace ipw::records
