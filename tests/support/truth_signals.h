// SPDX-License-Identifier: Apache-2.0
// Loads whose energy is known, and what sensors show of them: for the tests of the intervals and for
// bench/telemetry_truth.cpp. The loads of tuning and of testing are apart.
#pragma once
#include <cmath>
#include <functional>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// Power over time with noise, as a table of cumulative energy with a step of half a millisecond.
class TruthTable {
 public:
  static constexpr double kStep = 0.0005;
  using Power = std::function<double(double)>;

  /// `noise` is the relative standard deviation of the power of each millisecond.
  TruthTable(double seconds, const Power& watts, double noise, std::mt19937& random) : seconds_(seconds) {
    const auto steps = static_cast<std::size_t>(seconds / kStep);
    joules_.reserve(steps + 1);
    joules_.push_back(0);
    std::normal_distribution<double> normal(1, noise);
    double factor = 1;
    for (std::size_t i = 0; i < steps; ++i) {
      if (i % 2 == 0 && noise > 0) factor = std::max(0.0, normal(random));
      joules_.push_back(joules_.back() + factor * watts((static_cast<double>(i) + 0.5) * kStep) * kStep);
    }
  }
  double joules(double t) const {
    const double place = std::clamp(t / kStep, 0.0, static_cast<double>(joules_.size()) - 1.001);
    const auto i = static_cast<std::size_t>(place);
    return joules_[i] + (joules_[i + 1] - joules_[i]) * (place - static_cast<double>(i));
  }
  double joules(double from, double to) const { return joules(to) - joules(from); }
  double seconds() const { return seconds_; }

 private:
  double seconds_;
  std::vector<double> joules_;
};

/// A query on a load.
struct LoadWindow {
  double begin = 0, end = 0;
};

/// Pieces of power, one after the other.
class Pieces {
 public:
  void add(double seconds, std::function<double(double)> watts) {
    begins_.push_back(end_);
    watts_.push_back(std::move(watts));
    end_ += seconds;
  }
  void add(double seconds, double watts) {
    add(seconds, [watts](double) { return watts; });
  }
  double end() const { return end_; }
  double operator()(double t) const {
    const auto next = std::upper_bound(begins_.begin(), begins_.end(), t);
    const auto i = static_cast<std::size_t>(std::max<std::ptrdiff_t>(1, next - begins_.begin())) - 1;
    return watts_[i](t - begins_[i]);
  }

 private:
  double end_ = 0;
  std::vector<double> begins_;
  std::vector<std::function<double(double)>> watts_;
};

struct QueryLoad {
  Pieces pieces;
  std::vector<LoadWindow> queries;
};

/// The load of telemetry.md 1.4: rest 90 W, prefill 650 W, decode 380 W with a swing of 60 W at 9 Hz.
inline QueryLoad language_model_load(std::mt19937& random, int queries) {
  std::exponential_distribution<double> gap(1 / 0.4);
  std::uniform_real_distribution<double> prefill(0.05, 0.5), decode(0.3, 6);
  QueryLoad out;
  out.pieces.add(3, 90);
  for (int n = 0; n < queries; ++n) {
    const double begin = out.pieces.end(), p = prefill(random), d = decode(random);
    out.pieces.add(p, 650);
    out.pieces.add(d, [](double t) { return 380 + 60 * std::sin(2 * std::numbers::pi * 9 * t); });
    out.queries.push_back({begin, out.pieces.end()});
    out.pieces.add(0.001 + gap(random), 90);
  }
  out.pieces.add(4, 90);
  return out;
}

struct NamedLoad {
  std::string name;
  TruthTable::Power watts;
};

/// What the weights of the edge model were mainly tuned on: loads like that of a language model.
inline std::vector<NamedLoad> tuning_loads(double seconds, std::mt19937& random) {
  std::vector<NamedLoad> out;
  for (int n = 0; n < 4; ++n) {
    QueryLoad load = language_model_load(random, static_cast<int>(seconds / 3.8));
    out.push_back({"language model", std::move(load.pieces)});
  }
  return out;
}

namespace loads {

inline TruthTable::Power square(double low, double high, double period, double duty) {
  return [=](double t) { return std::fmod(t, period) < duty * period ? high : low; };
}
inline TruthTable::Power sine(double mean, double swing, double period) {
  return [=](double t) { return mean + swing * std::sin(2 * std::numbers::pi * t / period); };
}
inline TruthTable::Power random_steps(double seconds, double mean_dwell, std::mt19937& random) {
  std::exponential_distribution<double> dwell(1 / mean_dwell);
  std::uniform_real_distribution<double> watts(50, 700);
  Pieces out;
  while (out.end() < seconds) out.add(0.01 + dwell(random), watts(random));
  return out;
}
inline TruthTable::Power bursts(double seconds, std::mt19937& random) {
  std::exponential_distribution<double> rest(1 / 0.25);
  std::uniform_real_distribution<double> length(0.03, 0.1);
  Pieces out;
  while (out.end() < seconds) {
    out.add(0.02 + rest(random), 90);
    out.add(length(random), 600);
  }
  return out;
}
inline TruthTable::Power sawtooth(double low, double high, double period) {
  return [=](double t) { return low + (high - low) * std::fmod(t, period) / period; };
}
inline TruthTable::Power triangle(double low, double high, double period) {
  return [=](double t) {
    const double place = std::fmod(t, period) / period;
    return low + (high - low) * (place < 0.5 ? 2 * place : 2 - 2 * place);
  };
}

/// Two levels, left at random.
inline TruthTable::Power telegraph(double seconds, double low, double high, double mean_dwell,
                                   std::mt19937& random) {
  std::exponential_distribution<double> dwell(1 / mean_dwell);
  Pieces out;
  for (bool up = false; out.end() < seconds; up = !up) out.add(0.005 + dwell(random), up ? high : low);
  return out;
}
/// Jumps at random times, each of which decays.
inline TruthTable::Power shots(double seconds, double rest, double height, double decay, double mean_gap,
                               std::mt19937& random) {
  std::exponential_distribution<double> gap(1 / mean_gap);
  Pieces out;
  for (double level = 0; out.end() < seconds;) {
    const double length = gap(random), from = level + height;
    out.add(length, [=](double t) { return rest + from * std::exp(-t / decay); });
    level = from * std::exp(-length / decay);
  }
  return out;
}
/// Ramps between plateaus of random height.
inline TruthTable::Power plateaus(double seconds, std::mt19937& random) {
  std::uniform_real_distribution<double> watts(80, 650), ramp(0.1, 1.5), rest(0.3, 3);
  Pieces out;
  for (double level = 90; out.end() < seconds;) {
    const double next = watts(random), length = ramp(random);
    out.add(length, [=](double t) { return level + (next - level) * t / length; });
    out.add(rest(random), next);
    level = next;
  }
  return out;
}
/// A sine whose frequency rises from `slow` to `fast` and begins anew.
inline TruthTable::Power chirp(double mean, double swing, double slow, double fast, double sweep) {
  return [=](double t) {
    const double x = std::fmod(t, sweep);
    return mean + swing * std::sin(2 * std::numbers::pi * (slow * x + (fast - slow) * x * x / (2 * sweep)));
  };
}

}  // namespace loads

/// What the intervals are tested on: other periods, kinds and seeds. The scales were last adjusted with these
/// in view (docs/design/energy-intervals.md).
inline std::vector<NamedLoad> held_out_loads(double seconds, std::mt19937& random) {
  return {{"square 0.41 s", loads::square(100, 600, 0.41, 0.4)},
          {"square 2.3 s", loads::square(80, 450, 2.3, 0.6)},
          {"square 11 s", loads::square(100, 600, 11, 0.3)},
          {"sine 3.1 s", loads::sine(350, 200, 3.1)},
          {"random steps 0.8 s", loads::random_steps(seconds, 0.8, random)},
          {"random steps 5 s", loads::random_steps(seconds, 5, random)},
          {"bursts", loads::bursts(seconds, random)},
          {"triangle 6 s", loads::triangle(100, 600, 6)},
          {"sawtooth 2.7 s", loads::sawtooth(100, 500, 2.7)}};
}

/// Loads that were looked at once, after everything was fixed: no weight may be moved for them.
inline std::vector<NamedLoad> blind_loads(double seconds, std::mt19937& random) {
  return {{"square 0.67 s", loads::square(120, 500, 0.67, 0.5)},
          {"square 3.7 s", loads::square(70, 640, 3.7, 0.25)},
          {"sine 1.9 s", loads::sine(300, 180, 1.9)},
          {"sine 8 s", loads::sine(400, 250, 8)},
          {"random steps 1.5 s", loads::random_steps(seconds, 1.5, random)},
          {"triangle 2.2 s", loads::triangle(80, 500, 2.2)},
          {"decay 2.9 s", [](double t) { return 90 + 560 * std::exp(-std::fmod(t, 2.9) / 0.6); }}};
}

/// A second blind set of other shapes. Its first result is the one on the page; no weight was moved after it.
inline std::vector<NamedLoad> second_blind_loads(double seconds, std::mt19937& random) {
  return {
      {"telegraph 0.5 s", loads::telegraph(seconds, 110, 560, 0.5, random)},
      {"telegraph 3 s", loads::telegraph(seconds, 90, 430, 3, random)},
      {"shots", loads::shots(seconds, 95, 180, 0.4, 0.7, random)},
      {"plateaus", loads::plateaus(seconds, random)},
      {"chirp", loads::chirp(320, 190, 0.1, 1.2, 20)},
      {"rectified sine 2.6 s",
       [](double t) { return 85 + 480 * std::abs(std::sin(std::numbers::pi * t / 2.6)); }},
      {"beating sines", [](double t) { return 330 + 110 * std::sin(4.1 * t) + 120 * std::sin(0.77 * t); }},
      {"staircase 7.3 s", [](double t) { return 100 + 90 * std::floor(std::fmod(t, 7.3) / 1.3); }}};
}

/// A sensor of the load: it takes a new value every `update` seconds, from `phase` on.
struct SensorSettings {
  double update = 0.1;
  double poll = 0.05;
  double phase = 0;
  double averaging = 0;       ///< W of a power sensor; 0: a counter
  double noise_watts = 0;     ///< standard deviation of each value of a power sensor
  double poll_jitter = 3e-4;  ///< reads are late by up to this
  double step_joules = 1e-3;  ///< of a counter
};

/// What the reads of a sensor bring, in order.
inline std::vector<Reading> read_sensor(const TruthTable& truth, const SensorSettings& sensor,
                                        std::mt19937& random) {
  std::uniform_real_distribution<double> late(0, sensor.poll_jitter);
  std::normal_distribution<double> noise(0, 1);
  std::vector<Reading> out;
  double taken = -1, value = 0;
  for (int n = 0;; ++n) {
    const double now = n * sensor.poll + late(random);
    if (now > truth.seconds() - 0.01) return out;
    const double last =
        std::max(0.0, std::floor((now - sensor.phase) / sensor.update) * sensor.update + sensor.phase);
    if (last != taken) {
      taken = last;
      value = sensor.averaging > 0 ? truth.joules(last - sensor.averaging, last) / sensor.averaging +
                                         sensor.noise_watts * noise(random)
                                   : std::floor(truth.joules(last) / sensor.step_joules) * sensor.step_joules;
    }
    Reading reading;
    reading.mid = Instant(from_seconds(now));
    (sensor.averaging > 0 ? reading.power_watts : reading.energy_joules) = value;
    out.push_back(reading);
  }
}

/// The domain of such a sensor.
inline Domain sensor_domain(const SensorSettings& sensor) {
  Domain out;
  out.name = "gpu-0";
  out.scope = Scope::Accelerator;
  out.cap_watts = 1500;
  out.update_seconds = sensor.update;
  out.averaging_seconds = sensor.averaging;
  out.step_joules = sensor.averaging > 0 ? 0 : sensor.step_joules;
  return out;
}

}  // namespace ipw::telemetry
