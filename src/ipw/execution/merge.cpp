// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/merge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/base/log.h"
#include "ipw/execution/merge_summary.h"
#include "ipw/execution/setup.h"
#include "ipw/execution/summary.h"
#include "ipw/execution/task_artifacts.h"
#include "ipw/execution/telemetry_log.h"
#include "ipw/records/merge_journals.h"
#include "ipw/records/run_folder.h"

namespace ipw::execution {
namespace {

namespace fs = std::filesystem;

/// One shard: what was written of it when it ran, wherever that lies now.
struct Part {
  std::size_t shard = 1, shards = 1;
  fs::path home;            ///< its config.json, summary.json and telemetry
  std::string folder;       ///< the name that its run folder had
  std::string journal_sha;  ///< of its run folder's journal
  ProfileConfig config;
  Json summary;
};

std::string part_name(const Part& part) {
  return fmt::format("shard-{}-of-{}", part.shard, part.shards);
}

fs::path normal(const fs::path& folder) {
  const auto path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

Part part_at(const fs::path& home, std::string folder, std::string sha) {
  Part part;
  part.home = home;
  part.folder = std::move(folder);
  part.journal_sha = std::move(sha);
  part.config = profile_config_from_json(records::read_config(home));
  part.summary = records::read_summary(home);
  part.shard = part.config.shard.index;
  part.shards = part.config.shard.count;
  return part;
}

/// The shards that a folder holds: one, or those of an earlier merge.
std::vector<Part> parts_of(const fs::path& folder) {
  if (!fs::exists(folder / "journal.jsonl"))
    throw Error(ErrorCode::NotFound,
                fmt::format("{} is no run folder of ipw: it has no journal.jsonl", folder.string()),
                "give the folders of the shards");
  const auto summary = records::read_summary(folder);
  if (!summary.contains("totals"))
    throw Error(ErrorCode::Unavailable, fmt::format("{} was never finished", folder.string()),
                "go on with it by --resume and the options of its config.json, then merge");
  if (!summary.contains("merge"))
    return {part_at(folder, normal(folder).filename().string(), sha256_file(folder / "journal.jsonl"))};
  std::vector<Part> parts;
  for (const auto& row : summary.at("merge").at("parts")) {
    const auto shards = summary.at("merge").at("shards").get<std::size_t>();
    const auto home =
        folder / "parts" / fmt::format("shard-{}-of-{}", row.at("shard").get<std::size_t>(), shards);
    parts.push_back(part_at(home, row.at("folder"), row.at("journal_sha256")));
  }
  return parts;
}

ProfileConfig whole_config(ProfileConfig config, const fs::path& output_dir) {
  config.shard = {};
  config.output_dir = output_dir.string();
  return config;
}

void check_compatible(const Part& a, const Part& b) {
  const auto key = incompatible_key(whole_config(a.config, {}), whole_config(b.config, {}));
  if (key)
    throw Error(ErrorCode::Usage,
                fmt::format("{} and {} are not of one run: another {}", a.folder, b.folder, *key),
                "shards differ in --shard alone");
  if (a.shards != b.shards)
    throw Error(ErrorCode::Usage,
                fmt::format("{} is one of {} shards, {} one of {}", a.folder, a.shards, b.folder, b.shards),
                "merge the shards of one partition");
  const auto left = a.summary.value("dataset_info", Json()), right = b.summary.value("dataset_info", Json());
  if (left != right)
    throw Error(ErrorCode::Usage,
                fmt::format("{} and {} asked different data: {} and {}", a.folder, b.folder, left.dump(),
                            right.dump()),
                "run the shards again with the same revision of the dataset");
}

/// Sorted by shard, each once.
std::vector<Part> load_parts(const std::vector<fs::path>& folders) {
  std::vector<Part> all;
  for (const auto& folder : folders) std::ranges::move(parts_of(folder), std::back_inserter(all));
  std::ranges::sort(all, {}, [](const Part& p) { return std::tie(p.shard, p.journal_sha); });
  const auto same =
      std::ranges::unique(all, {}, [](const Part& p) { return std::tie(p.shard, p.shards, p.journal_sha); });
  all.erase(same.begin(), same.end());
  for (const auto& part : all) check_compatible(all.front(), part);
  return all;
}

/// Called when their queries were found to be consistent.
void check_once(const std::vector<Part>& parts) {
  for (std::size_t i = 1; i < parts.size(); ++i)
    if (parts[i].shard == parts[i - 1].shard)
      throw Error(ErrorCode::Usage,
                  fmt::format("shard {} of {} is there in two states: {} and {}", parts[i].shard,
                              parts[i].shards, parts[i - 1].folder, parts[i].folder),
                  "merge the folders of the shards themselves, each once, not with a merge from before one "
                  "was resumed");
}

void copy_part(const Part& part, const fs::path& into) {
  const auto home = into / "parts" / part_name(part);
  make_directories(home);
  std::vector<fs::path> files = telemetry_parts(part.home);
  for (const char* name : {"config.json", "summary.json", "results.json", "telemetry.arrow"})
    files.push_back(part.home / name);
  for (const auto& file : files)
    if (fs::exists(file)) fs::copy_file(file, home / file.filename());
}

/// Returns how many things in them were left out.
std::size_t copy_artifacts(const fs::path& from, const fs::path& into) {
  const auto root = from / "artifacts";
  std::size_t left_out = 0;
  if (!fs::is_directory(root)) return left_out;
  make_directories(into / "artifacts");
  for (const auto& task : fs::directory_iterator(root)) {
    const auto target = into / "artifacts" / task.path().filename();
    if (!fs::exists(target)) left_out += copy_tree(task.path(), target);
  }
  return left_out;
}

std::vector<std::size_t> missing_shards(const std::vector<Part>& parts) {
  std::vector<std::size_t> out;
  for (std::size_t shard = 1; shard <= parts.front().shards; ++shard)
    if (std::ranges::find(parts, shard, &Part::shard) == parts.end()) out.push_back(shard);
  return out;
}

Json merge_json(const std::vector<Part>& parts) {
  Json rows = Json::array();
  for (const auto& part : parts) {
    Json row{{"shard", part.shard}, {"folder", part.folder}, {"journal_sha256", part.journal_sha}};
    for (const char* key :
         {"hardware_label", "system_info", "gpu_info", "versions", "totals", "interrupted", "verdict"})
      row[key] = part.summary.value(key, Json());
    rows.push_back(std::move(row));
  }
  return {{"shards", parts.front().shards}, {"missing", missing_shards(parts)}, {"parts", rows}};
}

/// Valid where every part is, none is missing, and all ran on the same hardware.
Verdict join_verdicts(const std::vector<Part>& parts, const Tally& tally) {
  Verdict verdict = judge(tally, {}, false, parts.front().config.telemetry);
  if (const auto missing = missing_shards(parts); !missing.empty())
    verdict.reasons.push_back(fmt::format("{} of {} shards are there; missing: {}", parts.size(),
                                          parts.front().shards, fmt::join(missing, ", ")));
  std::set<std::string> labels;
  for (const auto& part : parts) {
    labels.insert(part.summary.value("hardware_label", ""));
    const Json own = part.summary.value("verdict", Json::object()).value("reasons", Json::array());
    for (const auto& reason : own)
      verdict.reasons.push_back(
          fmt::format("shard {} of {}: {}", part.shard, part.shards, reason.get<std::string>()));
  }
  if (labels.size() > 1)
    verdict.reasons.push_back(
        fmt::format("the shards ran on different hardware ({}): their energies are of none of it",
                    fmt::join(labels, ", ")));
  return verdict;
}

/// The price that the parts were counted by, as their summaries have it.
prices::Quote price_of(const Json& cost) {
  prices::Price price;
  const auto text = [&](const char* key) { return text_at(cost, key); };
  if (text("price_model").empty()) return tl::unexpected(text("reason"));
  price.model = text("price_model");
  price.as_of = text("prices_as_of");
  price.source = text("price_source");
  price.file = text("price_file");
  return price;
}

Json totals_json(const std::vector<Json>& summaries, const Tally& t) {
  std::vector<Json> totals;
  for (const auto& summary : summaries) totals.push_back(summary.value("totals", Json::object()));
  const Json sums = add_up(totals);
  return {{"queries", t.queries},
          {"asked_for", sums.value("asked_for", Json())},
          {"failed", t.failed},
          {"scored", t.scored},
          {"unscored", t.queries - t.scored},
          {"correct", t.correct},
          {"with_energy", t.with_energy},
          {"energy_joules", t.with_energy > 0 ? Json(t.joules) : Json(nullptr)},
          {"cost_usd", t.cost.queries > 0 ? Json(t.cost.sum.total_usd) : Json(nullptr)},
          {"wall_clock_s", sums.value("wall_clock_s", Json())},
          {"done_before_resume", sums.value("done_before_resume", Json())}};
}

Json rescored_of(const std::vector<fs::path>& folders, const std::vector<Json>& summaries) {
  std::set<std::string> notes;  // one that a merged folder and its part both have counts once
  const auto take = [&](const Json& summary) {
    const Json list = summary.value("rescored", Json::array());
    for (const auto& note : list) notes.insert(note.dump());
  };
  for (const auto& folder : folders) take(records::read_summary(folder));
  for (const auto& summary : summaries) take(summary);
  Json out = Json::array();
  for (const auto& note : notes) out.push_back(parse_json(note).value());
  return out;
}

class Merge {
 public:
  Merge(const MergeRequest& request, WallTime now)
      : request_(request), now_(now), parts_(load_parts(request.folders)) {
    const auto& first = parts_.front();
    config_ = whole_config(first.config, request.output_dir);
    target_ = request.output_dir / folder_name(config_, first.summary.value("hardware_label", ""),
                                               first.summary.value("dataset", ""));
    const bool there = fs::exists(target_) && !fs::is_empty(target_);
    if (there && !request.overwrite)
      throw Error(ErrorCode::Unavailable, fmt::format("{} exists already", target_.string()),
                  "--overwrite replaces it; another folder in the place of OUT writes elsewhere");
  }

  MergeOutcome run() {
    const fs::path work = request_.output_dir / fmt::format(".{}.merging", target_.filename().string());
    fs::remove_all(work);
    make_directories(work);
    try {
      auto outcome = write(work);
      remove_tree(target_);
      fs::rename(work, target_);
      return outcome;
    } catch (...) {
      std::error_code ignored;
      fs::remove_all(work, ignored);
      throw;
    }
  }

 private:
  MergeOutcome write(const fs::path& work) {
    write_journal(work);
    check_once(parts_);
    for (const auto& part : parts_) copy_part(part, work);
    std::size_t left_out = 0;
    for (const auto& folder : request_.folders) left_out += copy_artifacts(folder, work);
    if (left_out > 0)
      log::warning("{} things in the artifacts are left out: pipes, sockets, or not to be read", left_out);
    records::write_config(work, to_json(config_));
    Json summary = head();
    write_dataset(work, summary, description());
    const auto tally = tally_of(work, config_.model);
    const auto verdict = join_verdicts(parts_, tally);
    complete(summary, tally, verdict);
    records::write_summary(work, summary);
    if (!config_.agent.name.empty()) write_task_files(work, config_.agent);
    const bool interrupted = summary.at("interrupted").get<bool>();
    return {{target_, tally.queries, tally.failed, interrupted, verdict},
            config_.model,
            parts_.front().shards,
            missing_shards(parts_)};
  }

  void write_journal(const fs::path& work) const {
    std::vector<records::JournalPart> journals;
    for (const auto& folder : request_.folders)
      journals.push_back({folder / "journal.jsonl", normal(folder).filename().string()});
    const auto broken = records::merge_journals(journals, work / "journal.jsonl");
    if (broken > 0) log::warning("{} broken lines of the journals are left out", broken);
  }

  std::string description() const {
    return fmt::format("{} on {}, merged from {} of {} shards by ipw {}", config_.model,
                       parts_.front().summary.value("dataset_name", ""), parts_.size(), parts_.front().shards,
                       IPW_VERSION);
  }

  /// What stands in front, without the counts.
  Json head() const {
    const Json& first = parts_.front().summary;
    Json out;
    out["model"] = config_.model;
    out["profiler_config"] = to_json(config_);
    for (const char* key : {"dataset", "dataset_name", "hardware_label"}) out[key] = first.value(key, Json());
    out["generated_at"] = static_cast<double>(unix_nanos(now_)) * 1e-9;
    out["total_queries"] = nullptr;
    for (const char* key : {"system_info", "gpu_info"}) out[key] = first.value(key, Json());
    out["output_dir"] = target_.string();
    out["versions"] = {{"ipw", IPW_VERSION}};
    for (const char* key : {"client_info", "dataset_info"}) out[key] = first.value(key, Json());
    out["merge"] = merge_json(parts_);
    return out;
  }

  void complete(Json& summary, const Tally& tally, const Verdict& verdict) const {
    std::vector<Json> summaries;
    std::vector<std::size_t> shards;
    for (const auto& part : parts_) {
      summaries.push_back(part.summary);
      shards.push_back(part.shard);
    }
    const bool interrupted =
        std::ranges::any_of(summaries, [](const Json& s) { return s.value("interrupted", false); });
    summary["total_queries"] = tally.queries;
    summary["totals"] = totals_json(summaries, tally);
    summary["telemetry"] = join_telemetry(summaries, shards);
    summary["cost"] = cost_json(tally.cost, price_of(summaries.front().value("cost", Json())), tally.queries);
    summary["scoring"] = join_scoring(summaries);
    summary["rescored"] = rescored_of(request_.folders, summaries);
    summary["attribution"] = join_attribution(summaries);
    summary["dedicated_hardware"] = join_dedicated(summaries);
    summary["interrupted"] = interrupted;
    summary["verdict"] = {{"valid", verdict.valid()}, {"reasons", verdict.reasons}};
  }

  const MergeRequest& request_;
  WallTime now_;
  std::vector<Part> parts_;
  ProfileConfig config_;
  fs::path target_;
};

}  // namespace

MergeOutcome merge(const MergeRequest& request, WallTime now) {
  if (request.folders.empty())
    throw Error(ErrorCode::Usage, "there is nothing to merge", "give the folders of the shards");
  return Merge(request, now).run();
}

}  // namespace ipw::execution
