// SPDX-License-Identifier: Apache-2.0
// Meters outside of the machine: what their pages say, and the collectors against simulated ones.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/http/server.h"
#include "ipw/sim/faults.h"
#include "ipw/sim/meters.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/exec_lines.h"
#include "ipw/telemetry/collectors/ipmi.h"
#include "ipw/telemetry/collectors/meter_pages.h"
#include "support/goal.h"
#include "unit/sim/temporary_root.h"

namespace ipw::telemetry {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(MeterPages, shelly_counts_watt_hours_and_the_first_generation_watt_minutes) {
  const auto now = parse_shelly(R"({"id":0,"apower":120.5,"aenergy":{"total":2.5,"by_minute":[1,2,3]}})");
  EXPECT_EQ(now->watts, 120.5);
  EXPECT_EQ(now->joules, 9000);
  const auto first = parse_shelly_first(R"({"meters":[{"power":60.0,"is_valid":true,"total":10}]})", 0);
  EXPECT_EQ(first->joules, 600);
  const auto exact = parse_shelly_first(R"({"emeters":[{"power":60.0,"total":10}]})", 0);
  EXPECT_EQ(exact->joules, 36000);
}

TEST(MeterPages, a_relay_that_does_not_measure_is_no_reading_of_0_watts) {
  EXPECT_FALSE(parse_shelly(R"({"id":0,"output":true})"));
  EXPECT_FALSE(parse_shelly_first(R"({"meters":[{"power":0.0,"is_valid":false}]})", 0));
  EXPECT_FALSE(parse_shelly_first(R"({"meters":[]})", 0));
  EXPECT_FALSE(parse_tasmota(R"({"StatusSNS":{"Time":"2026-01-01T00:00:00"}})"));
}

TEST(MeterPages, tasmota_of_every_age_and_with_several_phases) {
  EXPECT_EQ(parse_tasmota(R"({"StatusSNS":{"ENERGY":{"Power":57,"Total":1.2}}})")->watts, 57);
  EXPECT_EQ(parse_tasmota(R"({"StatusPWR":{"Power":57}})")->watts, 57);
  EXPECT_EQ(parse_tasmota(R"({"StatusSNS":{"ENERGY":{"Power":[50,30,20]}}})")->watts, 100);
}

TEST(MeterPages, redfish_of_both_schemas) {
  EXPECT_EQ(parse_redfish(R"({"PowerControl":[{"PowerConsumedWatts":344}]})")->watts, 344);
  EXPECT_EQ(parse_redfish(R"({"PowerWatts":{"Reading":374.5}})")->watts, 374.5);
  EXPECT_FALSE(parse_redfish(R"({"PowerControl":[{"PowerConsumedWatts":null}]})"));
  EXPECT_EQ(redfish_members(R"({"Members":[{"@odata.id":"/a"},{},{"@odata.id":3}]})"),
            std::vector<std::string>{"/a"});
}

TEST(MeterPages, survive_whatever_a_device_sends) {
  const std::vector<std::string> bodies = {"",
                                           "null",
                                           "[]",
                                           "{",
                                           "\xff\xfe",
                                           R"({"apower":"12"})",
                                           R"({"apower":-5})",
                                           R"({"apower":1e300})",
                                           R"({"PowerControl":{}})",
                                           R"({"StatusSNS":[]})",
                                           std::string(100'000, '['),
                                           R"({"meters":[1,2]})",
                                           R"({"apower":1e999})"};
  for (const auto& body : bodies) {
    EXPECT_FALSE(parse_shelly(body)) << body.substr(0, 40);
    EXPECT_FALSE(parse_shelly_first(body, 0)) << body.substr(0, 40);
    EXPECT_FALSE(parse_tasmota(body)) << body.substr(0, 40);
    EXPECT_FALSE(parse_redfish(body)) << body.substr(0, 40);
    EXPECT_FALSE(parse_exec_line(body)) << body.substr(0, 40);
    EXPECT_TRUE(redfish_members(body).empty());
    EXPECT_TRUE(redfish_link(body, "Power").empty());
  }
}

/// DC, 300 W now, ..., active.
std::vector<std::uint8_t> dcmi_answer() {
  return {0x00, 0xDC, 0x2C, 0x01, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0xE8, 3, 0, 0, 0x40};
}

Result<MeterValue, MeterFault> ask_dcmi(std::vector<std::uint8_t> answer) {
  return make_dcmi_meter(
             [answer](std::uint8_t function, std::uint8_t command, std::span<const std::uint8_t> data) {
               EXPECT_EQ(function, 0x2C);
               EXPECT_EQ(command, 2);
               EXPECT_EQ(std::vector<std::uint8_t>(data.begin(), data.end()),
                         (std::vector<std::uint8_t>{0xDC, 1, 0, 0}));
               return Result<std::vector<std::uint8_t>, MeterFault>(answer);
             })
      ->ask();
}

TEST(Ipmi, reads_the_power_of_dcmi) {
  EXPECT_EQ(ask_dcmi(dcmi_answer())->watts, 300);
  auto idle = dcmi_answer();
  idle.back() = 0;
  EXPECT_EQ(ask_dcmi(idle).error().cause, Cause::Nonsense);
  EXPECT_EQ(ask_dcmi({0xC1}).error().cause, Cause::Unsupported);
  EXPECT_NE(ask_dcmi({0xC1}).error().reason.find("0xC1"), std::string::npos);
  EXPECT_EQ(ask_dcmi({}).error().cause, Cause::Nonsense);
  EXPECT_EQ(ask_dcmi({0, 0xDC, 1}).error().cause, Cause::Nonsense);
}

TEST(Ipmi, without_its_device_says_which_driver) {
  try {
    make_ipmi({"/nonexistent", ""});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("ipmi_devintf"), std::string::npos);
  }
}

/// A simulated machine with its meters behind a server.
class Outlet : public testing::Test {
 protected:
  static std::int64_t now() { return SystemClock().now().time_since_epoch().count(); }
  sim::TemporaryRoot root_;
  sim::Machine machine_ = sim::make_machine({.root = root_.path(), .epoch_ns = now() - 100 * kSecond});
  sim::MeterOptions options_;
  std::unique_ptr<http::Server> server_ = http::serve([this](const http::ServerRequest& request) {
    auto page = sim::meter_page(machine_, options_, request);
    return page ? *page : http::ServerResponse{404, {}, "", {}};
  });
  SystemClock clock_;

  std::string host(const std::string& path = "") const {
    return fmt::format("127.0.0.1:{}{}", server_->port(), path);
  }
  static Sample poll(Collector& collector, Clock& clock) {
    Sample out;
    collector.poll(clock, out);
    return out;
  }
  double true_watts() const {
    return (sim::wall_joules(machine_, options_, now()) -
            sim::wall_joules(machine_, options_, now() - kSecond));
  }
};

TEST_F(Outlet, is_read_by_every_kind_of_meter) {
  const std::vector<std::unique_ptr<Collector>> meters = [&] {
    std::vector<std::unique_ptr<Collector>> out;
    out.push_back(make_shelly({"", host()}));
    out.push_back(make_shelly({"", host("/gen1")}));
    out.push_back(make_tasmota({"", host()}));
    out.push_back(make_redfish({"", "http://" + host()}));
    return out;
  }();
  for (const auto& meter : meters) {
    ASSERT_EQ(meter->domains().size(), 1U);
    const auto& domain = meter->domains().front();
    EXPECT_EQ(domain.scope, Scope::Wall);
    const auto sample = poll(*meter, clock_);
    ASSERT_EQ(sample.readings.size(), 1U) << domain.collector;
    EXPECT_NEAR(sample.readings[0].power_watts.value(), true_watts(), 1) << domain.collector;
  }
  EXPECT_EQ(meters[0]->domains()[0].method, Method::Counter);
  const auto counted = poll(*meters[0], clock_).readings.at(0).energy_joules.value();
  EXPECT_NEAR(counted, sim::wall_joules(machine_, options_, now()), 2 * true_watts());
}

TEST_F(Outlet, an_address_without_a_meter_is_an_error_that_says_so) {
  EXPECT_THROW(make_shelly({"", ""}), Error);
  EXPECT_THROW(make_shelly({"", host("/nothing")}), Error);
  EXPECT_THROW(make_shelly({"", host() + ",unit=1"}), Error);
  EXPECT_THROW(make_redfish({"", "http://" + host() + ",chassis=Rack"}), Error);
  EXPECT_THROW(make_shelly({"", "127.0.0.1:1"}), Error);
}

TEST_F(Outlet, a_password_is_sent_from_its_file_alone) {
  const auto file = root_.path() / "password";
  std::ofstream(file) << "secret\n";
  std::string authorization, target;
  const auto guarded = http::serve([&](const http::ServerRequest& request) {
    authorization = http::header(request.headers, "Authorization").value_or("");
    target = request.target;
    if (authorization.empty() && !target.starts_with("/cm"))
      return http::ServerResponse{401, {{"WWW-Authenticate", "Basic realm=\"x\""}}, "", {}};
    return *sim::meter_page(machine_, options_, {"GET", target.substr(0, target.find('&')), {}, ""});
  });
  const auto address = fmt::format("127.0.0.1:{},user=u,password_file={}", guarded->port(), file.string());
  make_redfish({"", "http://" + address});
  EXPECT_TRUE(authorization.starts_with("Basic "));
  const auto plug = make_tasmota({"", address});
  poll(*plug, clock_);
  EXPECT_NE(target.find("&user=u&password=secret"), std::string::npos);
  EXPECT_EQ(plug->domains()[0].name.find("secret"), std::string::npos);
}

TEST_F(Outlet, F31_a_controller_that_does_not_answer_is_unreachable_and_comes_back) {
  const auto begin = now();
  const auto meter = make_redfish({"", "http://" + host()});
  auto& fault = machine_.wall_faults[0];
  const auto with = [&](sim::Fault kind, double value) {
    fault = {kind, begin, INT64_MAX, value};
    return poll(*meter, clock_);
  };
  const std::vector<std::pair<Sample, Cause>> cases = {{with(sim::Fault::Error, 500), Cause::Unreachable},
                                                       {with(sim::Fault::Error, 401), Cause::Denied},
                                                       {with(sim::Fault::Vanished, 0), Cause::Unreachable},
                                                       {with(sim::Fault::Garbage, 0), Cause::Nonsense}};
  for (const auto& [sample, cause] : cases) {
    EXPECT_TRUE(sample.readings.empty());
    ASSERT_EQ(sample.silent.size(), 1U);
    EXPECT_EQ(sample.silent[0].cause, cause) << sample.silent[0].reason;
  }
  fault = {sim::Fault::Hang, begin, now() + 60 * kSecond, 0};
  const auto asked = clock_.now();
  const auto hung = poll(*meter, clock_);
  const auto waited = to_seconds(clock_.now() - asked);
  ASSERT_EQ(hung.silent.size(), 1U);
  EXPECT_EQ(hung.silent[0].cause, Cause::Unreachable);
  EXPECT_LT(waited, 5) << "two seconds are its patience";
  fault = {};
  EXPECT_EQ(poll(*meter, clock_).readings.size(), 1U) << "it is read again at the next poll";
}

/// All domains of one source: the plug hangs, the files go on.
TEST_F(Outlet, F31_other_domains_are_not_affected) {
  SourceOptions options;
  options.collectors = {"simulated:watts=50", "shelly:" + host()};
  const auto source = open_local(options, clock_);
  const auto pass = [&](double seconds) {
    const auto begin = clock_.now();
    clock_.sleep_until(begin + from_seconds(seconds));
    return std::pair(begin, clock_.now());
  };
  pass(2);
  const auto first = pass(2.5);
  machine_.wall_faults[0] = {sim::Fault::Hang, now(), now() + 4 * kSecond, 0};
  const auto second = pass(3);
  pass(3);
  const auto third = pass(2.5);
  pass(1.5);  // until the readings after the last window are there
  const auto before = source->window(first.first, first.second),
             during = source->window(second.first, second.second),
             after = source->window(third.first, third.second);
  const auto find = [](const WindowReport& report, std::string_view begin) {
    for (const auto& energy : report.energies)
      if (energy.domain.starts_with(begin)) return energy;
    return records::DomainEnergy{};
  };
  const bool others = std::abs(find(during, "simulated").joules.value_or(0) - 150) < 3;
  const bool told = std::ranges::any_of(source->self().problems, [](const std::string& problem) {
    return problem.find("wall") != std::string::npos && problem.find("silent tick") != std::string::npos;
  });
  const bool back = find(before, "wall").joules.has_value() && find(after, "wall").joules.has_value();
  EXPECT_TRUE(others) << find(during, "simulated").joules.value_or(-1);
  EXPECT_TRUE(told) << join(source->self().problems, "; ");
  EXPECT_TRUE(back) << find(before, "wall").reason << " / " << find(after, "wall").reason;
  report_goal("F31", others && told && back,
              "a controller or plug that hangs, refuses, errs or sends garbage: unreachable with its cause "
              "after 2 s at most, "
              "other domains exact, read again at the next poll");
}

TEST(ExecLines, hold_watts_or_joules_and_what_describes_them) {
  const auto line = parse_exec_line(
      R"({"domain":"rack/outlet-3","scope":"wall","watts":200,"joules":1e6,"age_ms":250,"update_ms":1000})");
  EXPECT_EQ(line->domain, "rack/outlet-3");
  EXPECT_EQ(line->scope, Scope::Wall);
  EXPECT_EQ(line->joules, 1e6);
  EXPECT_EQ(line->age_seconds, 0.25);
  EXPECT_EQ(parse_exec_line("{}").error(), "it has neither 'watts' nor 'joules'");
  EXPECT_EQ(parse_exec_line(R"({"watts":"5"})").error(), "'watts' is no number of at least 0");
  EXPECT_EQ(parse_exec_line(R"({"watts":5,"scope":"moon"})").error(), "'scope' is no known scope");
}

TEST(ExecLines, a_command_is_split_without_a_shell) {
  EXPECT_EQ(split_command("a 'b c' d\"e f\"g ''"), (std::vector<std::string>{"a", "b c", "de fg", ""}));
  EXPECT_EQ(split_command("echo $HOME; ls"), (std::vector<std::string>{"echo", "$HOME;", "ls"}));
  EXPECT_THROW(split_command(" "), Error);
  EXPECT_THROW(split_command("a 'b"), Error);
}

Sample poll_until_reading(Collector& collector, Clock& clock) {
  for (int i = 0; i < 300; ++i) {
    Sample sample;
    collector.poll(clock, sample);
    if (!sample.readings.empty()) return sample;
    clock.sleep_until(clock.now() + std::chrono::milliseconds(10));
  }
  return {};
}

TEST(Exec, reads_the_lines_of_a_program_and_starts_it_again) {
  SystemClock clock;
  const auto collector = make_exec({"", R"(sh -c 'echo "{\"domain\":\"rack\",\"watts\":75}"; sleep 0.3')"});
  ASSERT_EQ(collector->domains().size(), 1U);
  EXPECT_EQ(collector->domains()[0].name, "rack");
  EXPECT_EQ(collector->domains()[0].method, Method::Integrated);
  EXPECT_EQ(poll_until_reading(*collector, clock).readings.at(0).power_watts, 75);
  EXPECT_EQ(poll_until_reading(*collector, clock).readings.at(0).power_watts, 75) << "from its next life";
}

TEST(Exec, a_program_that_says_nothing_of_use_is_an_error) {
  for (const auto* command : {"true", "echo hello", "sh -c 'echo no right >&2; exit 7'", "/no/such/program"})
    EXPECT_THROW(make_exec({"", command}), Error) << command;
}

TEST(Exec, garbage_between_lines_is_told_and_passed_over) {
  SystemClock clock;
  const auto collector = make_exec(
      {"",
       R"(sh -c 'echo "{\"joules\":5}"; echo garbage; echo "{\"joules\":7,\"domain\":\"b\"}"; sleep 60')"});
  std::vector<Reading> readings;
  for (int i = 0; i < 300 && readings.size() < 2; ++i) {
    Sample sample;
    collector->poll(clock, sample);
    readings.insert(readings.end(), sample.readings.begin(), sample.readings.end());
    clock.sleep_until(clock.now() + std::chrono::milliseconds(10));
  }
  ASSERT_EQ(readings.size(), 2U);
  EXPECT_EQ(collector->domains().at(1).name, "b");
  EXPECT_EQ(readings[1].energy_joules, 7);
}

}  // namespace
}  // namespace ipw::telemetry
