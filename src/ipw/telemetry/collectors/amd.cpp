// SPDX-License-Identifier: Apache-2.0
// The collector of AMD GPUs: for each card the best of sysfs, libamd_smi and librocm_smi64.
#include "ipw/telemetry/collectors/amd.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/amd_dies.h"
#include "ipw/telemetry/collectors/rapl_zones.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

constexpr auto kSlow = std::chrono::milliseconds(190);  // memory, temperature, load, clocks
constexpr auto kRescan = std::chrono::seconds(5);       // for cards that appear or wake
constexpr auto kFirstRetry = std::chrono::milliseconds(250), kLastRetry = std::chrono::milliseconds(1000);
constexpr double kCacheSeconds = 0.005;              // the driver's own, 1 to 5 ms
constexpr double kWrap32 = 0x1p32 * kAmdEnergyStep;  // 65,536 J

// Both ways by which one new card can be read, and what they showed.
struct Candidate {
  AmdWay* way = nullptr;
  AmdFacts facts;
  AmdValues values;
  // A counter at 0 has never counted: a virtual function, or the second die of a board.
  bool counts() const { return values.energy_joules.value_or(0) > 0; }
  bool shows_power() const { return values.power_watts.value_or(0) > 0; }
  bool is_second_die() const { return facts.two_dies && values.energy_joules == 0.0 && !shows_power(); }
};
using Candidates = std::map<std::string, std::vector<Candidate>>;  // by PCI address

// One domain and how it is read.
struct Reader {
  AmdWay* way = nullptr;
  std::vector<std::string> dies;  // the one that counts first
  bool counted = false;
  std::string never;  // why this one can never be read
  StuckWatch watch;
  GpuMetrics::Residency residency;
};

bool plausible_celsius(double value) {
  return value > 0 && value < 200;
}

// The values of several dies of one board as those of one device.
struct Gauges {
  std::optional<double> temperature, memory_temperature, used, total, activity, memory_activity, limit, core,
      memory;
  unsigned throttle = 0;
  double dies = 0;

  void add(const AmdValues& v) {
    const auto most = [](std::optional<double>& into, std::optional<double> value) {
      if (value) into = std::max(into.value_or(*value), *value);
    };
    const auto sum = [](std::optional<double>& into, std::optional<double> value) {
      if (value) into = into.value_or(0) + *value;
    };
    if (v.temperature_celsius && plausible_celsius(*v.temperature_celsius))
      most(temperature, v.temperature_celsius);
    if (v.memory_temperature_celsius && plausible_celsius(*v.memory_temperature_celsius))
      most(memory_temperature, v.memory_temperature_celsius);
    sum(used, v.memory_used_mb);
    sum(total, v.memory_total_mb);
    if (v.activity_pct.value_or(101) <= 100) sum(activity, v.activity_pct);
    if (v.memory_activity_pct.value_or(101) <= 100) sum(memory_activity, v.memory_activity_pct);
    most(limit, v.power_limit_watts);
    most(core, v.core_clock_mhz);
    most(memory, v.memory_clock_mhz);
    throttle |= v.throttle.value_or(0);
    ++dies;
  }

  void give(Instant at, std::uint32_t domain, Sample& sample) const {
    const auto push = [&](Gauge gauge, std::optional<double> value) {
      if (value) sample.gauges.push_back({gauge, at, *value, domain});
    };
    push(Gauge::Temperature, temperature);
    push(Gauge::MemoryTemperature, memory_temperature);
    push(Gauge::GpuMemoryMb, used);
    push(Gauge::GpuMemoryTotalMb, total);
    push(Gauge::GpuUtilization, activity ? std::optional(*activity / dies) : std::nullopt);
    push(Gauge::GpuMemoryBandwidth, memory_activity ? std::optional(*memory_activity / dies) : std::nullopt);
    push(Gauge::PowerLimit, limit);
    push(Gauge::CoreClock, core);
    push(Gauge::MemoryClock, memory);
    push(Gauge::Throttle, static_cast<double>(throttle));
  }
};

bool package_is_read(const std::string& root) {
  return std::ranges::any_of(find_rapl_zones(root), [](const RaplZone& zone) {
    return zone.domain.name == "package-0" && read_small(zone.path + "/energy_uj");
  });
}

class Amd final : public Collector {
 public:
  Amd(std::string root, std::vector<std::unique_ptr<AmdWay>> ways, bool all)
      : root_(std::move(root)), ways_(std::move(ways)), all_(all) {
    discover();
  }

  const std::vector<Domain>& domains() const override { return domains_; }
  const std::vector<std::string>& problems() const { return problems_; }
  /// Whether there is any card, one that sleeps included.
  bool sees_cards() const { return sees_cards_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant now = clock.now();
    if (!scanned_) scanned_ = now;
    if (now - *scanned_ >= kRescan) {
      scanned_ = now;
      discover();
    }
    const bool slow = !slow_ || now - *slow_ >= kSlow;
    if (slow) slow_ = now;
    std::set<AmdWay*> lost;
    for (std::uint32_t i = 0; i < readers_.size(); ++i) {
      if (read(i, slow, clock, sample) == Cause::Lost) lost.insert(readers_[i].way);
    }
    for (const auto& way : ways_) recover(*way, lost.contains(way.get()), now);
  }

 private:
  struct Retry {
    Instant due{};
    Nanoseconds wait{kFirstRetry};
  };

  // Handles of before a loss are dropped with everything else of that way.
  void recover(AmdWay& way, bool lost, Instant now) {
    if (!lost) {
      retries_.erase(&way);
      return;
    }
    const auto [entry, fresh] = retries_.try_emplace(&way, Retry{now + kFirstRetry});
    if (fresh || now < entry->second.due) return;
    way.reopen();
    entry->second.wait = std::min<Nanoseconds>(2 * entry->second.wait, kLastRetry);
    entry->second.due = now + entry->second.wait;
  }

  void discover() {
    Candidates found;
    problems_.clear();
    for (const auto& way : ways_) {
      const bool library = way->name() != "sysfs";
      if (library && !all_ && ways_.size() > 1 && !wants_library(found)) continue;
      std::string problem;
      for (AmdFacts& facts : way->devices(problem)) {
        if (known_.contains(facts.address)) continue;
        auto& list = found[facts.address];
        list.push_back({way.get(), facts, way->read(facts.address, false)});
      }
      if (!problem.empty()) problems_.push_back(problem);
    }
    sees_cards_ = sees_cards_ || !found.empty();
    adopt(found);
  }

  // A library costs time and the driver's lock: it is opened only for a card that sysfs does not count, or
  // where sysfs shows no card.
  bool wants_library(const Candidates& found) const {
    if (found.empty()) return domains_.empty();
    return std::ranges::any_of(found, [](const auto& entry) {
      const auto& list = entry.second;
      return std::ranges::none_of(
          list, [](const Candidate& c) { return c.counts() || c.values.asleep || c.is_second_die(); });
    });
  }

  void adopt(const Candidates& found) {
    std::vector<Die> dies;
    std::map<std::string, std::uint32_t> domain_of;
    for (const auto& [address, list] : found) {
      const bool second = std::ranges::all_of(list, &Candidate::is_second_die);
      if (list.front().facts.two_dies) dies.push_back({address, second});
      if (second || list.front().values.asleep) continue;
      domain_of[address] = static_cast<std::uint32_t>(domains_.size());
      add_card(address, list);
    }
    const auto pairs = pair_dies(dies);
    for (std::size_t i = 0; i < dies.size(); ++i) {
      if (!dies[i].second) continue;
      if (pairs[i] && domain_of.contains(dies[*pairs[i]].address))
        join(domain_of[dies[*pairs[i]].address], dies[i].address);
      else
        add_lonely_die(dies[i].address, found.at(dies[i].address).front());
    }
  }

  void add_card(const std::string& address, const std::vector<Candidate>& list) {
    known_.insert(address);
    auto best = std::ranges::find_if(list, &Candidate::counts);
    if (best == list.end()) best = std::ranges::find_if(list, &Candidate::shows_power);
    if (best == list.end()) best = list.begin();
    const std::string name = fmt::format("amd-gpu-{}", cards_++);
    add(name, *best, list.front().facts);
    if (!all_) return;
    for (const Candidate& other : list) {
      if (&other == &*best || (!other.counts() && !other.shows_power())) continue;
      add(fmt::format("{}/{}", name, other.way->name()), other, list.front().facts);
      domains_.back().alternative_to = name;
    }
  }

  void add(const std::string& name, const Candidate& c, const AmdFacts& facts) {
    Domain domain{
        .name = name, .scope = Scope::Accelerator, .collector = "amd", .cap_watts = facts.cap_watts};
    domain.method = c.counts() ? Method::Counter : Method::Integrated;
    domain.device = fmt::format("{}, {}", facts.address, facts.name);
    domain.note = c.values.source;
    if (c.counts()) {
      domain.update_seconds = kCacheSeconds;
      domain.step_joules = kAmdEnergyStep;
      if (c.values.may_be_32_bit) domain.wrap_joules = kWrap32;
    } else if (c.values.averaged) {
      domain.note += ", a mean over a time that the vendor does not tell";
    }
    if (facts.whole_soc) {
      domain.scope = Scope::Module;
      domain.note += "; the whole SoC, CPU included";
      if (!c.counts() && package_is_read(root_)) domain.alternative_to = "package-0";
    }
    domains_.push_back(std::move(domain));
    readers_.push_back({.way = c.way, .dies = {facts.address}, .counted = c.counts()});
  }

  void join(std::uint32_t domain, const std::string& address) {
    known_.insert(address);
    readers_[domain].dies.push_back(address);
    domains_[domain].note += fmt::format("; counts both dies of the board, {} too", address);
  }

  void add_lonely_die(const std::string& address, const Candidate& c) {
    known_.insert(address);
    add(fmt::format("amd-gpu-{}", cards_++), c, c.facts);
    domains_.back().note = "the second die of a board of two, which shows no energy";
    readers_.back().never = fmt::format(
        "{} is the second die of its board: the first die counts for both, and is not visible here; "
        "give this process the whole board",
        address);
  }

  // Returns the cause when there is no value.
  std::optional<Cause> read(std::uint32_t i, bool slow, Clock& clock, Sample& sample) {
    Reader& reader = readers_[i];
    if (!reader.never.empty()) {
      sample.silent.push_back({i, reader.never, Cause::Unsupported});
      return Cause::Unsupported;
    }
    const Instant begin = clock.now();
    AmdValues values = reader.way->read(reader.dies.front(), slow);
    const Bracket bracket{begin, clock.now()};
    if (slow && domains_[i].alternative_to.empty() && !values.asleep)
      give_gauges(i, values, bracket.mid(), sample);
    const auto silence = why_silent(reader, values, bracket.mid());
    if (silence) {
      sample.silent.push_back({i, silence->reason, silence->cause});
      return silence->cause;
    }
    sample.readings.push_back({i, bracket.mid(), bracket.half_width(),
                               reader.counted ? values.energy_joules : std::nullopt, values.power_watts});
    return std::nullopt;
  }

  static std::optional<Silence> why_silent(Reader& reader, const AmdValues& v, Instant at) {
    const std::string& address = reader.dies.front();
    const auto& value = reader.counted ? v.energy_joules : v.power_watts;
    const std::string_view what = reader.counted ? "energy counter" : "power";
    if (!value) {
      if (v.reason.find(address) != std::string::npos) return Silence{0, v.reason, v.cause};
      if (!v.reason.empty()) return Silence{0, fmt::format("{}: {}", address, v.reason), v.cause};
      return Silence{0, fmt::format("{}: the {} is marked as absent", address, what), Cause::Nonsense};
    }
    if (*value <= 0) return Silence{0, fmt::format("{}: the {} shows 0", address, what), Cause::Nonsense};
    if (reader.counted && reader.watch.feed(at, *v.energy_joules, v.power_watts)) {
      return Silence{
          0,
          fmt::format(
              "{}: the energy counter stands still at {:.1f} J while {:.0f} W flow; reload the driver",
              address, *v.energy_joules, v.power_watts.value_or(0)),
          Cause::Stuck};
    }
    return std::nullopt;
  }

  void give_gauges(std::uint32_t i, AmdValues& values, Instant at, Sample& sample) {
    Reader& reader = readers_[i];
    values.throttle = values.throttle.value_or(0) | throttled_between(reader.residency, values.residency);
    reader.residency = values.residency;
    Gauges gauges;
    gauges.add(values);
    for (std::size_t die = 1; die < reader.dies.size(); ++die) {
      const AmdValues other = reader.way->read(reader.dies[die], true);
      if (!other.asleep) gauges.add(other);
    }
    gauges.give(at, i, sample);
  }

  std::string root_;
  std::vector<std::unique_ptr<AmdWay>> ways_;  // best first
  bool all_;
  std::vector<Domain> domains_;
  std::vector<Reader> readers_;
  std::set<std::string> known_;  // addresses that have a domain or have joined one
  int cards_ = 0;
  bool sees_cards_ = false;
  std::vector<std::string> problems_;
  std::optional<Instant> scanned_, slow_;
  std::map<AmdWay*, Retry> retries_;
};

struct WayRow {
  std::string_view name;
  std::unique_ptr<AmdWay> (*make)(const std::string& root);
};
constexpr std::array<WayRow, 3> kWays{
    {{"sysfs", make_amd_sysfs}, {"amd_smi", make_amd_smi}, {"rocm_smi", make_rocm_smi}}};

std::vector<std::unique_ptr<AmdWay>> make_ways(const CollectorOptions& options) {
  const std::string& only = options.argument;
  std::vector<std::unique_ptr<AmdWay>> out;
  for (const WayRow& row : kWays) {
    if (only.empty() || only == "all" || only == row.name) out.push_back(row.make(options.root));
  }
  if (out.empty()) {
    throw Error(ErrorCode::Usage, fmt::format("amd: there is no way '{}' to read AMD GPUs", only),
                "use amd, amd:sysfs, amd:amd_smi, amd:rocm_smi or amd:all");
  }
  return out;
}

}  // namespace

std::unique_ptr<Collector> make_amd(const CollectorOptions& options) {
  auto out = std::make_unique<Amd>(options.root, make_ways(options), options.argument == "all");
  const bool named_way = !options.argument.empty() && options.argument != "all";
  if (out->sees_cards() || (!named_way && sign_of_amd_gpu(options.root))) return out;
  throw Error(ErrorCode::Unavailable, fmt::format("no AMD GPU can be read: {}", join(out->problems(), "; ")),
              "`ipw doctor` says what is missing");
}

}  // namespace ipw::telemetry
