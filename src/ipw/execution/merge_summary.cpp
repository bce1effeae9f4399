// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/merge_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace ipw::execution {
namespace {

std::vector<Json> all_at(const std::vector<Json>& objects, const char* key) {
  std::vector<Json> out;
  out.reserve(objects.size());
  for (const auto& object : objects) out.push_back(member(object, key));
  return out;
}

Json largest(const std::vector<Json>& values) {
  Json out;
  for (const auto& value : values)
    if (value.is_number() && (out.is_null() || value > out)) out = value;
  return out;
}

Json smallest(const std::vector<Json>& values) {
  Json out;
  for (const auto& value : values)
    if (value.is_number() && (out.is_null() || value < out)) out = value;
  return out;
}

/// All entries of a list, each with the shard that it is of.
Json apart(const std::vector<Json>& lists, const std::vector<std::size_t>& shards) {
  Json out = Json::array();
  for (std::size_t i = 0; i < lists.size(); ++i)
    for (const auto& entry : lists[i]) {
      Json tagged{{"shard", shards[i]}};
      tagged.update(entry);
      out.push_back(std::move(tagged));
    }
  return out;
}

/// Entries by the name of their domain, in the order in which the names first appear.
std::vector<std::pair<std::string, std::vector<Json>>> by_domain(const std::vector<Json>& lists,
                                                                 const char* key) {
  std::vector<std::pair<std::string, std::vector<Json>>> out;
  for (const auto& list : lists)
    for (const auto& entry : list) {
      const auto name = entry.value(key, "");
      auto it = std::ranges::find(out, name, &std::pair<std::string, std::vector<Json>>::first);
      if (it == out.end()) it = out.insert(out.end(), {name, {}});
      it->second.push_back(entry);
    }
  return out;
}

Json join_run(const std::vector<Json>& lists) {
  Json out = Json::array();
  for (const auto& [name, entries] : by_domain(lists, "domain")) {
    std::set<std::string> validity, reasons;
    for (const auto& entry : entries) {
      const auto broken = member(entry, "validity");  // a name: iterators into a temporary would dangle
      for (const auto& rule : broken) validity.insert(rule.get<std::string>());
      if (const auto reason = entry.value("reason", ""); !reason.empty()) reasons.insert(reason);
    }
    const bool everywhere = entries.size() == lists.size();
    // The gain of a sensor may be common to all shards, so the half-widths are added and not their squares.
    out.push_back(
        {{"domain", name},
         {"joules", everywhere ? add_up(all_at(entries, "joules")) : Json(nullptr)},
         {"half_width_joules", everywhere ? add_up(all_at(entries, "half_width_joules")) : Json(nullptr)},
         {"rule", common(entries, "rule")},
         {"coverage", smallest(all_at(entries, "coverage"))},
         {"sensor_coverage", smallest(all_at(entries, "sensor_coverage"))},
         {"validity", validity},
         {"reason", everywhere ? fmt::format("{}", fmt::join(reasons, "; "))
                               : std::string("a shard has no such domain")}});
  }
  return out;
}

Json join_sampler(const std::vector<Json>& samplers) {
  Json out;
  for (const char* key : {"ticks", "missed_ticks", "dropped_samples", "cpu_seconds", "wall_seconds"})
    out[key] = add_up(all_at(samplers, key));
  const double ticks = out["ticks"].is_number() ? out["ticks"].get<double>() : 0;
  const double missed = out["missed_ticks"].is_number() ? out["missed_ticks"].get<double>() : 0;
  out["missed_share"] = ticks + missed > 0 ? Json(missed / (ticks + missed)) : Json(nullptr);
  out["period_seconds"] = common(samplers, "period_seconds");
  out["achieved_hz"] = smallest(all_at(samplers, "achieved_hz"));
  for (const char* key : {"lateness_p50_seconds", "lateness_p99_seconds", "lateness_p999_seconds"})
    out[key] = nullptr;  // quantiles of parts have no common one
  out["lateness_max_seconds"] = largest(all_at(samplers, "lateness_max_seconds"));
  return out;
}

Json join_domains(const std::vector<Json>& lists) {
  Json out = Json::array();
  for (const auto& [name, entries] : by_domain(lists, "name")) out.push_back(entries.front());
  return out;
}

Json join_problems(const std::vector<Json>& lists, const std::vector<std::size_t>& shards) {
  Json out = Json::array();
  for (std::size_t i = 0; i < lists.size(); ++i)
    for (const auto& problem : lists[i])
      out.push_back(fmt::format("shard {}: {}", shards[i], problem.get<std::string>()));
  return out;
}

std::vector<Json> without_nulls(std::vector<Json> values) {
  std::erase_if(values, [](const Json& value) { return value.is_null(); });
  return values;
}

}  // namespace

Json add_up(const std::vector<Json>& values) {
  if (values.empty()) return nullptr;
  const auto all = [&](auto&& is) { return std::ranges::all_of(values, is); };
  if (all([](const Json& v) { return v.is_number_integer(); })) {
    std::int64_t sum = 0;
    for (const auto& value : values) sum += value.get<std::int64_t>();
    return sum;
  }
  if (all([](const Json& v) { return v.is_number(); })) {
    double sum = 0;
    for (const auto& value : values) sum += value.get<double>();
    return sum;
  }
  if (all([](const Json& v) { return v.is_object(); })) {
    Json out = Json::object();
    for (const auto& object : values)
      for (const auto& [key, value] : object.items())
        if (!out.contains(key)) out[key] = add_up(all_at(values, key.c_str()));
    return out;
  }
  return all([&](const Json& v) { return v == values.front(); }) ? values.front() : Json(nullptr);
}

Json common(const std::vector<Json>& summaries, const char* key) {
  const auto values = all_at(summaries, key);
  const bool equal = std::ranges::all_of(values, [&](const Json& v) { return v == values.front(); });
  return !values.empty() && equal ? values.front() : Json(nullptr);
}

Json join_telemetry(const std::vector<Json>& summaries, const std::vector<std::size_t>& shards) {
  const auto cards = all_at(summaries, "telemetry");
  std::set<std::string> sources;
  for (const auto& card : cards)
    if (const auto source = member(card, "source"); source.is_string())
      sources.insert(source.get<std::string>());
  return {{"source", fmt::format("{}", fmt::join(sources, "; "))},
          {"domains", join_domains(all_at(cards, "domains"))},
          {"gpu_count", common(cards, "gpu_count")},
          {"run", join_run(all_at(cards, "run"))},
          {"gauges", apart(all_at(cards, "gauges"), shards)},
          {"idle", apart(all_at(cards, "idle"), shards)},
          {"idle_drift", apart(all_at(cards, "idle_drift"), shards)},
          {"activity", apart(all_at(cards, "activity"), shards)},
          {"sampler", join_sampler(all_at(cards, "sampler"))},
          {"problems", join_problems(all_at(cards, "problems"), shards)}};
}

Json join_attribution(const std::vector<Json>& summaries) {
  const auto accounts = without_nulls(all_at(summaries, "attribution"));
  if (accounts.empty()) return nullptr;
  Json domains = Json::array();
  for (const auto& [name, entries] : by_domain(all_at(accounts, "domains"), "domain")) {
    Json row{{"domain", name}};
    for (const char* key :
         {"device_joules", "request_joules", "idle_joules", "unattributed_joules", "shared_idle_joules"})
      row[key] = add_up(all_at(entries, key));
    row["joules_per_token"] = nullptr;  // means of parts; those are in the parts' own summaries
    domains.push_back(std::move(row));
  }
  return {{"rule", common(accounts, "rule")},
          {"begin_monotonic_ns", nullptr},
          {"end_monotonic_ns", nullptr},
          {"domains", domains}};
}

Json join_dedicated(const std::vector<Json>& summaries) {
  const auto found = without_nulls(all_at(summaries, "dedicated_hardware"));
  if (found.empty()) return nullptr;
  const auto answers = all_at(found, "dedicated");
  Json out{{"dedicated", common(found, "dedicated")}, {"reason", common(found, "reason")}};
  if (std::ranges::find(answers, Json(false)) != answers.end()) out["dedicated"] = false;
  for (const char* key : {"others_before", "others_after"}) {
    out[key] = Json::array();
    for (const auto& one : found) {
      const auto others = member(one, key);
      for (const auto& process : others) out[key].push_back(process);
    }
  }
  return out;
}

Json join_scoring(const std::vector<Json>& summaries) {
  const auto phases = without_nulls(all_at(summaries, "scoring"));
  return phases.empty() ? Json(nullptr) : add_up(phases);
}

}  // namespace ipw::execution
