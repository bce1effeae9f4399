// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/apple.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/sim/truth.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/powermetrics_plist.h"
#include "ipw/telemetry/history.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds, std::chrono::seconds;

struct Energies {
  double cpu = 1000, gpu = 2000, ane = 100;  // mJ
};

std::string plist(std::int64_t elapsed_ns, Energies e, const std::string& more = "") {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
      "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n"
      "<key>hw_model</key><string>Mac14,6</string>\n<key>elapsed_ns</key><integer>{}</integer>\n"
      "<key>processor</key><dict>\n<key>clusters</key><array><dict><key>cpu_energy</key><integer>7</"
      "integer></dict></array>"
      "<key>cpu_energy</key><integer>{}</integer>\n<key>gpu_energy</key><real>{}</real>\n"
      "<key>ane_energy</key><integer>{}</integer>\n{}</dict>\n"
      "<key>gpu</key><dict><key>freq_hz</key><real>1398</real><key>idle_ratio</key><real>0.25</real></dict>\n"
      "<key>thermal_pressure</key><string>Heavy</string>\n</dict>\n</plist>\n",
      elapsed_ns, e.cpu, e.gpu, e.ane, more);
}

TEST(Plist, is_divided_by_the_time_that_passed_in_truth) {
  const auto out = parse_powermetrics(plist(500'000'000, {}));
  ASSERT_TRUE(out) << out.error();
  EXPECT_EQ(out->seconds, 0.5);
  EXPECT_DOUBLE_EQ(*out->cpu_joules, 1.0);
  EXPECT_DOUBLE_EQ(*out->gpu_joules, 2.0);
  EXPECT_DOUBLE_EQ(*out->ane_joules, 0.1);
  EXPECT_FALSE(out->dram_joules);
  EXPECT_EQ(out->gpu_active_pct, 75);
  EXPECT_EQ(out->gpu_clock_mhz, 1398);
  EXPECT_EQ(out->throttled, true);
  EXPECT_EQ(out->model, "Mac14,6");
}

TEST(Plist, power_stands_in_for_energy) {
  const auto out = parse_powermetrics(
      "<plist><dict><key>elapsed_ns</key><integer>2000000000</integer><key>processor</key><dict>"
      "<key>combined_power</key><real>1500</real></dict><key>gpu</key><dict><key>freq_hz</"
      "key><real>1398000000</real>"
      "</dict></dict></plist>");
  ASSERT_TRUE(out) << out.error();
  EXPECT_DOUBLE_EQ(*out->combined_joules, 3.0);
  EXPECT_FALSE(out->cpu_joules);
  EXPECT_EQ(out->gpu_clock_mhz, 1398);
}

TEST(Plist, a_wrong_document_says_what_is_missing) {
  const auto error = [](const std::string& text) { return parse_powermetrics(text).error(); };
  EXPECT_NE(error("nonsense").find("no property list"), std::string::npos);
  EXPECT_NE(error("").find("no property list"), std::string::npos);
  EXPECT_NE(error("<plist><dict></dict></plist>").find("elapsed_ns"), std::string::npos);
  EXPECT_NE(error("<plist><dict><key>elapsed_ns</key><integer>5</integer></dict></plist>").find("no energy"),
            std::string::npos);
  EXPECT_NE(error("<plist><dict><key>elapsed_ns</key><string>5</string></dict></plist>").find("elapsed_ns"),
            std::string::npos);
  EXPECT_NE(error("<plist><dict><key>elapsed_ns").find("no property list"), std::string::npos);
}

TEST(Plist, F30_is_whole_wherever_the_reads_end) {
  const std::string a = plist(100'000'000, {}), b = plist(200'000'000, {});
  const std::string stream = a + '\0' + b + '\0';
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    PlistSplitter splitter;
    auto out = splitter.feed(std::string_view(stream).substr(0, cut));
    for (auto& document : splitter.feed(std::string_view(stream).substr(cut))) out.push_back(document);
    ASSERT_EQ(out.size(), 2U) << cut;
    EXPECT_EQ(parse_powermetrics(out[1])->seconds, 0.2) << cut;
    EXPECT_EQ(splitter.dropped(), 0U);
  }
}

TEST(Plist, one_that_a_NUL_cuts_off_is_dropped_and_counted) {
  PlistSplitter splitter;
  const std::string a = plist(100'000'000, {});
  EXPECT_EQ(splitter.feed(a.substr(0, 200) + '\0' + a).size(), 1U);
  EXPECT_EQ(splitter.dropped(), 1U);
  EXPECT_EQ(splitter.feed(std::string(5 << 20, 'x')).size(), 0U);
  EXPECT_EQ(splitter.dropped(), 2U);
  EXPECT_EQ(splitter.feed(a).size(), 1U);
}

// What a test lets powermetrics write, and when it lets it die.
struct Script {
  std::string pending;
  bool alive = true;
  int starts = 0;
  std::string words = "it ended with status 9";
};

class Scripted final : public TextStream {
 public:
  explicit Scripted(Script& script) : script_(script) {}
  bool read(std::string& into) override {
    into += script_.pending;
    script_.pending.clear();
    return script_.alive;
  }
  std::string last_words() override { return script_.words; }

 private:
  Script& script_;
};

class Apple : public testing::Test {
 protected:
  std::unique_ptr<Collector> open() {
    return make_powermetrics([this]() -> std::unique_ptr<TextStream> {
      ++script_.starts;
      return std::make_unique<Scripted>(script_);
    });
  }
  Sample step(Collector& collector, Nanoseconds time = milliseconds(50)) {
    clock_.advance(time);
    Sample sample;
    collector.poll(clock_, sample);
    if (history_) history_->feed(sample);
    return sample;
  }
  void run(Collector& collector, int intervals, Energies e = {}) {
    for (int i = 0; i < intervals; ++i) {
      step(collector);
      script_.pending += plist(100'000'000, e) + '\0';
      step(collector);
    }
  }
  Script script_;
  VirtualClock clock_;
  std::optional<History> history_;
};

TEST_F(Apple, K7_M41_the_SoC_is_one_basis_and_contains_CPU_GPU_and_ANE) {
  const auto apple = open();
  const auto& domains = apple->domains();
  ASSERT_EQ(domains.size(), 4U);
  EXPECT_EQ(domains[0].name, "soc");
  EXPECT_EQ(domains[0].scope, Scope::Module);
  for (int i = 1; i < 4; ++i) EXPECT_EQ(domains[static_cast<std::size_t>(i)].parent, "soc");
  history_.emplace(domains);
  run(*apple, 40);
  const Instant end = clock_.now() - milliseconds(200);
  const auto report = history_->window(end - seconds(2), end);
  EXPECT_NEAR(report.energies[0].joules.value(), 20 * 3.1, 0.01);
  EXPECT_NEAR(report.energies[0].joules.value(),
              *report.energies[1].joules + *report.energies[2].joules + *report.energies[3].joules, 1e-6);
  const auto headline = records::headline_energy(report.energies);
  EXPECT_EQ(headline.scope, "module");
  EXPECT_EQ(headline.joules, report.energies[0].joules);
}

TEST_F(Apple, energy_is_that_of_the_intervals_and_power_is_per_their_true_length) {
  const auto apple = open();
  script_.pending = plist(400'000'000, {});
  const Sample sample = step(*apple);
  ASSERT_EQ(sample.readings.size(), 8U) << "the begin of the first interval, and its end";
  EXPECT_EQ(sample.readings[0].energy_joules, 0);
  EXPECT_NEAR(*sample.readings[1].energy_joules, 3.1, 1e-12);
  EXPECT_NEAR(*sample.readings[1].power_watts, 3.1 / 0.4, 1e-12);
  EXPECT_EQ(sample.readings[1].mid - sample.readings[0].mid, milliseconds(400));
  EXPECT_EQ(sample.gauges.size(), 3U);
}

TEST_F(Apple, several_intervals_in_one_read_keep_their_order_and_length) {
  const auto apple = open();
  script_.pending = plist(100'000'000, {}) + '\0' + plist(100'000'000, {}) + '\0' + plist(100'000'000, {});
  step(*apple, milliseconds(300));
  script_.pending = '\0' + plist(100'000'000, {}) + '\0' + plist(100'000'000, {});
  const Sample sample = step(*apple, milliseconds(200));
  ASSERT_EQ(sample.readings.size(), 8U);
  EXPECT_EQ(sample.readings[4].mid - sample.readings[0].mid, milliseconds(100));
  EXPECT_EQ(sample.readings[4].mid, clock_.now());
  EXPECT_NEAR(*sample.readings[4].energy_joules, 5 * 3.1, 1e-9);
}

TEST_F(Apple, nothing_new_is_no_reading_rather_than_the_last_one_again) {
  const auto apple = open();
  run(*apple, 3);
  EXPECT_TRUE(step(*apple).readings.empty());
  EXPECT_TRUE(step(*apple).silent.empty());
  const Sample stale = step(*apple, milliseconds(1100));
  ASSERT_EQ(stale.silent.size(), 4U);
  EXPECT_EQ(stale.silent[0].cause, Cause::Stale);
  EXPECT_NE(stale.silent[0].reason.find("has told nothing for"), std::string::npos);
}

TEST_F(Apple, F30_a_child_that_dies_is_a_fault_and_a_gap_and_is_started_again) {
  const auto apple = open();
  history_.emplace(apple->domains());
  run(*apple, 30);
  script_.pending = plist(100'000'000, {}).substr(0, 300);
  script_.alive = false;
  const Sample dead = step(*apple);
  ASSERT_EQ(dead.silent.size(), 4U);
  EXPECT_EQ(dead.silent[0].cause, Cause::Lost);
  EXPECT_NE(dead.silent[0].reason.find("powermetrics has ended: it ended with status 9"), std::string::npos);
  EXPECT_TRUE(dead.readings.empty());
  const Instant died = clock_.now();
  int frozen = 0;
  for (int i = 0; i < 4; ++i) frozen += static_cast<int>(step(*apple).readings.size());
  script_.alive = true;
  for (int i = 0; i < 2; ++i) step(*apple);
  const double restarted = to_seconds(clock_.now() - died);
  EXPECT_EQ(script_.starts, 2);
  run(*apple, 30);
  const Instant end = clock_.now() - milliseconds(200);
  const auto energy = history_->window(died - seconds(1), end).energies[0];
  // The second before and all intervals after it are known; what the SoC used meanwhile is not invented.
  const double least = 31.0 * (to_seconds(end - died) - restarted - 0.2) + 31.0 * 0.8;
  EXPECT_TRUE(!energy.joules || energy.coverage < 1) << "a window across the death is no whole one";
  if (energy.joules) {
    EXPECT_NEAR(*energy.joules, least, 31);
  }
  const bool ok = frozen == 0 && script_.starts == 2 && (!energy.joules || energy.coverage < 1);
  report_goal(
      "F30", ok,
      fmt::format("powermetrics: death told at once, restarted after {:.2f} s, the gap marked, lists cut "
                  "at every byte read",
                  restarted));
  EXPECT_TRUE(ok);
}

TEST_F(Apple, F30_one_that_will_not_start_is_tried_ever_more_rarely) {
  const auto apple = open();
  run(*apple, 2);
  script_.alive = false;
  for (int i = 0; i < 1200; ++i) step(*apple);  // a minute
  EXPECT_GE(script_.starts, 6);
  EXPECT_LE(script_.starts, 12);
}

TEST_F(Apple, one_that_hangs_is_started_again) {
  const auto apple = open();
  run(*apple, 2);
  for (int i = 0; i < 120; ++i) step(*apple);
  EXPECT_GE(script_.starts, 2);
}

TEST_F(Apple, DRAM_appears_where_it_is_told) {
  const auto apple = open();
  script_.pending = plist(100'000'000, {}, "<key>dram_energy</key><integer>50</integer>");
  const Sample sample = step(*apple);
  ASSERT_EQ(apple->domains().size(), 5U);
  EXPECT_EQ(apple->domains()[4].scope, Scope::Dram);
  EXPECT_TRUE(apple->domains()[4].parent.empty());
  EXPECT_NEAR(*sample.readings[9].energy_joules, 0.05, 1e-12);
}

std::string why_unavailable(const CollectorOptions& options) {
  try {
    make_apple(options);
    return "available";
  } catch (const Error& e) {
    return e.what();
  }
}

const std::string kStub = std::string(IPW_BINARY_DIR) + "/lib/ipw/sim/powermetrics";

TEST(AppleStart, M30_a_sampler_that_does_not_start_is_no_collector_and_says_why) {
  const fs::path nowhere = fs::temp_directory_path() / "ipw-no-apple";
  EXPECT_NE(why_unavailable({nowhere, ""}).find("no program powermetrics"), std::string::npos);
  EXPECT_NE(why_unavailable({"", "/nonexistent/powermetrics"}).find("cannot start"), std::string::npos);
  const std::string reason = why_unavailable({"", kStub});  // outside of a simulated machine it complains
  EXPECT_NE(reason.find("must be invoked as the superuser"), std::string::npos) << reason;
  EXPECT_NE(reason.find("ended with status 1"), std::string::npos) << reason;
  EXPECT_NE(why_unavailable({"", "/bin/false"}).find("does not sample"), std::string::npos);
}

// A simulated machine whose clock somebody else moves.
class AppleMachine : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("ipw-apple-" + std::to_string(::getpid()));
    fs::remove_all(root_);
    world_ = sim::make_world(root_, 0);
    (*world_)->now_ns = 1'000'000'000;
    for (const auto& [name, watts] : {std::pair{"cpu", 20.0}, std::pair{"gpu", 35.0}, std::pair{"ane", 2.0}})
      sim::add_device(**world_, "apple", name, {{1, watts}});
    fs::create_directories(root_ / "usr/bin");
    fs::copy_file(kStub, root_ / "usr/bin/powermetrics");
    mover_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        (*world_)->now_ns += 1'000'000;
        std::this_thread::yield();
      }
    });
  }
  void TearDown() override {
    mover_.request_stop();
    mover_.join();
    fs::remove_all(root_);
  }
  fs::path root_;
  std::unique_ptr<sim::MappedWorld> world_;
  std::jthread mover_;
};

TEST_F(AppleMachine, a_real_child_is_read_and_found_by_the_doctor) {
  const auto apple = make_apple({root_.string(), ""});
  VirtualClock clock;
  std::optional<double> watts;
  for (int i = 0; i < 200'000 && !watts; ++i) {
    clock.advance(milliseconds(1));
    Sample sample;
    apple->poll(clock, sample);
    for (const Reading& reading : sample.readings)
      if (reading.domain == 0 && reading.power_watts) watts = reading.power_watts;
    std::this_thread::yield();
  }
  ASSERT_TRUE(watts);
  EXPECT_NEAR(*watts, 57, 0.01);
  const auto found = diagnose_apple(root_.string());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].detail.find("Mac99,1"), std::string::npos) << found[0].detail;
}

TEST(AppleDoctor, P6_tells_what_keeps_powermetrics_from_sampling) {
  const fs::path root = fs::temp_directory_path() / ("ipw-apple-doctor-" + std::to_string(::getpid()));
  fs::remove_all(root);
  EXPECT_TRUE(diagnose_apple(root.string()).empty()) << "no Apple machine, nothing to say";
  fs::create_directories(root / "usr/bin");
  fs::copy_file(kStub, root / "usr/bin/powermetrics");
  const auto denied = diagnose_apple(root.string()).at(0);
  EXPECT_FALSE(denied.present);
  EXPECT_NE(denied.detail.find("superuser"), std::string::npos);
  EXPECT_NE(denied.remedy.find("sudo"), std::string::npos);
  fs::remove(root / "usr/bin/powermetrics");
  fs::create_symlink("/bin/echo", root / "usr/bin/powermetrics");
  const auto odd = diagnose_apple(root.string()).at(0);
  EXPECT_FALSE(odd.present);
  EXPECT_NE(odd.detail.find("no whole property list"), std::string::npos) << odd.detail;
  EXPECT_NE(odd.remedy.find("Apple silicon"), std::string::npos);
  fs::remove_all(root);
}

TEST(IoReportChannels, are_known_by_prefix_on_every_chip) {
  const auto rail = [](std::string_view name) { return classify_channel(name).rail; };
  EXPECT_EQ(rail("CPU Energy"), AppleRail::Cpu);
  EXPECT_EQ(rail("DIE_1_CPU Energy"), AppleRail::Cpu);
  EXPECT_EQ(rail("GPU Energy"), AppleRail::Gpu);
  EXPECT_EQ(rail("ANE0_0"), AppleRail::Ane);
  EXPECT_EQ(rail("DRAM0"), AppleRail::Dram);
  EXPECT_TRUE(classify_channel("EACC_CPU0").part) << "within CPU Energy, and not counted again";
  EXPECT_TRUE(classify_channel("DIE_0_PACC1_CPU").part);
  EXPECT_TRUE(classify_channel("GPU SRAM0_0").part);
  EXPECT_FALSE(rail("DISPEXT0").has_value());
  EXPECT_FALSE(rail("").has_value());
  EXPECT_FALSE(rail("DIE_").has_value());
}

TEST(IoReportChannels, have_the_unit_of_their_label) {
  EXPECT_EQ(channel_unit_joules("mJ"), 1e-3);
  EXPECT_EQ(channel_unit_joules("uJ "), 1e-6);
  EXPECT_EQ(channel_unit_joules("\u00b5J"), 1e-6);
  EXPECT_EQ(channel_unit_joules("\u03bcJ"), 1e-6);
  EXPECT_EQ(channel_unit_joules("nJ"), 1e-9);
  EXPECT_FALSE(channel_unit_joules("J/s"));
  EXPECT_FALSE(channel_unit_joules(""));
}

}  // namespace
}  // namespace ipw::telemetry
