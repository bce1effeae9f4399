// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/meter.h"

#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::telemetry {
namespace {

class MeterCollector final : public Collector {
 public:
  MeterCollector(std::unique_ptr<Meter> meter, Domain domain)
      : meter_(std::move(meter)), domains_{std::move(domain)} {}

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant asked = clock.now();
    const auto value = meter_->ask();
    const Nanoseconds half = (clock.now() - asked) / 2;
    if (value)
      sample.readings.push_back({0, asked + half, half, value->joules, value->watts});
    else
      sample.silent.push_back({0, value.error().reason, value.error().cause});
  }

 private:
  std::unique_ptr<Meter> meter_;
  std::vector<Domain> domains_;
};

}  // namespace

Domain wall_domain(std::string_view collector, std::string_view place, double cap_watts, std::string note) {
  Domain out;
  out.name = fmt::format("wall/{}", place);
  out.scope = Scope::Wall;
  out.method = Method::Integrated;
  out.collector = collector;
  out.update_seconds = out.averaging_seconds = 1;
  out.cap_watts = cap_watts;
  out.note = std::move(note);
  return out;
}

std::unique_ptr<Collector> collect_meter(std::unique_ptr<Meter> meter, Domain domain) {
  return std::make_unique<MeterCollector>(std::move(meter), std::move(domain));
}

Params parse_meter_argument(std::string_view collector, const std::string& argument,
                            std::span<const std::string_view> keys) {
  std::vector<std::string> items;
  for (const auto item : split(argument, ','))
    if (!trim(item).empty()) items.emplace_back(trim(item));
  if (items.empty() || items.front().find('=') != std::string::npos)
    throw Error(ErrorCode::Usage, fmt::format("the collector '{}' needs the address of its meter", collector),
                fmt::format("--collector {}:192.0.2.10", collector));
  const std::string host = items.front();
  items.erase(items.begin());
  Params params = Params::parse(items, collector);
  params.allow(collector, keys);
  params.set("host", host);
  return params;
}

}  // namespace ipw::telemetry
