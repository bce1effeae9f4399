// SPDX-License-Identifier: Apache-2.0
// What can go wrong with the files of sensors while they are read (telemetry.md 5.4): one file at fault, all
// others go on, the status names the cause, and the sensor is back when the fault has gone.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <map>

#include "ipw/base/error.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/history.h"
#include "ipw/telemetry/kept_file.h"
#include "sampled.h"
#include "support/goal.h"
#include "unit/telemetry/tree.h"

namespace ipw::telemetry {
namespace {

/// System calls that fail for some paths, as long as this lives.
class PlantedErrors {
 public:
  PlantedErrors() : former_(file_calls()) { file_calls() = {open, pread}; }
  ~PlantedErrors() {
    file_calls() = former_;
    errors().clear();
    paths().clear();
  }
  void plant(const std::string& path, int error) { errors()[path] = error; }
  void heal() { errors().clear(); }

 private:
  static std::map<std::string, int>& errors() {
    static std::map<std::string, int> map;
    return map;
  }
  static std::map<int, std::string>& paths() {
    static std::map<int, std::string> map;
    return map;
  }
  static int fault(const std::string& path) {
    const auto found = errors().find(path);
    return found == errors().end() ? 0 : found->second;
  }
  static int open(const char* path, int flags) {
    if ((errno = fault(path)) != 0) return -1;
    const int fd = ::open(path, flags);
    if (fd >= 0) paths()[fd] = path;
    return fd;
  }
  static ssize_t pread(int fd, void* buffer, std::size_t size, off_t offset) {
    if ((errno = fault(paths()[fd])) != 0) return -1;
    return ::pread(fd, buffer, size, offset);
  }
  FileCalls former_;
};

constexpr const char* kZone = "sys/class/powercap/intel-rapl:0/energy_uj";
constexpr const char* kPower = "sys/class/hwmon/hwmon0/power1_input";

/// Two packages and two power sensors, sampled each 50 ms; the first of each kind is the one at fault.
class Daemon {
 public:
  Daemon() : tree_("faulty") {
    tree_.intel().hwmon(0, "mystery", {{"power1_input", "7000000"}, {"power1_label", "a"}});
    tree_.hwmon(1, "mystery", {{"power1_input", "7000000"}, {"power1_label", "b"}});
    tree_.zone("intel-rapl:0", "package-0", 0).zone("intel-rapl:1", "package-1", 5);
    std::vector<std::unique_ptr<Collector>> group;
    group.push_back(make_rapl({tree_.root(), ""}));
    group.push_back(make_hwmon({tree_.root(), ""}));
    std::vector<Domain> domains;
    for (const auto& collector : group)
      domains.insert(domains.end(), collector->domains().begin(), collector->domains().end());
    history_ = std::make_unique<History>(domains);
    total_ = std::make_unique<CounterTotal>(domains[0]);
    sampler_ = make_sampler(std::move(group), std::chrono::milliseconds(50), clock_,
                            [this](const Sample& s) { take(s); });
  }

  Tree& tree() { return tree_; }
  PlantedErrors& errors() { return errors_; }
  const Sample& tick() {
    clock_.advance(std::chrono::milliseconds(50));
    sampler_->tick(clock_.now());
    return last_;
  }
  /// What the first package has used, by the counter algebra.
  double joules() const { return total_->joules; }
  const History& history() const { return *history_; }
  bool reads(const std::string& name) const {
    return std::ranges::any_of(last_.readings, [&](const Reading& r) { return name_of(r.domain) == name; });
  }
  std::optional<Silence> silence(const std::string& name) const {
    for (const Silence& s : last_.silent) {
      if (name_of(s.domain) == name) return s;
    }
    return std::nullopt;
  }

 private:
  void take(const Sample& sample) {
    last_ = sample;
    history_->feed(sample);
    total_->feed(sample, 0);
  }
  std::string name_of(std::uint32_t domain) const { return history_->domains()[domain].name; }

  Tree tree_;
  PlantedErrors errors_;
  VirtualClock clock_;
  std::unique_ptr<History> history_;
  std::unique_ptr<CounterTotal> total_;
  std::shared_ptr<Sampler> sampler_;
  Sample last_;
};

struct Fault {
  const char* goal;
  const char* name;
  int error;  ///< 0: the content instead
  std::string content;
  Cause cause;
};

std::ostream& operator<<(std::ostream& out, const Fault& fault) {
  return out << fault.goal << " " << fault.name;
}

class FaultyFile : public testing::TestWithParam<Fault> {};

TEST_P(FaultyFile, is_named_harms_nobody_and_recovers) {
  const Fault& fault = GetParam();
  struct Target {
    std::string file, name, other, good;
  };
  bool passed = true;
  for (const auto& [file, name, other, good] :
       {Target{kZone, "package-0", "package-1", "12"}, Target{kPower, "mystery/a", "mystery/b", "12"}}) {
    Daemon daemon;
    daemon.tick();
    EXPECT_TRUE(daemon.reads(name));
    if (fault.error != 0) {
      daemon.errors().plant(daemon.tree().at(file), fault.error);
    } else {
      daemon.tree().file(file, fault.content);
    }
    daemon.tick();
    const auto silence = daemon.silence(name);
    EXPECT_FALSE(daemon.reads(name));
    EXPECT_TRUE(daemon.reads(other));
    ASSERT_TRUE(silence) << fault;
    EXPECT_EQ(silence->cause, fault.cause);
    EXPECT_NE(silence->reason.find(file), std::string::npos) << silence->reason;
    daemon.errors().heal();
    daemon.tree().file(file, good);
    daemon.tick();
    EXPECT_TRUE(daemon.reads(name));
    passed = passed && silence->cause == fault.cause && daemon.reads(name) && daemon.reads(other);
  }
  report_goal(fault.goal, passed, fmt::format("{}: named, others go on, back at the next tick", fault.name));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, FaultyFile,
    testing::Values(Fault{"F9", "file gone, ENOENT", ENOENT, "", Cause::NotFound},
                    Fault{"F9", "device gone, ENODEV", ENODEV, "", Cause::NotFound},
                    Fault{"F10", "EACCES in mid-run", EACCES, "", Cause::Denied},
                    Fault{"F10", "EPERM in mid-run", EPERM, "", Cause::Denied},
                    Fault{"F11", "EIO", EIO, "", Cause::Unreadable},
                    Fault{"F11", "EAGAIN", EAGAIN, "", Cause::Unreadable},
                    Fault{"F11", "ENODATA", ENODATA, "", Cause::Unreadable},
                    Fault{"F12", "empty file", 0, "", Cause::Nonsense},
                    Fault{"F12", "a line end alone", 0, "\n", Cause::Nonsense},
                    Fault{"F12", "letters", 0, "abc\n", Cause::Nonsense},
                    Fault{"F12", "letters behind a number", 0, "12abc\n", Cause::Nonsense},
                    Fault{"F12", "NUL", 0, std::string("1\0002\n", 4), Cause::Nonsense},
                    Fault{"F12", "30 digits", 0, "123456789012345678901234567890\n", Cause::Nonsense},
                    Fault{"F12", "a fraction", 0, "1.5\n", Cause::Nonsense},
                    Fault{"F12", "not a number", 0, "nan\n", Cause::Nonsense},
                    Fault{"F12", "bytes of no text", 0, "\xff\xfe\n", Cause::Nonsense}));

TEST(FaultyFiles, F9_a_file_that_was_removed_is_missed_and_one_put_in_its_place_is_read) {
  Daemon daemon;
  daemon.tick();
  daemon.tree().remove(kZone);
  daemon.tick();
  const auto silence = daemon.silence("package-0");
  ASSERT_TRUE(silence);
  EXPECT_EQ(silence->cause, Cause::NotFound);
  daemon.tree().file(kZone, "77\n");
  daemon.tick();
  EXPECT_TRUE(daemon.reads("package-0"));
}

TEST(FaultyFiles, F12_a_negative_counter_is_no_value_and_crlf_is_harmless) {
  Daemon daemon;
  daemon.tree().file(kZone, "-5\n");
  daemon.tick();
  const bool negative = daemon.silence("package-0")->cause == Cause::Nonsense;
  EXPECT_TRUE(negative);
  daemon.tree().file(kZone, "4000000\r\n").file(kPower, "4000000\r\n");
  daemon.tick();
  const bool read = daemon.reads("package-0") && daemon.reads("mystery/a");
  EXPECT_TRUE(read);
  report_goal("F12", negative && read, "a negative counter is no value; CRLF is read");
}

TEST(FaultyFiles, M21_what_was_silent_stands_in_the_report_with_its_cause) {
  Daemon daemon;
  daemon.tick();
  daemon.errors().plant(daemon.tree().at(kZone), EIO);
  daemon.tick();
  daemon.tick();
  ASSERT_FALSE(daemon.history().problems().empty());
  const std::string problem = daemon.history().problems()[0];
  EXPECT_NE(problem.find("package-0: 2 silent tick(s)"), std::string::npos) << problem;
  EXPECT_NE(problem.find("Input/output error"), std::string::npos) << problem;
}

double used(Daemon& daemon, std::initializer_list<std::int64_t> shown) {
  for (const std::int64_t value : shown) {
    daemon.tree().number(kZone, value);
    daemon.tick();
  }
  return daemon.joules();
}

TEST(FaultyFiles, F14_a_counter_that_goes_back_by_one_loses_nothing) {
  Daemon daemon;
  const double joules = used(daemon, {1'000'000, 2'000'000, 1'999'999, 3'000'000, 4'000'000});
  EXPECT_NEAR(joules, 3.0, 1e-9);
  ASSERT_EQ(daemon.history().problems().size(), 1U);
  EXPECT_NE(daemon.history().problems()[0].find("off the line"), std::string::npos);
  report_goal("F14", std::abs(joules - 3.0) < 1e-9, "back by 1 uJ: dropped, counted, energy exact");
}

TEST(FaultyFiles, F14_a_counter_that_stays_back_by_one_adds_nothing_that_was_not_used) {
  Daemon daemon;
  const double joules = used(daemon, {1'000'000, 2'000'000, 1'999'999, 1'999'999, 2'999'999, 3'999'999});
  EXPECT_NEAR(joules, 3.0, 1e-9);
  ASSERT_EQ(daemon.history().problems().size(), 1U);
  EXPECT_NE(daemon.history().problems()[0].find("reset"), std::string::npos);
  report_goal("F14", std::abs(joules - 3.0) < 1e-9, "back by 1 uJ for good: a reset, no phantom energy");
}

TEST(FaultyFiles, F28_a_masked_powercap_is_reported_and_the_rest_is_read) {
  Tree tree("masked");
  tree.intel().file(".dockerenv", "");
  tree.link("sys/class/powercap/intel-rapl:0", "../../devices/virtual/powercap/intel-rapl/intel-rapl:0");
  bool refused = false;
  try {
    make_rapl({tree.root(), ""});
  } catch (const Error& error) {
    refused = error.code() == ErrorCode::Unavailable;
  }
  EXPECT_TRUE(refused);
  SourceOptions options;
  options.sysfs_root = tree.root();
  VirtualClock clock;
  bool told = false, modelled = false;
  for (const auto& status : diagnose(options, clock)) {
    told = told || status.situation == "rapl.masked";
    modelled = modelled || status.situation == "model.used";
  }
  EXPECT_TRUE(told);
  EXPECT_TRUE(modelled);
  report_goal("F28", refused && modelled && told, "masked powercap: recognised, the CPU is modelled instead");
}

}  // namespace
}  // namespace ipw::telemetry
