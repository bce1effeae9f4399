// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ipw/execution/setup.h"
#include "ipw/records/run_folder.h"

namespace ipw::execution {
namespace {

constexpr double kMissedTicksAllowed =
    0.02;  ///< telemetry.md R2: 0.5 % under load, with a margin for virtual machines
constexpr double kEnergyCoverageNeeded = 0.95;

double unix_seconds(WallTime t) {
  return static_cast<double>(unix_nanos(t)) * 1e-9;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json embedded(const std::string& text) {
  if (text.empty()) return nullptr;
  auto parsed = parse_json(text);
  return parsed ? *parsed : Json(text);
}

Json share_json(const telemetry::DeviceShare& d) {
  Json out{
      {"domain", d.domain},
      {"device_joules", d.device_joules},
      {"request_joules", d.request_joules},
      {"idle_joules", d.idle_joules},
      {"unattributed_joules", d.unattributed_joules},
      {"shared_idle_joules", d.shared_idle_joules},
      {"joules_per_token", or_null(d.joules_per_token)},
      {"alone", {{"requests", d.alone_requests}, {"joules_per_token", or_null(d.alone_joules_per_token)}}}};
  if (d.tokens)
    out["tokens"] = {{"prefill_joules", d.tokens->prefill_joules},
                     {"decode_joules", d.tokens->decode_joules},
                     {"from", d.tokens->from},
                     {"request_deviation", d.tokens->request_deviation}};
  return out;
}

/// Requests + idle + unattributed = device, for each domain (design law 3).
Json account_json(const std::optional<telemetry::Account>& account) {
  if (!account) return nullptr;
  Json domains = Json::array();
  for (const auto& d : account->domains) domains.push_back(share_json(d));
  return {{"rule", account->rule},
          {"begin_monotonic_ns", account->begin.time_since_epoch().count()},
          {"end_monotonic_ns", account->end.time_since_epoch().count()},
          {"domains", domains}};
}

Json system_info(const records::MachineInfo& m) {
  return {{"os_name", m.os_name},     {"os_version", m.os_version}, {"kernel_version", m.kernel_version},
          {"host_name", m.host_name}, {"cpu_count", m.cpu_count},   {"cpu_brand", m.cpu_brand}};
}

Json gpu_info(const records::MachineInfo& m) {
  if (!m.gpu_name) return nullptr;
  return {{"name", *m.gpu_name},
          {"vendor", or_null(m.gpu_vendor)},
          {"device_id", 0},
          {"device_type", "GPU"},
          {"backend", or_null(m.gpu_backend)},
          {"count", or_null(m.gpu_count)},
          {"driver_version", or_null(m.gpu_driver)}};
}

std::optional<std::string> text_if_any(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? std::optional(it->get<std::string>()) : std::nullopt;
}

Json client_info(const clients::Description& d) {
  return {{"base_url", d.base_url}, {"server", d.server},     {"version", d.version},
          {"models", d.models},     {"warnings", d.warnings}, {"details", embedded(d.details_json)}};
}

Json totals(const Tally& t, const FinishFacts& f) {
  return {{"queries", t.queries},
          {"asked_for", or_null(f.total)},
          {"failed", t.failed},
          {"scored", t.scored},
          {"unscored", t.queries - t.scored},
          {"correct", t.correct},
          {"with_energy", t.with_energy},
          {"energy_joules", t.with_energy ? Json(t.joules) : Json(nullptr)},
          {"cost_usd", t.cost.queries ? Json(t.cost.sum.total_usd) : Json(nullptr)},
          {"wall_clock_s", f.elapsed_seconds},
          {"done_before_resume", f.done_before}};
}

/// The original's keys first, in its order, then ours.
Json make_summary(const std::filesystem::path& folder, const FinishFacts& f, const Tally& tally,
                  const Verdict& verdict) {
  const auto& machine = f.source.machine();
  return {{"model", f.config.model},
          {"profiler_config", to_json(f.config)},
          {"dataset", f.dataset.id},
          {"dataset_name", f.dataset.name},
          {"hardware_label", label_of(machine)},
          {"generated_at", unix_seconds(f.now)},
          {"total_queries", tally.queries},
          {"system_info", system_info(machine)},
          {"gpu_info", gpu_info(machine)},
          {"output_dir", folder.string()},
          {"versions", {{"ipw", IPW_VERSION}}},
          {"client_info", client_info(f.client)},
          {"dataset_info",
           {{"source", f.dataset.source}, {"revision", f.dataset.revision}, {"licence", f.dataset.licence}}},
          {"totals", totals(tally, f)},
          {"telemetry", telemetry_card({f.source, f.self, f.idle, f.idle_model, f.activity, f.whole})},
          {"cost", cost_json(tally.cost, f.price, tally.queries)},
          {"scoring", f.scoring},
          {"rescored", records::read_summary(folder).value("rescored", Json::array())},
          {"attribution", account_json(f.account)},
          {"dedicated_hardware", f.dedicated != nullptr ? *f.dedicated : Json(nullptr)},
          {"interrupted", f.interrupted},
          {"verdict", {{"valid", verdict.valid()}, {"reasons", verdict.reasons}}}};
}

}  // namespace

Tally tally_of(const std::filesystem::path& folder, const std::string& model) {
  Tally tally;
  const auto reader = records::open_run(folder, model);
  for (records::QueryRecord record; reader->next(record);) {
    ++tally.queries;
    tally.failed += record.failure.has_value();
    if (record.evaluation && record.evaluation->correct) {
      ++tally.scored;
      tally.correct += *record.evaluation->correct;
    }
    if (const auto joules = records::headline_energy(record.energy).joules) {
      ++tally.with_energy;
      tally.joules += *joules;
    }
    if (record.cost) tally.cost.add(*record.cost);
  }
  return tally;
}

records::MachineInfo machine_of(const Json& summary) {
  const Json system = summary.value("system_info", Json::object()), gpu = summary.value("gpu_info", Json());
  records::MachineInfo m;
  m.os_name = text_if_any(system, "os_name").value_or("");
  m.os_version = text_if_any(system, "os_version").value_or("");
  m.kernel_version = text_if_any(system, "kernel_version").value_or("");
  m.host_name = text_if_any(system, "host_name").value_or("");
  m.cpu_brand = text_if_any(system, "cpu_brand").value_or("");
  m.cpu_count = system.value("cpu_count", std::int64_t{0});
  m.hardware_label = text_if_any(summary, "hardware_label").value_or("");
  if (!gpu.is_object()) return m;
  m.gpu_name = text_if_any(gpu, "name");
  m.gpu_vendor = text_if_any(gpu, "vendor");
  m.gpu_backend = text_if_any(gpu, "backend");
  m.gpu_driver = text_if_any(gpu, "driver_version");
  if (const auto count = gpu.find("count"); count != gpu.end() && count->is_number_integer())
    m.gpu_count = count->get<std::int64_t>();
  return m;
}

namespace {

/// Where the summary is of a merged run, the machine of each shard (docs/reference/run-folder.md).
std::vector<records::MachineInfo> machines_of_shards(const Json& summary) {
  std::vector<records::MachineInfo> out;
  const auto merge = summary.find("merge");
  if (merge == summary.end() || !merge->is_object()) return out;
  out.resize(merge->value("shards", std::size_t{0}), machine_of(summary));
  for (const auto& part : merge->at("parts"))
    if (const auto shard = part.value("shard", std::size_t{0}); shard >= 1 && shard <= out.size())
      out[shard - 1] = machine_of(part);
  return out;
}

}  // namespace

void write_dataset(const std::filesystem::path& folder, const Json& summary, const std::string& description) {
  records::FinishOptions options;
  options.model = summary.value("model", "");
  options.description = description;
  options.machine = machine_of(summary);
  const auto machines = machines_of_shards(summary);
  const auto samples =
      std::max<std::int64_t>(1, summary.value("profiler_config", Json::object()).value("samples", 1));
  if (!machines.empty())
    options.machine_of = [&](std::int64_t index) -> const records::MachineInfo& {
      return machines[static_cast<std::size_t>(index / samples) % machines.size()];
    };
  records::finish_dataset(folder, options);
}

std::vector<ActivityPower> activity_power(const telemetry::Source& source, Instant begin, Instant end,
                                          const std::map<std::string, ActiveEnergy>& active,
                                          double active_seconds) {
  std::vector<ActivityPower> out;
  const double seconds = to_seconds(end - begin);
  if (seconds <= 0) return out;
  const double busy = std::min(active_seconds, seconds), rest = seconds - busy;
  for (const auto& energy : source.window(begin, end).energies) {
    const auto sum = active.find(energy.domain);
    if (!energy.joules || sum == active.end() || !sum->second.complete) continue;
    ActivityPower power{.domain = energy.domain, .active_seconds = busy, .idle_seconds = rest};
    power.mean_watts = *energy.joules / seconds;
    if (busy > 0) power.active_watts = sum->second.joules / busy;
    if (rest > 0) power.idle_watts = (*energy.joules - sum->second.joules) / rest;
    out.push_back(std::move(power));
  }
  return out;
}

Verdict judge(const Tally& tally, const telemetry::SelfReport& self, bool interrupted, bool energy) {
  Verdict verdict;
  if (interrupted) verdict.reasons.push_back("the run was interrupted; --resume goes on with it");
  if (tally.queries == 0) verdict.reasons.push_back("no query was finished");
  if (tally.queries > 0 && tally.failed == tally.queries) verdict.reasons.push_back("every query failed");
  const auto n = static_cast<double>(tally.queries);
  if (energy && static_cast<double>(tally.with_energy) < kEnergyCoverageNeeded * n)
    verdict.reasons.push_back(
        fmt::format("energy is known for {} of {} queries", tally.with_energy, tally.queries));
  const auto ticks = static_cast<double>(self.ticks + self.missed_ticks);
  if (static_cast<double>(self.missed_ticks) > kMissedTicksAllowed * ticks)
    verdict.reasons.push_back(
        fmt::format("the sampler missed {} of {} ticks", self.missed_ticks, self.ticks + self.missed_ticks));
  return verdict;
}

RunOutcome finish_run(const std::filesystem::path& folder, const FinishFacts& facts) {
  records::FinishOptions options;
  options.model = facts.config.model;
  options.description =
      fmt::format("{} on {}, profiled by ipw {}", facts.config.model, facts.dataset.name, IPW_VERSION);
  options.machine = facts.source.machine();
  options.machine.hardware_label = label_of(options.machine);
  records::finish_dataset(folder, options);
  const auto tally = tally_of(folder, facts.config.model);
  const auto verdict = judge(tally, facts.self, facts.interrupted, facts.config.telemetry);
  records::write_summary(folder, make_summary(folder, facts, tally, verdict));
  return {folder, tally.queries, tally.failed, facts.interrupted, verdict};
}

bool update_scores(const std::filesystem::path& folder, const std::string& model, const Json& note) {
  auto summary = records::read_summary(folder);
  if (!summary.contains("totals")) return false;
  const auto info = folder / "dataset_info.json";
  const auto description = std::filesystem::exists(info) ? read_json_file(info).value("description", "") : "";
  write_dataset(folder, summary, description);
  const auto tally = tally_of(folder, model);
  summary["totals"].update(
      {{"scored", tally.scored}, {"unscored", tally.queries - tally.scored}, {"correct", tally.correct}});
  summary["rescored"].push_back(note);
  records::write_summary(folder, summary);
  return true;
}

void note_resumption(records::Journal& journal, std::size_t finished, WallTime now) {
  journal.append_note({{"type", "resume"}, {"finished", finished}, {"at", unix_seconds(now)}});
}

}  // namespace ipw::execution
