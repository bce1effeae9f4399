// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/rapl.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <map>
#include <random>

#include "ipw/base/error.h"
#include "ipw/sim/world.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/rapl_mirror.h"
#include "ipw/telemetry/collectors/rapl_perf.h"
#include "ipw/telemetry/collectors/rapl_zones.h"
#include "ipw/telemetry/history.h"
#include "sampled.h"
#include "support/goal.h"
#include "unit/telemetry/tree.h"

namespace ipw::telemetry {
namespace {

/// Counts that a test sets, by CPU and event: joules since the machine started.
class FakePerf final : public PerfBackend {
 public:
  using Joules = std::function<Result<double, int>(const PerfEvent&)>;
  explicit FakePerf(Joules joules) : joules_(std::move(joules)) {}

  Result<int, int> open(const PerfEvent& event, int leader) override {
    const auto start = joules_(event);
    if (!start) return Unexpected<int>(start.error());
    const int handle = next_++;
    groups_[leader < 0 ? handle : leader].push_back({event, *start});
    ++opened;
    return handle;
  }
  Result<void, int> read(int leader, std::span<std::uint64_t> counts) override {
    ++reads;
    const auto& group = groups_.at(leader);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto value = joules_(group[i].event);
      if (!value) return Unexpected<int>(value.error());
      counts[i] = static_cast<std::uint64_t>((*value - group[i].start) * 4294967296.0);
    }
    return {};
  }
  void close(int) override { --opened; }

  inline static int reads = 0, opened = 0;

 private:
  struct Counter {
    PerfEvent event;
    double start;
  };
  Joules joules_;
  std::map<int, std::vector<Counter>> groups_;
  int next_ = 0;
};

std::vector<std::string> names(const Collector& collector) {
  std::vector<std::string> out;
  for (const Domain& domain : collector.domains()) out.push_back(domain.name);
  return out;
}

const Domain& domain(const Collector& collector, const std::string& name) {
  const auto found = std::ranges::find(collector.domains(), name, &Domain::name);
  if (found == collector.domains().end()) throw std::out_of_range(name);
  return *found;
}

std::map<std::string, double> poll(Collector& collector) {
  VirtualClock clock;
  Sample sample;
  collector.poll(clock, sample);
  std::map<std::string, double> out;
  for (const Reading& r : sample.readings) out[collector.domains()[r.domain].name] = r.energy_joules.value();
  return out;
}

// --- perf -------------------------------------------------------------------------------------------------

TEST(RaplPerf, reads_every_event_of_a_package_in_one_group_and_names_it_as_powercap_does) {
  Tree tree("group");
  tree.intel().power_pmu({"pkg", "ram", "cores"}, {{0, 0, 0}, {18, 1, 0}}, 0);
  double now = 0;
  const auto collector =
      make_rapl_with({tree.root(), ""}, std::make_unique<FakePerf>([&](const PerfEvent& e) {
                       return now * static_cast<double>(e.config + 10 * e.cpu);
                     }));
  EXPECT_EQ(names(*collector), (std::vector<std::string>{"package-0", "package-0/core", "package-0/dram",
                                                         "package-1", "package-1/core", "package-1/dram"}));
  FakePerf::reads = 0;
  now = 1;
  const auto joules = poll(*collector);
  EXPECT_EQ(FakePerf::reads, 2);
  EXPECT_NEAR(joules.at("package-0"), 2, 1e-9);
  EXPECT_NEAR(joules.at("package-1/dram"), 183, 1e-9);
  EXPECT_FALSE(domain(*collector, "package-0").wrap_joules);
}

TEST(RaplPerf, closes_every_event) {
  FakePerf::opened = 0;
  Tree tree("closes");
  tree.intel().power_pmu({"pkg", "ram"}, {{0, 0, 0}, {18, 1, 0}}, 0);
  make_rapl_with({tree.root(), ""}, std::make_unique<FakePerf>([](const PerfEvent&) { return 1.0; }));
  EXPECT_EQ(FakePerf::opened, 0);
}

TEST(RaplPerf, falls_back_to_powercap_domain_by_domain) {
  Tree tree("fallback");
  tree.intel().power_pmu({"pkg", "ram"}, {{0, 0, 0}}, 0);
  tree.zone("intel-rapl:0", "package-0", 7'000'000).zone("intel-rapl:0:0", "dram", 3'000'000);
  const auto refuses_dram = [](const PerfEvent& e) -> Result<double, int> {
    if (e.name == "energy-ram") return Unexpected<int>(ENODEV);
    return 5.0;
  };
  const auto collector = make_rapl_with({tree.root(), ""}, std::make_unique<FakePerf>(refuses_dram));
  const auto joules = poll(*collector);
  EXPECT_EQ(joules.at("package-0"), 0);
  EXPECT_EQ(joules.at("package-0/dram"), 3);
}

TEST(RaplPerf, a_tree_counts_only_what_it_holds_and_obeys_the_paranoid_level) {
  Tree tree("tree");
  tree.intel().power_pmu({"pkg"}, {{0, 0, 0}}, 2).perf_joules(0, "pkg", 100);
  tree.zone("intel-rapl:0", "package-0", 7'000'000);
  EXPECT_EQ(poll(*make_rapl({tree.root(), ""})).at("package-0"), 7);  // refused, hence powercap
  tree.capabilities(1ULL << 38);
  const auto collector = make_rapl({tree.root(), ""});
  tree.perf_joules(0, "pkg", 142);
  EXPECT_NEAR(poll(*collector).at("package-0"), 42, 1e-9);
}

TEST(RaplPerf, both_shows_powercap_as_the_alternative) {
  Tree tree("both");
  tree.intel().power_pmu({"pkg"}, {{0, 0, 0}}, 0).perf_joules(0, "pkg", 100);
  tree.zone("intel-rapl:0", "package-0", 7'000'000);
  const auto collector = make_rapl({tree.root(), "both"});
  EXPECT_EQ(names(*collector), (std::vector<std::string>{"package-0", "package-0@powercap"}));
  EXPECT_EQ(domain(*collector, "package-0@powercap").alternative_to, "package-0");
  EXPECT_EQ(names(*make_rapl({tree.root(), "powercap"})), std::vector<std::string>{"package-0"});
  EXPECT_THROW(make_rapl({tree.root(), "pref"}), Error);
}

TEST(RaplPerf, one_counter_of_each_core_on_request) {
  Tree tree("cores");
  tree.cpu("AuthenticAMD", 25, 1, "AMD EPYC 7763")
      .power_pmu({"pkg"}, {{0, 0, 0}}, 0)
      .perf_joules(0, "pkg", 9);
  const std::string pmu = "sys/bus/event_source/devices/power_core/";
  tree.number(pmu + "type", 22)
      .file(pmu + "cpumask", "0-1\n")
      .file(pmu + "events/energy-core", "event=0x01\n");
  tree.file(pmu + "events/energy-core.scale", "2.3283064365386962890625e-10\n");
  for (const int cpu : {0, 1}) {
    tree.number(fmt::format("sys/devices/system/cpu/cpu{}/topology/core_id", cpu), cpu);
    tree.number(fmt::format("perf/power_core/cpu{}/energy-core", cpu), 0);
  }
  EXPECT_EQ(names(*make_rapl({tree.root(), ""})), std::vector<std::string>{"package-0"});
  EXPECT_EQ(names(*make_rapl({tree.root(), "cores"})),
            (std::vector<std::string>{"package-0", "package-0/core-0", "package-0/core-1"}));
}

TEST(RaplPerf, tells_the_steps_of_the_platform_and_of_server_dram) {
  Tree tree("steps");
  tree.cpu("GenuineIntel", 6, 143, "Intel(R) Xeon(R) Platinum 8480+")
      .power_pmu({"pkg", "ram", "psys"}, {{0, 0, 0}}, 0);
  for (const char* event : {"pkg", "ram", "psys"}) tree.perf_joules(0, event, 1);
  const auto collector = make_rapl({tree.root(), ""});
  EXPECT_EQ(domain(*collector, "psys").step_joules, 1);
  EXPECT_NE(domain(*collector, "psys").note.find("whole joules"), std::string::npos);
  EXPECT_EQ(domain(*collector, "package-0/dram").step_joules, 1.0 / 65536);
}

TEST(RaplPerf, a_failed_read_silences_its_group_alone) {
  Tree tree("read-fails");
  tree.intel().power_pmu({"pkg"}, {{0, 0, 0}, {18, 1, 0}}, 0);
  bool fails = false;
  const auto collector = make_rapl_with(
      {tree.root(), ""}, std::make_unique<FakePerf>([&](const PerfEvent& e) -> Result<double, int> {
        if (fails && e.cpu == 18) return Unexpected<int>(EIO);
        return 1.0 + e.cpu;
      }));
  fails = true;
  VirtualClock clock;
  Sample sample;
  collector->poll(clock, sample);
  ASSERT_EQ(sample.silent.size(), 1U);
  EXPECT_NE(sample.silent[0].reason.find("energy-pkg on CPU 18"), std::string::npos);
  EXPECT_EQ(sample.readings.size(), 1U);
}

// In a child, because a filter stays for the life of its process.
int exit_status_without_perf_event_open(const std::string& root) {
  const pid_t child = ::fork();
  if (child == 0) {
    sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) ::_exit(2);
    const auto refused = system_perf()->open({"power", "energy-pkg", 21, 2, 0}, -1);
    if (refused || refused.error() != EPERM) ::_exit(3);
    try {
      ::_exit(poll(*make_rapl_with({root, ""}, system_perf())).at("package-0") == 7 ? 0 : 4);
    } catch (...) {
      ::_exit(5);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 6;
}

TEST(RaplPerf, F27_without_perf_event_open_powercap_is_read) {
  Tree tree("seccomp");
  tree.intel().power_pmu({"pkg"}, {{0, 0, 0}}, 0).zone("intel-rapl:0", "package-0", 7'000'000);
  const int status = exit_status_without_perf_event_open(tree.root());
  EXPECT_EQ(status, 0);
  report_goal("F27", status == 0, "a seccomp filter refuses perf_event_open: powercap is read instead");
}

// --- wraps ------------------------------------------------------------------------------------------------

/// A package whose file is read every millisecond.
class Ticking {
 public:
  explicit Ticking(Tree& tree) : tree_(tree) {
    std::vector<std::unique_ptr<Collector>> group;
    group.push_back(make_rapl({tree.root(), ""}));
    history_ = std::make_unique<History>(group[0]->domains());
    total_ = std::make_unique<CounterTotal>(group[0]->domains()[0]);
    sampler_ = make_sampler(std::move(group), std::chrono::milliseconds(1), clock_, [this](const Sample& s) {
      history_->feed(s);
      total_->feed(s, 0);
    });
  }
  const CounterTotal& total() const { return *total_; }
  Instant show(std::int64_t microjoules) {
    tree_.energy("intel-rapl:0", microjoules);
    sampler_->tick(clock_.now());
    const Instant at = clock_.now();
    clock_.advance(std::chrono::milliseconds(1));
    return at;
  }
  void wait(Nanoseconds time) { clock_.advance(time); }
  records::DomainEnergy window(Instant a, Instant b) { return history_->window(a, b).energies.at(0); }
  std::vector<std::string> problems() { return history_->problems(); }

 private:
  Tree& tree_;
  VirtualClock clock_;
  std::unique_ptr<History> history_;
  std::unique_ptr<CounterTotal> total_;
  std::shared_ptr<Sampler> sampler_;
};

constexpr std::int64_t kTinyRange = 9'999'999;

TEST(RaplWraps, E6_thousand_wraps_in_a_row_lose_nothing) {
  Tree tree("wraps");
  tree.intel().zone("intel-rapl:0", "package-0", 0, kTinyRange);
  Ticking ticking(tree);
  std::mt19937_64 random(6);
  std::uniform_int_distribution<std::int64_t> step(900'000, 1'450'000);
  std::int64_t truth = 0;
  const Instant begin = ticking.show(0);
  Instant end = begin;
  while (ticking.total().wraps < 1000) {
    truth += step(random);
    end = ticking.show(truth % (kTinyRange + 1));
  }
  const double error = ticking.total().joules * 1e6 - static_cast<double>(truth);
  EXPECT_EQ(truth / (kTinyRange + 1), 1000);
  EXPECT_LT(std::abs(error), 0.5);
  EXPECT_TRUE(ticking.problems().empty());
  // A window is cut between readings, so it may differ by what the two ticks at its edges brought.
  EXPECT_NEAR(ticking.window(begin, end).joules.value(), static_cast<double>(truth) * 1e-6, 2 * 1.45);
  report_goal("E6", std::abs(error) < 0.5,
              fmt::format("{} wraps in a row, error {:.3f} uJ of {:.0f} J", ticking.total().wraps, error,
                          static_cast<double>(truth) * 1e-6));
}

TEST(RaplWraps, E6_two_wraps_between_ticks_are_never_a_number) {
  Tree tree("unknown-wraps");
  tree.intel().zone("intel-rapl:0", "package-0", 0, kTinyRange);
  Ticking ticking(tree);
  ticking.show(100'000);
  const Instant begin = ticking.show(200'000);
  ticking.wait(std::chrono::milliseconds(30));  // at 1.5 kW the range lasts 6.7 ms
  const Instant end = ticking.show(300'000);
  ticking.show(400'000);
  const auto energy = ticking.window(begin, end);
  EXPECT_FALSE(energy.joules);
  EXPECT_NE(energy.reason.find("lost"), std::string::npos) << energy.reason;
  ASSERT_EQ(ticking.problems().size(), 1U);
  EXPECT_NE(ticking.problems()[0].find("wrapped more than once"), std::string::npos);
  report_goal("E6", !energy.joules, "two wraps between two readings: UNKNOWN_WRAPS, no number");
}

// --- the tree of domains ----------------------------------------------------------------------------------

/// What the machine uses, by the roots of the tree: nothing that contains another one is added to it.
double total_of_roots(const Collector& collector, const std::map<std::string, double>& joules) {
  double sum = 0;
  for (const Domain& d : collector.domains()) {
    if (d.parent.empty() && d.alternative_to.empty()) sum += joules.at(d.name);
  }
  return sum;
}

struct Machine {
  int sockets;
  bool psys;
};

// Zones with shuffled numbers.
void build(Tree& tree, const Machine& machine, std::mt19937_64& random) {
  std::vector<int> index(static_cast<std::size_t>(machine.sockets + (machine.psys ? 1 : 0)));
  for (std::size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int>(i);
  std::ranges::shuffle(index, random);
  for (int s = 0; s < machine.sockets; ++s) {
    const std::string id = fmt::format("intel-rapl:{}", index[static_cast<std::size_t>(s)]);
    std::vector<std::string> parts{"core", "uncore", "dram"};
    std::ranges::shuffle(parts, random);
    tree.zone(id, fmt::format("package-{}", s), (50 + s) * 1'000'000);
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const std::int64_t joules = parts[p] == "core" ? 30 + s : parts[p] == "uncore" ? 5 + s : 12 + s;
      tree.zone(fmt::format("{}:{}", id, p), parts[p], joules * 1'000'000);
    }
  }
  if (machine.psys) tree.zone(fmt::format("intel-rapl:{}", index.back()), "psys", 500'000'000);
  tree.zone("intel-rapl-mmio:0", "package-0", 50'000'000);
}

double truth_of(const Machine& machine) {
  if (machine.psys) return 500;
  double sum = 0;
  for (int s = 0; s < machine.sockets; ++s) sum += 50 + s + 12 + s;
  return sum;
}

TEST(RaplTree, E9_the_total_is_the_truth_whatever_the_numbers_of_the_zones) {
  std::mt19937_64 random(9);
  int trees = 0;
  bool right = true;
  for (const Machine& machine : {Machine{1, false}, Machine{1, true}, Machine{2, false}, Machine{2, true},
                                 Machine{4, false}, Machine{4, true}}) {
    for (int n = 0; n < 10; ++n, ++trees) {
      Tree tree("e9");
      tree.intel();
      build(tree, machine, random);
      const auto collector = make_rapl({tree.root(), ""});
      const double before = total_of_roots(*collector, poll(*collector));
      EXPECT_NEAR(before, truth_of(machine), 1e-6) << machine.sockets << machine.psys;
      right = right && std::abs(before - truth_of(machine)) < 1e-6;
    }
  }
  report_goal(
      "E9", right,
      fmt::format("{} trees of 1, 2 and 4 sockets, with and without psys, shuffled zones: total = truth",
                  trees));
}

TEST(RaplTree, M13_dram_lies_beside_its_package) {
  Tree tree("dram");
  tree.intel().zone("intel-rapl:3", "package-0", 5'000'000).zone("intel-rapl:3:0", "dram", 1'000'000);
  const auto collector = make_rapl({tree.root(), ""});
  EXPECT_EQ(domain(*collector, "package-0/dram").parent, "");
  EXPECT_EQ(domain(*collector, "package-0/dram").scope, Scope::Dram);
  tree.zone("intel-rapl:0", "psys", 9'000'000);
  const auto with_psys = make_rapl({tree.root(), ""});
  EXPECT_EQ(domain(*with_psys, "package-0/dram").parent, "psys");
  EXPECT_EQ(domain(*with_psys, "package-0").parent, "psys");
}

TEST(RaplTree, a_platform_counter_of_each_socket_holds_that_socket) {
  Tree tree("psys-n");
  tree.intel().zone("intel-rapl:0", "package-0", 1).zone("intel-rapl:1", "package-1", 2);
  tree.zone("intel-rapl:2", "psys", 3).zone("intel-rapl:3", "psys-1", 4);
  const auto collector = make_rapl({tree.root(), ""});
  EXPECT_EQ(domain(*collector, "package-0").parent, "psys");
  EXPECT_EQ(domain(*collector, "package-1").parent, "psys-1");
}

TEST(RaplTree, the_mmio_driver_stands_where_the_other_has_no_package) {
  Tree tree("mmio");
  tree.intel().zone("intel-rapl-mmio:0", "package-0", 4'000'000);
  EXPECT_EQ(poll(*make_rapl({tree.root(), ""})).at("package-0"), 4);
}

TEST(RaplTree, the_core_zone_of_amd_is_one_core) {
  Tree tree("amd");
  tree.cpu("AuthenticAMD", 25, 1, "AMD EPYC 7763").zone("intel-rapl:0", "package-0", 5);
  tree.zone("intel-rapl:0:0", "core", 1);
  EXPECT_NE(domain(*make_rapl({tree.root(), ""}), "package-0/core").note.find("one core"), std::string::npos);
}

TEST(RaplTree, a_disabled_zone_says_so) {
  Tree tree("disabled");
  tree.intel()
      .zone("intel-rapl:0", "package-0", 5)
      .file(Tree::zone_folder("intel-rapl:0") + "/enabled", "0\n");
  EXPECT_NE(domain(*make_rapl({tree.root(), ""}), "package-0").note.find("disabled"), std::string::npos);
}

// --- mirrored dies ----------------------------------------------------------------------------------------

TEST(RaplMirror, E9_dies_that_show_one_register_are_counted_once) {
  Tree tree("mirror-powercap");
  tree.cpu("AuthenticAMD", 23, 8, "AMD Ryzen Threadripper 2950X");
  tree.zone("intel-rapl:0", "package-0-die-0", 125'000'000).zone("intel-rapl:0:0", "core", 11'000'000);
  tree.zone("intel-rapl:1", "package-0-die-1", 125'000'000).zone("intel-rapl:1:0", "core", 12'000'000);
  const auto collector = make_rapl({tree.root(), ""});
  EXPECT_EQ(names(*collector),
            (std::vector<std::string>{"package-0-die-0", "package-0-die-0/core", "package-0-die-1/core"}));
  EXPECT_NE(domain(*collector, "package-0-die-0").note.find("package-0-die-1 shows the same counter"),
            std::string::npos);
  EXPECT_EQ(domain(*collector, "package-0-die-1/core").parent, "package-0-die-0");
  const double total = total_of_roots(*collector, poll(*collector));
  EXPECT_EQ(total, 125);
  report_goal("E9", total == 125, "two dies that show one register: 125 J, not 250 J");
}

/// A simulated machine whose time goes on with every look at it.
struct Watched {
  std::unique_ptr<sim::World> world = std::make_unique<sim::World>();
  std::int64_t now = 1'000'000'000;

  explicit Watched(std::vector<double> watts) {
    for (std::size_t i = 0; i < watts.size(); ++i) {
      sim::Device& device = world->device[i];
      device.pieces = 1;
      device.piece[0] = {1, watts[i], watts[i] / 10, 50};
      device.update_seconds = 0.001;
      device.step_joules = 1.0 / 16384;
    }
  }
  double joules(std::size_t device) {
    now += 2'000;
    return sim::shown_joules(*world, world->device[device], now);
  }
};

TEST(RaplMirror, E9_identical_increments_over_time_are_one_counter) {
  Tree tree("mirror-perf");
  tree.cpu("AuthenticAMD", 23, 8, "AMD Ryzen Threadripper 2950X");
  tree.power_pmu({"pkg"}, {{0, 0, 0}, {8, 0, 1}}, 0);
  Watched watched({125});
  const auto collector = make_rapl_with(
      {tree.root(), ""}, std::make_unique<FakePerf>([&](const PerfEvent&) { return watched.joules(0); }));
  EXPECT_EQ(names(*collector), std::vector<std::string>{"package-0-die-0"});
  report_goal("E9", names(*collector).size() == 1,
              "two dies with identical increments through perf are merged");
}

TEST(RaplMirror, sockets_with_equal_power_are_not_one_counter) {
  Tree tree("no-mirror");
  tree.intel().power_pmu({"pkg"}, {{0, 0, 0}, {18, 1, 0}}, 0);
  Watched watched({125, 125.4});
  const auto collector = make_rapl_with(
      {tree.root(), ""},
      std::make_unique<FakePerf>([&](const PerfEvent& e) { return watched.joules(e.cpu == 0 ? 0 : 1); }));
  EXPECT_EQ(names(*collector), (std::vector<std::string>{"package-0", "package-1"}));
}

TEST(RaplMirror, counters_that_stand_at_zero_prove_nothing) {
  const auto zero = []() -> std::optional<double> { return 0.0; };
  EXPECT_FALSE(is_mirror(zero, zero, 100));
  const auto silent = []() -> std::optional<double> { return std::nullopt; };
  EXPECT_FALSE(is_mirror(zero, silent, 100));
}

}  // namespace
}  // namespace ipw::telemetry
