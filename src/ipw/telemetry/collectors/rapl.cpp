// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/rapl.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/rapl_mirror.h"
#include "ipw/telemetry/collectors/rapl_perf.h"
#include "ipw/telemetry/collectors/rapl_zones.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/prompt_read.h"

namespace ipw::telemetry {

namespace {

constexpr std::string_view kMicrojoules = "a count of microjoules";

struct Choice {
  bool perf = true, powercap = true, both = false, cores = false;
};

Choice parse_choice(const std::string& argument) {
  Choice out;
  for (const std::string_view word : split(argument, ',')) {
    if (word.empty()) continue;
    if (word == "perf") {
      out.powercap = false;
    } else if (word == "powercap") {
      out.perf = false;
    } else if (word == "both") {
      out.both = true;
    } else if (word == "cores") {
      out.cores = true;
    } else {
      throw Error(ErrorCode::Usage, fmt::format("unknown word '{}' after 'rapl:'", word),
                  "known: perf, powercap, both, cores");
    }
  }
  if (!out.perf && !out.powercap)
    throw Error(ErrorCode::Usage, "'rapl:perf,powercap' leaves nothing to read",
                "give one of them, or 'both'");
  return out;
}

/// One counter: its domain and the way to it.
struct Channel {
  Domain domain;
  std::optional<PerfZone> perf;
  std::string file;  ///< of powercap, where it is not read through perf
};

// The zone knows more than the event: its plausible power, and its step.
void adopt(Domain& domain, const Domain& zone) {
  domain.cap_watts = zone.cap_watts;
  domain.step_joules = zone.step_joules;
}

Channel of_zone(const RaplZone& zone) {
  Channel out{zone.domain, std::nullopt, zone.path + "/energy_uj"};
  if (!zone.enabled) out.domain.note = "the zone is disabled and may not count";
  return out;
}

Domain alternative_of(const RaplZone& zone) {
  Domain out = zone.domain;
  out.alternative_to = out.name;
  out.name += "@powercap";
  out.parent.clear();
  return out;
}

bool opens(PerfBackend& backend, const PerfZone& zone) {
  const auto handle = backend.open(zone.event, -1);
  if (!handle) {
    log::info("perf event {} on CPU {}: errno {}", zone.event.name, zone.event.cpu, handle.error());
    return false;
  }
  backend.close(*handle);
  return true;
}

std::vector<Channel> find_channels(const std::string& root, const Choice& choice, PerfBackend* backend) {
  std::map<std::string, Channel> by_name;
  if (choice.perf && backend) {
    for (PerfZone& zone : find_perf_zones(root, choice.cores)) {
      const std::string name = zone.domain.name;
      if (opens(*backend, zone)) by_name[name] = Channel{zone.domain, std::move(zone), {}};
    }
  }
  std::vector<Channel> out;
  if (choice.powercap) {
    for (const RaplZone& zone : find_rapl_zones(root)) {
      const auto [found, is_new] = by_name.try_emplace(zone.domain.name, of_zone(zone));
      if (is_new) continue;
      adopt(found->second.domain, zone.domain);
      if (choice.both) out.push_back({alternative_of(zone), std::nullopt, zone.path + "/energy_uj"});
    }
  }
  for (auto& [name, channel] : by_name) out.push_back(std::move(channel));
  return out;
}

std::function<std::optional<double>()> reader_of(const Channel& channel, PerfBackend* backend) {
  if (!channel.perf) {
    auto file = std::make_shared<NumberFile>(channel.file, kMicrojoules);
    return [file]() -> std::optional<double> {
      const auto value = file->read();
      return value ? std::optional(*value * 1e-6) : std::nullopt;
    };
  }
  const auto handle = backend->open(channel.perf->event, -1);
  const auto closer = std::shared_ptr<void>(nullptr, [backend, handle](void*) {
    if (handle) backend->close(*handle);
  });
  return [backend, handle, closer, scale = channel.perf->joules_per_count]() -> std::optional<double> {
    std::uint64_t count = 0;
    if (!handle || !backend->read(*handle, {&count, 1})) return std::nullopt;
    return static_cast<double>(count) * scale;
  };
}

// The part behind the package: "/core" of "package-0-die-1/core"; packages themselves have none.
std::string part_of(const Domain& domain) {
  const auto slash = domain.name.find('/');
  return slash == std::string::npos ? "" : domain.name.substr(slash);
}

bool can_mirror(const Channel& a, const Channel& b) {
  const Domain &x = a.domain, &y = b.domain;
  const bool alike = x.scope == y.scope && x.alternative_to.empty() && y.alternative_to.empty() &&
                     a.perf.has_value() == b.perf.has_value() && part_of(x) == part_of(y);
  return alike && (x.scope != Scope::Core || part_of(x) == "/core");
}

// Leave out each counter that repeats an earlier one; what lay below it comes below the one that stays.
void merge_mirrors(std::vector<Channel>& channels, PerfBackend* backend) {
  std::map<std::string, std::string> merged;  // name to name
  for (std::size_t i = 0; i < channels.size(); ++i) {
    for (std::size_t j = i + 1; j < channels.size();) {
      // Registers that powercap shows are equal at once; perf counts from 0 and has to be watched.
      const int most_reads = channels[i].perf ? 4000 : 64;
      if (!can_mirror(channels[i], channels[j]) ||
          !is_mirror(reader_of(channels[i], backend), reader_of(channels[j], backend), most_reads)) {
        ++j;
        continue;
      }
      Domain& kept = channels[i].domain;
      kept.note = fmt::format("{}{} shows the same counter and is counted once",
                              kept.note.empty() ? "" : kept.note + "; ", channels[j].domain.name);
      merged[channels[j].domain.name] = kept.name;
      channels.erase(channels.begin() + static_cast<std::ptrdiff_t>(j));
    }
  }
  for (Channel& channel : channels) {
    const auto kept = merged.find(channel.domain.parent);
    if (kept != merged.end()) channel.domain.parent = kept->second;
  }
}

class Rapl final : public Collector {
 public:
  Rapl(std::vector<Channel> channels, std::unique_ptr<PerfBackend> backend) : perf_(std::move(backend)) {
    for (Channel& channel : channels) {
      const auto index = static_cast<std::uint32_t>(domains_.size());
      domains_.push_back(std::move(channel.domain));
      if (!channel.perf) {
        files_.push_back({index, NumberFile(channel.file, kMicrojoules), {}});
      } else if (const auto added = perf_.add(*channel.perf, index); !added) {
        lost_.push_back({index, explain("perf event " + channel.perf->event.name, added.error()),
                         cause_of(added.error())});
      }
    }
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    perf_.poll(clock, sample);
    for (ZoneFile& zone : files_) read(zone, clock, sample);
    sample.silent.insert(sample.silent.end(), lost_.begin(), lost_.end());
  }

 private:
  struct ZoneFile {
    std::uint32_t index;
    NumberFile file;
    PromptRead promptly;
  };

  static void read(ZoneFile& zone, Clock& clock, Sample& sample) {
    auto [microjoules, bracket] = zone.promptly(clock, [&] { return zone.file.read(); });
    if (!microjoules) {
      microjoules.error().domain = zone.index;
      sample.silent.push_back(std::move(microjoules.error()));
      return;
    }
    sample.readings.push_back(
        {zone.index, bracket.mid(), bracket.half_width(), *microjoules * 1e-6, std::nullopt});
  }

  std::vector<Domain> domains_;
  PerfReader perf_;
  std::vector<ZoneFile> files_;
  std::vector<Silence> lost_;  // events that opened once and not again
};

std::vector<Channel> in_tree_order(std::vector<Channel> channels) {
  std::vector<Domain> domains;
  std::map<std::string, Channel> by_name;
  for (Channel& channel : channels) {
    domains.push_back(channel.domain);
    by_name[channel.domain.name] = std::move(channel);
  }
  link_rapl_tree(domains);
  std::vector<Channel> out;
  for (Domain& domain : domains) {
    out.push_back(std::move(by_name[domain.name]));
    out.back().domain = std::move(domain);
  }
  return out;
}

}  // namespace

std::unique_ptr<Collector> make_rapl_with(const CollectorOptions& options,
                                          std::unique_ptr<PerfBackend> backend) {
  const Choice choice = parse_choice(options.argument);
  auto channels = in_tree_order(find_channels(options.root, choice, backend.get()));
  if (channels.empty()) {
    throw Error(ErrorCode::Unavailable,
                fmt::format("no RAPL counter: neither a perf event below "
                            "{0}/sys/bus/event_source/devices/power nor a zone below {0}/sys/class/powercap",
                            options.root),
                "`ipw doctor` says why");
  }
  merge_mirrors(channels, backend.get());
  return std::make_unique<Rapl>(std::move(channels), std::move(backend));
}

std::unique_ptr<Collector> make_rapl(const CollectorOptions& options) {
  return make_rapl_with(options, perf_backend(options.root));
}

}  // namespace ipw::telemetry
