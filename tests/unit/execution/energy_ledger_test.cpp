// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/energy_ledger.h"

#include <gtest/gtest.h>

namespace ipw::execution {
namespace {

using namespace std::chrono_literals;

Instant at(Nanoseconds t) {
  return Instant(t);
}

/// A source of 100 W whose readings have arrived up to a point in time.
class Steady final : public telemetry::Source {
 public:
  Instant arrived{};
  telemetry::DomainList domains() const override { return domains_; }
  const records::MachineInfo& machine() const override { return machine_; }
  bool settled(Instant end) const override { return end <= arrived; }
  telemetry::WindowReport window(Instant begin, Instant end) const override {
    telemetry::WindowReport report;
    records::DomainEnergy energy;
    energy.domain = "gpu-0";
    energy.scope = "accelerator";
    energy.method = "simulated";
    energy.coverage = 1;
    if (end <= arrived)
      energy.joules = 100 * to_seconds(end - begin);
    else
      energy.reason = "no reading after the end";
    report.energies = {energy};
    return report;
  }
  telemetry::SelfReport self() const override { return {}; }
  std::string description() const override { return "steady"; }
  void tap(std::function<void(const telemetry::Sample&)>) override {}

 private:
  std::vector<telemetry::Domain> domains_{{.name = "gpu-0"}};
  records::MachineInfo machine_;
};

records::QueryRecord query(std::int64_t index) {
  records::QueryRecord record;
  record.index = index;
  return record;
}

TEST(EnergyLedger, M3_waits_for_the_reading_after_the_end) {
  Steady source;
  EnergyLedger ledger(source);
  ledger.begin(1, at(1s));
  ledger.end(query(1), at(1s), at(1500ms), at(3s));
  EXPECT_FALSE(ledger.take(false));
  source.arrived = at(3s);
  const auto record = ledger.take(false);
  ASSERT_TRUE(record);
  EXPECT_DOUBLE_EQ(record->energy.at(0).joules.value(), 200);
}

TEST(EnergyLedger, M18_splits_the_energy_at_the_first_token_without_loss) {
  Steady source;
  source.arrived = at(10s);
  EnergyLedger ledger(source);
  ledger.end(query(1), at(1s), at(1500ms), at(3s));
  const auto record = ledger.take(false).value();
  EXPECT_DOUBLE_EQ(record.prefill.joules.value(), 50);
  EXPECT_DOUBLE_EQ(record.decode.joules.value(), 150);
  EXPECT_DOUBLE_EQ(record.prefill.seconds.value() + record.decode.seconds.value(), 2);
}

TEST(EnergyLedger, gives_up_with_a_reason_when_forced) {
  Steady source;
  EnergyLedger ledger(source);
  ledger.end(query(1), at(1s), std::nullopt, at(3s));
  const auto record = ledger.take(true).value();
  EXPECT_FALSE(record.energy.at(0).joules);
  EXPECT_FALSE(record.energy.at(0).reason.empty());
}

TEST(EnergyLedger, M6_keeps_idle_energy_beside_the_gross_one) {
  Steady source;
  source.arrived = at(10s);
  EnergyLedger ledger(source);
  IdleModel idle;
  idle.add(measure_idle(source, at(0s), at(1s)));
  ledger.set_idle(idle);
  ledger.end(query(1), at(1s), std::nullopt, at(3s));
  EXPECT_DOUBLE_EQ(ledger.take(false).value().energy.at(0).idle_joules.value(), 200);
}

TEST(EnergyLedger, M32_overlapping_queries_are_marked_and_share) {
  for (const char* rule : {"time-share", "work-share"}) {
    Steady source;
    source.arrived = at(20s);
    EnergyLedger ledger(source, rule);
    for (const int i : {1, 2}) ledger.begin(i, at(1s));
    for (const int i : {1, 2}) ledger.end(query(i), at(1s), at(1500ms), at(3s), {at(1500ms), at(3s)});
    const auto one = ledger.take(true).value(), two = ledger.take(true).value();
    EXPECT_TRUE(one.shared_device);
    EXPECT_NEAR(*one.energy.at(0).joules, 100, 1e-9) << rule;
    const auto account = ledger.shares().value();
    EXPECT_EQ(account.rule, rule);
    EXPECT_NEAR(account.domains.at(0).request_joules, *one.energy[0].joules + *two.energy[0].joules, 1e-9);
  }
}

TEST(EnergyLedger, a_single_stream_has_no_account) {
  Steady source;
  EXPECT_FALSE(EnergyLedger(source).shares());
}

TEST(EnergyLedger, a_dead_sensor_does_not_let_queries_pile_up) {
  Steady source;
  EnergyLedger ledger(source);
  for (std::int64_t i = 0; i < 20'000; ++i) {
    ledger.end(query(i), at(1s), std::nullopt, at(2s));
    while (const auto record = ledger.take(false))
      EXPECT_EQ(record->energy.at(0).reason, "no reading after the end");
  }
  EXPECT_EQ(ledger.waiting(), kMostWaiting);
}

TEST(EnergyLedger, questions_wait_while_many_energies_are_to_come_but_not_for_a_dead_sensor) {
  Steady source;
  EnergyLedger ledger(source);
  for (std::size_t i = 0; i <= kManyWaiting; ++i) {
    EXPECT_FALSE(ledger.behind(at(2s)));
    ledger.end(query(static_cast<std::int64_t>(i)), at(1s), std::nullopt, at(2s));
  }
  EXPECT_TRUE(ledger.behind(at(2s)));
  EXPECT_FALSE(ledger.behind(at(4s)));
}

}  // namespace
}  // namespace ipw::execution
