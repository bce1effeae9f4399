// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "ipw/base/error.h"
#include "ipw/base/params.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/names.h"
#include "ipw/telemetry/signal.h"

namespace ipw::telemetry {

namespace {

Params parse_argument(const std::string& argument) {
  std::vector<std::string> items;
  for (const auto item : split(argument, ',')) {
    if (!item.empty()) items.emplace_back(item);
  }
  Params params = Params::parse(items, "simulated");
  static constexpr std::array<std::string_view, 16> kKeys{
      "shape",  "watts",  "low",       "high",     "period_s",  "duty",  "idle",        "prefill",
      "decode", "idle_s", "prefill_s", "decode_s", "update_ms", "scope", "wrap_joules", "sensor"};
  params.allow("simulated", kKeys);
  return params;
}

Signal make_signal(const Params& params) {
  const auto number = [&](std::string_view key, double fallback) {
    return params.number(key).value_or(fallback);
  };
  const std::string shape = params.text("shape", "constant");
  if (shape == "constant") return constant_signal(number("watts", 100));
  if (shape == "square") {
    return square_signal(number("low", 50), number("high", 150), number("period_s", 1), number("duty", 0.5));
  }
  if (shape == "llm") {
    return llm_signal(number("idle", 90), number("prefill", 650), number("decode", 380),
                      number("idle_s", 0.4), number("prefill_s", 0.2), number("decode_s", 2));
  }
  throw Error(ErrorCode::Usage, fmt::format("unknown shape '{}' of the simulated collector", shape),
              "known: constant, square, llm");
}

Domain make_simulated_domain(const Params& params) {
  const std::string word = params.text("scope", "accelerator");
  const auto scope = scope_from(word);
  if (!scope)
    throw Error(ErrorCode::Usage, fmt::format("unknown scope '{}' of the simulated collector", word));
  Domain out;
  out.name = "simulated-0";
  out.scope = *scope;
  out.method = Method::Simulated;
  out.collector = "simulated";
  out.wrap_joules = params.number("wrap_joules");
  out.note = "SIMULATED, not measured";
  return out;
}

class Simulated final : public Collector {
 public:
  explicit Simulated(const Params& params)
      : signal_(make_signal(params)),
        domains_{make_simulated_domain(params)},
        update_seconds_(params.number("update_ms").value_or(20) / 1000),
        power_only_(params.text("sensor", "counter") == "power") {
    if (!(update_seconds_ > 0))
      throw Error(ErrorCode::Usage, "update_ms of the simulated collector must be above 0");
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant now = clock.now();
    if (!start_) start_ = now;
    const double seconds = std::floor(to_seconds(now - *start_) / update_seconds_) * update_seconds_;
    Reading reading;
    reading.mid = now;
    if (power_only_) {
      reading.power_watts = signal_.watts(seconds);
    } else {
      const double joules = signal_.joules(seconds);
      const auto wrap = domains_.front().wrap_joules;
      reading.energy_joules = wrap ? std::fmod(joules, *wrap) : joules;
    }
    sample.readings.push_back(reading);
  }

 private:
  Signal signal_;
  std::vector<Domain> domains_;
  double update_seconds_;
  bool power_only_;
  std::optional<Instant> start_;
};

}  // namespace

std::unique_ptr<Collector> make_simulated(const CollectorOptions& options) {
  return std::make_unique<Simulated>(parse_argument(options.argument));
}

}  // namespace ipw::telemetry
