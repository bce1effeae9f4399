// SPDX-License-Identifier: Apache-2.0
// Simulated sensors in virtual time: what a counter or a power sensor shows of a signal when it is polled.
#pragma once
#include <random>
#include <vector>

#include "build.h"

namespace ipw::telemetry {

struct SensorModel {
  double update = 0.1, averaging = 0;  ///< T and W in seconds; W of 0 is a counter
  double phase = 0, gain = 1, noise_watts = 0;
};

/// Poll a sensor of the signal; the times of the reads jitter by a twentieth of the period.
inline std::vector<Reading> poll_sensor(const Signal& signal, const SensorModel& sensor, double seconds,
                                        double poll, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 1);
  std::uniform_real_distribution<double> jitter(0, 0.05 * poll);
  std::vector<Reading> out;
  double renewed = -1, value = 0;
  for (double tick = 2; tick < 2 + seconds; tick += poll) {
    const double t = tick + jitter(random);
    const double at_renewal = std::floor((t - sensor.phase) / sensor.update) * sensor.update + sensor.phase;
    if (at_renewal != renewed) {
      renewed = at_renewal;
      const double begin = at_renewal - sensor.averaging;
      value = sensor.averaging > 0
                  ? sensor.gain * (signal.joules(at_renewal) - signal.joules(std::max(0.0, begin))) /
                            sensor.averaging +
                        sensor.noise_watts * noise(random)
                  : sensor.gain * signal.joules(at_renewal);
    }
    Reading reading;
    reading.mid = at(t);
    (sensor.averaging > 0 ? reading.power_watts : reading.energy_joules) = value;
    out.push_back(reading);
  }
  return out;
}

}  // namespace ipw::telemetry
