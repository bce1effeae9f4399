// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "ipw/base/error.h"
#include "ipw/telemetry/collectors/rapl_zones.h"
#include "ipw/telemetry/cpu_model.h"
#include "ipw/telemetry/history.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/machine.h"
#include "ipw/telemetry/meminfo.h"
#include "ipw/telemetry/proc_stat.h"
#include "ipw/telemetry/recording.h"
#include "sampled.h"

namespace ipw::telemetry {
namespace {

namespace fs = std::filesystem;

std::string fixture(const std::string& name) {
  return std::string(IPW_SOURCE_DIR) + "/tests/fixtures/sysfs/" + name;
}

fs::path scratch(const std::string& name) {
  const fs::path out =
      fs::temp_directory_path() / ("ipw-telemetry-" + std::to_string(::getpid()) + "-" + name);
  fs::remove_all(out);
  return out;
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

std::vector<std::string> zone_names(const std::string& root) {
  std::vector<std::string> out;
  for (const auto& zone : find_rapl_zones(root)) out.push_back(zone.domain.name);
  return out;
}

TEST(Rapl, finds_every_socket_and_dram_by_name_and_skips_the_mmio_duplicate) {
  EXPECT_EQ(zone_names(fixture("two-sockets")),
            (std::vector<std::string>{"package-0", "package-0/core", "package-0/dram", "package-1",
                                      "package-1/dram"}));
}

TEST(Rapl, psys_is_found_at_any_index_and_contains_the_package) {
  const auto zones = find_rapl_zones(fixture("laptop-psys"));
  ASSERT_EQ(zones.size(), 4U);
  EXPECT_EQ(zones[0].domain.name, "package-0");
  EXPECT_EQ(zones[0].domain.parent, "psys");
  EXPECT_EQ(zones[1].domain.parent, "package-0");
  EXPECT_EQ(zones[3].domain.scope, Scope::Psys);
  EXPECT_FALSE(zones[0].enabled);
}

TEST(Rapl, M10_a_wrap_adds_the_range_and_one_unit) {
  EXPECT_DOUBLE_EQ(rapl_wrap_joules(999), 0.001);  // the file shows whole microjoules
  EXPECT_NEAR(rapl_wrap_joules(262143328850), 262143.328850 + 61.035e-6, 1e-9);
}

TEST(Rapl, the_cap_is_twice_the_power_limit) {
  EXPECT_EQ(find_rapl_zones(fixture("two-sockets"))[0].domain.cap_watts, 300);
  EXPECT_EQ(find_rapl_zones(fixture("laptop-psys"))[0].domain.cap_watts, 1500);
}

TEST(Rapl, M11_reads_energy_without_any_accelerator) {
  VirtualClock clock;
  Sample sample;
  make_rapl({fixture("two-sockets"), ""})->poll(clock, sample);
  ASSERT_EQ(sample.readings.size(), 5U);
  EXPECT_EQ(sample.readings[0].energy_joules, 9.0);
  EXPECT_TRUE(sample.silent.empty());
}

TEST(Rapl, M12_an_unreadable_file_is_named) {
  VirtualClock clock;
  Sample sample;
  make_rapl({fixture("unreadable"), ""})->poll(clock, sample);
  ASSERT_EQ(sample.silent.size(), 1U);
  EXPECT_NE(sample.silent[0].reason.find("energy_uj"), std::string::npos);
  EXPECT_NE(sample.silent[0].reason.find("errno"), std::string::npos);
}

TEST(Rapl, M12_a_refused_file_comes_with_its_fix) {
  const std::string text = explain("/sys/class/powercap/intel-rapl:0/energy_uj", EACCES);
  EXPECT_NE(text.find("intel-rapl:0/energy_uj: Permission denied"), std::string::npos);
  EXPECT_NE(text.find("CAP_DAC_READ_SEARCH"), std::string::npos);
}

TEST(Rapl, garbage_is_quoted_and_is_no_value) {
  VirtualClock clock;
  Sample sample;
  make_rapl({fixture("garbage"), ""})->poll(clock, sample);
  EXPECT_TRUE(sample.readings.empty());
  EXPECT_NE(sample.silent.at(0).reason.find("'abc'"), std::string::npos);
}

TEST(Rapl, M10_three_wraps_of_a_powercap_file_sum_exactly) {
  const fs::path root = scratch("wraps"), zone = root / "sys/class/powercap/intel-rapl:0";
  fs::create_directories(zone);
  write(zone / "name", "package-0\n");
  write(zone / "max_energy_range_uj", "9999999\n");
  VirtualClock clock;
  write(zone / "energy_uj", "0\n");
  std::vector<std::unique_ptr<Collector>> group;
  group.push_back(make_rapl({root.string(), ""}));
  History history(group[0]->domains());
  const auto sampler = make_sampler(std::move(group), std::chrono::milliseconds(1), clock,
                                    [&](const Sample& s) { history.feed(s); });
  for (int n = 0; n <= 50; ++n) {
    write(zone / "energy_uj", std::to_string(n * 700000LL % 10000000) + "\n");
    sampler->tick(clock.now());
    clock.advance(std::chrono::milliseconds(1));
  }
  const auto energy =
      history.window(Instant(std::chrono::milliseconds(10)), Instant(std::chrono::milliseconds(40)))
          .energies.at(0);
  EXPECT_NEAR(energy.joules.value(), 21, 1e-9);
  EXPECT_TRUE(history.problems().empty());
  fs::remove_all(root);
}

TEST(Rapl, says_where_it_looked_when_there_is_none) {
  try {
    make_rapl({fixture("nothing"), ""});
    FAIL() << "found something";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Unavailable);
    EXPECT_NE(std::string(e.what()).find("/sys/class/powercap"), std::string::npos);
  }
}

TEST(Host, M29_reads_memory_without_an_accelerator) {
  VirtualClock clock;
  Sample sample;
  make_host({fixture("virtual-machine"), ""})->poll(clock, sample);
  ASSERT_EQ(sample.gauges.size(), 1U);
  EXPECT_EQ(sample.gauges[0].gauge, Gauge::CpuMemoryMb);
  EXPECT_EQ(sample.gauges[0].value, 8000);
}

TEST(Host, memory_of_old_kernels_is_derived) {
  EXPECT_EQ(used_memory_mb("MemTotal: 4096 kB\nMemFree: 1024 kB\nBuffers: 512 kB\nCached: 512 kB\n"), 2.0);
  EXPECT_FALSE(used_memory_mb("MemFree: 1024 kB\n"));
}

TEST(Host, load_leaves_stolen_time_out) {
  const auto before = parse_cpu_times("cpu  100 0 0 100 0 0 0 0 0 0\n"),
             after = parse_cpu_times("cpu  150 0 0 125 0 0 0 25 0 0\n");
  EXPECT_DOUBLE_EQ(busy_share(*before, *after).value(), 0.5);
  EXPECT_FALSE(busy_share(*before, *before));
  EXPECT_FALSE(parse_cpu_times("intr 5"));
}

TEST(Modelled, is_labelled_and_always_has_an_interval) {
  VirtualClock clock;
  const auto collector = make_modelled({fixture("virtual-machine"), ""});
  const Domain& domain = collector->domains().at(0);
  EXPECT_EQ(domain.method, Method::Modelled);
  EXPECT_GE(domain.relative_half_width, 0.3);
  EXPECT_NE(domain.note.find("MODELLED"), std::string::npos);
  Sample sample;
  collector->poll(clock, sample);
  clock.advance(std::chrono::seconds(10));
  collector->poll(clock, sample);
  const double idle = CpuPowerModel("AMD EPYC", 4).watts(0);
  EXPECT_NEAR(sample.readings.back().energy_joules.value(), 10 * idle, 1e-9);
}

TEST(Modelled, follows_both_published_models) {
  const CpuPowerModel gold("Intel(R) Xeon(R) Gold 6248", 40);
  EXPECT_NEAR(gold.cloud_carbon_watts(0), 40 * 0.64, 1e-9);
  EXPECT_NEAR(gold.cloud_carbon_watts(1), 40 * 3.97, 1e-9);
  EXPECT_NEAR(gold.boavizta_watts(1), 35.57 * std::log(0.2438 * 109.67) - 0.609, 1e-9);
  for (const double load : {0.0, 0.2, 1.0}) {
    const double reach = gold.relative_half_width() * gold.watts(load) + 1e-9;
    EXPECT_LE(std::abs(gold.cloud_carbon_watts(load) - gold.watts(load)), reach);
    EXPECT_LE(std::abs(gold.boavizta_watts(load) - gold.watts(load)), reach);
  }
}

TEST(Machine, M28_tells_the_real_processor) {
  const auto machine = read_machine(fixture("two-sockets"));
  EXPECT_EQ(machine.cpu_brand, "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz");
  EXPECT_EQ(machine.cpu_count, 4);
  EXPECT_EQ(machine.os_name, "Debian GNU/Linux");
  EXPECT_EQ(machine.os_version, "12");
  EXPECT_EQ(machine.kernel_version, "6.1.0-test");
  EXPECT_EQ(machine.host_name, "bench");
}

TEST(Simulated, shows_the_exact_integral_of_its_signal) {
  VirtualClock clock;
  const auto collector =
      make_simulated({"", "shape=square,low=10,high=30,period_s=2,duty=0.25,update_ms=10"});
  Sample sample;
  collector->poll(clock, sample);
  clock.advance(std::chrono::seconds(20));
  collector->poll(clock, sample);
  EXPECT_NEAR(sample.readings.back().energy_joules.value(), 10 * (0.5 * 30 + 1.5 * 10), 0.4);
}

TEST(Simulated, names_a_wrong_parameter) {
  EXPECT_THROW(make_simulated({"", "wats=5"}), Error);
  EXPECT_THROW(make_simulated({"", "shape=round"}), Error);
  EXPECT_THROW(make_simulated({"", "update_ms=0"}), Error);
}

Sample odd_sample() {
  Sample sample;
  sample.sequence = 7;
  sample.tick = Instant(Nanoseconds(1234567890123));
  sample.readings = {{0, sample.tick + Nanoseconds(5), Nanoseconds(3), 0.1 + 0.2, std::nullopt},
                     {1, sample.tick, Nanoseconds(1), std::nullopt, 1.0 / 3}};
  sample.gauges = {{Gauge::Temperature, sample.tick, 41.5}};
  sample.silent = {{2U, "lost \"it\""}};
  return sample;
}

TEST(Recording, a_sample_comes_back_bit_for_bit) {
  const Sample sample = odd_sample();
  const Sample back = parse_sample(sample_line(sample));
  EXPECT_EQ(sample_line(back), sample_line(sample));
  EXPECT_EQ(back.readings[0].energy_joules, sample.readings[0].energy_joules);
  EXPECT_EQ(back.readings[0].mid, sample.readings[0].mid);
  EXPECT_FALSE(back.readings[1].energy_joules);
  EXPECT_EQ(back.silent, sample.silent);
}

TEST(Recording, a_broken_line_is_a_format_error) {
  for (const char* line :
       {"", "{", "{}", R"({"type":"sample"})", R"({"type":"header","version":2,"domains":[]})"}) {
    EXPECT_THROW(parse_sample(line), Error) << line;
    EXPECT_THROW(parse_header(line), Error) << line;
  }
}

TEST(Recording, numbers_outside_their_range_are_a_format_error) {
  const auto line = [](const char* reading) {
    return R"({"type":"sample","sequence":1,"tick":0,"gauges":[],"silent":[],"readings":[[)" +
           std::string(reading) + "]]}";
  };
  EXPECT_NO_THROW(parse_sample(line("0,5,1,null,2.5")));
  for (const char* reading :
       {"-1,5,1,null,2.5", "4294967296,5,1,null,2.5", "0,9223372036854775807,1,null,2.5",
        "0,1e300,1,null,2.5", "0,5,18446744073709551615,null,2.5"})
    EXPECT_THROW(parse_sample(line(reading)), Error) << reading;
}

TEST(Replay, P10_gives_the_energies_of_the_recorded_run_bit_for_bit) {
  const fs::path path = scratch("recording.jsonl");
  std::vector<std::unique_ptr<Collector>> group;
  group.push_back(make_simulated({"", "shape=llm,update_ms=100"}));
  VirtualClock clock;
  History recorded(group[0]->domains());
  {
    RecordingWriter writer(path, group[0]->domains());
    const auto sampler =
        make_sampler(std::move(group), std::chrono::milliseconds(50), clock, [&](const Sample& s) {
          recorded.feed(s);
          writer.write(s);
        });
    Instant due{};
    for (int n = 0; n < 200; ++n) clock.sleep_until(due = sampler->tick(due));
  }
  group.clear();
  group.push_back(make_replay({"", path.string()}));
  VirtualClock again;
  History replayed(group[0]->domains());
  const auto sampler = make_sampler(std::move(group), std::chrono::milliseconds(50), again,
                                    [&](const Sample& s) { replayed.feed(s); });
  Instant due{};
  for (int n = 0; n < 210; ++n) again.sleep_until(due = sampler->tick(due));
  const Instant a(std::chrono::milliseconds(1234)), b(std::chrono::milliseconds(7777));
  EXPECT_EQ(replayed.window(a, b).energies[0].joules.value(),
            recorded.window(a, b).energies[0].joules.value());
  EXPECT_NE(replayed.problems().at(0).find("the recording has ended"), std::string::npos);
  fs::remove(path);
}

TEST(Replay, names_a_file_that_is_missing) {
  EXPECT_THROW(make_replay({"", "/nonexistent"}), Error);
  EXPECT_THROW(make_replay({"", ""}), Error);
}

}  // namespace
}  // namespace ipw::telemetry
