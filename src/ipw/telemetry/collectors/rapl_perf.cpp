// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/rapl_perf.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <map>

#include "ipw/base/text.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

namespace fs = std::filesystem;

struct EventName {
  std::string_view event, domain;
};
constexpr std::array<EventName, 5> kPowerEvents{{{"energy-cores", "core"},
                                                 {"energy-pkg", "package"},
                                                 {"energy-ram", "dram"},
                                                 {"energy-gpu", "uncore"},
                                                 {"energy-psys", "psys"}}};

// A list of CPUs as the kernel writes it: "0,18" or "0-3,8".
std::vector<int> parse_cpu_list(std::string_view text) {
  constexpr std::int64_t kMostCpus = 65536;
  std::vector<int> out;
  for (const std::string_view part : split(trim(text), ',')) {
    const auto dash = part.find('-');
    const auto first = parse_int(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_int(part.substr(dash + 1));
    if (!first || !last || *first < 0 || *last >= kMostCpus) continue;
    for (std::int64_t cpu = *first; cpu <= *last; ++cpu) out.push_back(static_cast<int>(cpu));
  }
  return out;
}

struct Pmu {
  std::string name, path;
  std::uint32_t type = 0;
  std::vector<int> cpus;
};

std::optional<Pmu> find_pmu(const std::string& root, std::string_view name) {
  Pmu out{std::string(name), fmt::format("{}/sys/bus/event_source/devices/{}", root, name), 0, {}};
  const auto type = read_small(out.path + "/type");
  const auto number = type ? parse_int(*type) : std::nullopt;
  if (!number || *number < 0) return std::nullopt;
  out.type = static_cast<std::uint32_t>(*number);
  out.cpus = parse_cpu_list(read_small(out.path + "/cpumask").value_or("0"));
  return out;
}

struct EventFiles {
  std::uint64_t config = 0;
  double scale = 0;
};

// "event=0x02", and beside it NAME.scale and NAME.unit.
std::optional<EventFiles> read_event(const Pmu& pmu, std::string_view event) {
  const std::string path = fmt::format("{}/events/{}", pmu.path, event);
  const auto text = read_small(path);
  const auto scale = read_small(path + ".scale");
  if (!text || !scale || read_small(path + ".unit").value_or("Joules") != "Joules") return std::nullopt;
  const auto at = text->find("event=0x");
  if (at == std::string::npos) return std::nullopt;
  EventFiles out;
  out.config = std::strtoull(text->c_str() + at + 8, nullptr, 16);
  out.scale = parse_double(*scale).value_or(0);
  return out.scale > 0 ? std::optional(out) : std::nullopt;
}

struct Place {
  std::int64_t package = 0, die = 0, core = 0;
};

Place place_of(const std::string& root, int cpu) {
  const std::string path = fmt::format("{}/sys/devices/system/cpu/cpu{}/topology/", root, cpu);
  const auto number = [&](const char* name) {
    return parse_int(read_small(path + name).value_or("0")).value_or(0);
  };
  return {number("physical_package_id"), number("die_id"), number("core_id")};
}

// The names that powercap gives to the same counters: a die is named only where a package has several.
class Names {
 public:
  Names(const std::string& root, const std::vector<int>& cpus) {
    for (const int cpu : cpus) ++dies_[(places_[cpu] = place_of(root, cpu)).package];
    several_ = std::ranges::any_of(dies_, [](const auto& d) { return d.second > 1; });
  }
  std::string package(int cpu) const {
    const Place& place = places_.at(cpu);
    return several_ ? fmt::format("package-{}-die-{}", place.package, place.die)
                    : fmt::format("package-{}", place.package);
  }
  std::string domain(int cpu, std::string_view part) const {
    if (part == "package") return package(cpu);
    if (part != "psys") return package(cpu) + "/" + std::string(part);
    const auto number = places_.at(cpu).package;
    return number == 0 ? "psys" : fmt::format("psys-{}", number);
  }

 private:
  std::map<int, Place> places_;
  std::map<std::int64_t, int> dies_;
  bool several_ = false;
};

void find_power_zones(const std::string& root, const RaplCpu& cpu_facts, std::vector<PerfZone>& out) {
  const auto pmu = find_pmu(root, "power");
  if (!pmu) return;
  const Names names(root, pmu->cpus);
  for (const auto& [event, part] : kPowerEvents) {
    const auto files = read_event(*pmu, event);
    if (!files) continue;
    for (const int cpu : pmu->cpus) {
      Domain domain = rapl_domain(names.domain(cpu, part), rapl_scope(part).value_or(Scope::Host), cpu_facts);
      out.push_back(
          {std::move(domain), {pmu->name, std::string(event), pmu->type, files->config, cpu}, files->scale});
    }
  }
}

void find_core_zones(const std::string& root, const RaplCpu& cpu_facts, std::vector<PerfZone>& out) {
  const auto pmu = find_pmu(root, "power_core");
  const auto files = pmu ? read_event(*pmu, "energy-core") : std::nullopt;
  if (!files) return;
  for (const int cpu : pmu->cpus) {
    const Place place = place_of(root, cpu);
    Domain domain =
        rapl_domain(fmt::format("package-{}/core-{}", place.package, place.core), Scope::Core, cpu_facts);
    domain.note.clear();
    out.push_back(
        {std::move(domain), {pmu->name, "energy-core", pmu->type, files->config, cpu}, files->scale});
  }
}

}  // namespace

std::vector<PerfZone> find_perf_zones(const std::string& root, bool cores) {
  const RaplCpu cpu = read_rapl_cpu(root);
  std::vector<PerfZone> out;
  find_power_zones(root, cpu, out);
  if (cores) find_core_zones(root, cpu, out);
  std::ranges::stable_sort(out, {}, [](const PerfZone& z) { return z.domain.name; });
  const auto same = std::ranges::unique(out, {}, [](const PerfZone& z) { return z.domain.name; });
  out.erase(same.begin(), same.end());
  return out;
}

PerfReader::~PerfReader() {
  for (const Group& group : groups_) {
    for (const int handle : group.handles) backend_->close(handle);
  }
}

PerfReader::Group* PerfReader::group_of(const PerfEvent& event) {
  const auto found = std::ranges::find_if(
      groups_, [&](const Group& g) { return g.cpu == event.cpu && g.type == event.type; });
  return found == groups_.end() ? nullptr : &*found;
}

Result<void, int> PerfReader::add(const PerfZone& zone, std::uint32_t domain) {
  if (!backend_) return Unexpected<int>(ENOSYS);
  Group* group = group_of(zone.event);
  auto handle = backend_->open(zone.event, group ? group->leader : -1);
  if (!handle && group && handle.error() == EINVAL) {  // no room in the group
    group = nullptr;
    handle = backend_->open(zone.event, -1);
  }
  if (!handle) return Unexpected<int>(handle.error());
  if (!group) {
    groups_.push_back({zone.event.cpu, zone.event.type, *handle, {}, {}, {}});
    group = &groups_.back();
  }
  group->members.push_back({domain, zone.event.name, zone.joules_per_count});
  group->counts.resize(group->members.size());
  group->handles.push_back(*handle);
  return {};
}

void PerfReader::poll(Clock& clock, Sample& sample) {
  for (Group& group : groups_) {
    const Instant begin = clock.now();
    const auto done = backend_->read(group.leader, group.counts);
    const Bracket bracket{begin, clock.now()};
    for (std::size_t i = 0; i < group.members.size(); ++i) {
      const Member& member = group.members[i];
      if (!done) {
        const std::string what = fmt::format("perf event {} on CPU {}", member.name, group.cpu);
        sample.silent.push_back({member.domain, explain(what, done.error()), cause_of(done.error())});
        continue;
      }
      const double joules = static_cast<double>(group.counts[i]) * member.joules_per_count;
      sample.readings.push_back({member.domain, bracket.mid(), bracket.half_width(), joules, std::nullopt});
    }
  }
}

}  // namespace ipw::telemetry
