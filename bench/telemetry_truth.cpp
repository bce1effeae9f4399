// SPDX-License-Identifier: Apache-2.0
// Two methods side by side: the energies of ipw and those of the original's first release, from the same
// readings.
//
//   telemetry_truth [--svg FILE] [--queries N] [--seed N]     on the built-in load, whose energies are known
//   telemetry_truth --recording FILE [--windows CSV]          on a recording (run folder: telemetry.jsonl)
//
// CSV has a line "begin,end" per query, in seconds since the first reading; without it each 5 s are a window.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/telemetry/recording.h"
#include "ipw/telemetry/reference_method.h"
#include "ipw/telemetry/window.h"
#include "support/goal.h"
#include "support/truth_signals.h"

namespace {

using namespace ipw;
using namespace ipw::telemetry;

struct Curve {
  std::string name, colour;
  std::vector<double> errors;  ///< relative, with sign
};

double quantile(std::vector<double> sorted, double q) {
  return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
}

std::vector<double> magnitudes(const Curve& curve) {
  std::vector<double> out;
  for (const double e : curve.errors) out.push_back(std::abs(e));
  std::sort(out.begin(), out.end());
  return out;
}

void print_row(const Curve& curve) {
  const auto sorted = magnitudes(curve);
  double mean = 0, bias = 0;
  for (const double e : curve.errors) {
    mean += std::abs(e) / static_cast<double>(sorted.size());
    bias += e / static_cast<double>(sorted.size());
  }
  fmt::print("{:<26} {:>8.3f} {:>8.2f} {:>8.2f} {:>+8.3f}\n", curve.name, 100 * mean,
             100 * quantile(sorted, 0.95), 100 * sorted.back(), 100 * bias);
}

// The share of queries whose error is at most x, over a logarithmic x from 0.01 % to 100 %.
std::string svg(const std::vector<Curve>& curves) {
  constexpr double kLeft = 60, kTop = 20, kWidth = 600, kHeight = 300, kDecades = 4;
  const auto x = [](double error) {
    return kLeft + kWidth * std::clamp((std::log10(std::max(error, 1e-9)) + kDecades) / kDecades, 0.0, 1.0);
  };
  std::string out =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 700 380\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<title>Share of queries whose energy errs by at most so much</title>\n"
      "<rect width=\"700\" height=\"380\" fill=\"white\"/>\n";
  for (int d = 0; d <= 4; ++d) {
    const double at = x(std::pow(10, d - kDecades));
    out += fmt::format(
        "<path d=\"M{0:.1f} {1} V{2}\" stroke=\"#ddd\"/><text x=\"{0:.1f}\" y=\"{3}\" "
        "text-anchor=\"middle\">{4:g} %</text>\n",
        at, kTop, kTop + kHeight, kTop + kHeight + 18, std::pow(10, d - 2));
  }
  for (int n = 0; n <= 4; ++n) {
    const double at = kTop + kHeight * (1 - n / 4.0);
    out += fmt::format(
        "<path d=\"M{0} {1:.1f} H{2}\" stroke=\"#ddd\"/><text x=\"{3}\" y=\"{4:.1f}\" "
        "text-anchor=\"end\">{5} %</text>\n",
        kLeft, at, kLeft + kWidth, kLeft - 6, at + 4, 25 * n);
  }
  double legend = kTop + 20;
  for (const Curve& curve : curves) {
    const auto sorted = magnitudes(curve);
    std::string path;
    for (int n = 0; n <= 100; ++n) {
      path += fmt::format("{}{:.1f} {:.1f} ", n == 0 ? "M" : "L", x(quantile(sorted, n / 100.0)),
                          kTop + kHeight * (1 - n / 100.0));
    }
    out += fmt::format(
        "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n<text x=\"{}\" y=\"{}\" "
        "fill=\"{}\">{}</text>\n",
        path, curve.colour, kLeft + 12, legend, curve.colour, curve.name);
    legend += 18;
  }
  return out +
         fmt::format(
             "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">error of a query's energy</text>\n</svg>\n",
             kLeft + kWidth / 2, kTop + kHeight + 40);
}

double mean_error_percent(const Curve& curve) {
  double sum = 0;
  for (const double error : curve.errors) sum += std::abs(error);
  return 100 * sum / static_cast<double>(curve.errors.size());
}

void compare_on_known_load(int queries, unsigned seed, const std::string& svg_file) {
  std::vector<Curve> curves{{"ipw, edge-aware", "#1f6fb4", {}},
                            {"straight line", "#888888", {}},
                            {"original's first release", "#c0392b", {}}};
  int inside = 0;
  constexpr int kPhases = 10;
  for (int n = 0; n < kPhases; ++n) {
    std::mt19937 random(seed + static_cast<unsigned>(n));
    const QueryLoad load = language_model_load(random, queries);
    const TruthTable truth(load.pieces.end(), load.pieces, 0, random);
    const SensorSettings sensor{.phase = 0.1 * (n + 0.5) / kPhases};
    const auto readings = read_sensor(truth, sensor, random);
    Series series(sensor_domain(sensor));
    for (const Reading& reading : readings) series.feed(reading);
    std::vector<QueryWindow> windows;
    for (const auto& [begin, end] : load.queries)
      windows.push_back({Instant(from_seconds(begin)), Instant(from_seconds(end))});
    const auto reference = reference_energies(readings, windows);
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const double joules = truth.joules(load.queries[i].begin, load.queries[i].end);
      const auto ours = measure(series, windows[i].begin, windows[i].end);
      inside += std::abs(*ours.joules - joules) <= ours.half_width_joules;
      curves[0].errors.push_back(*ours.joules / joules - 1);
      curves[1].errors.push_back(
          *measure(series, windows[i].begin, windows[i].end, Rule::Linear).joules / joules - 1);
      curves[2].errors.push_back(reference[i].value_or(0) / joules - 1);
    }
  }
  fmt::print(
      "{} queries; counter that moves every 100 ms, read every 50 ms, {} phases; error of a query in %\n\n",
      curves[0].errors.size(), kPhases);
  fmt::print("{:<26} {:>8} {:>8} {:>8} {:>8}\n", "method", "mean", "p95", "max", "bias");
  for (const Curve& curve : curves) print_row(curve);
  fmt::print("\nthe 95 % interval of ipw holds {:.1f} % of the queries\n",
             100.0 * inside / static_cast<double>(curves[0].errors.size()));
  report_goal(
      "P11", true,
      fmt::format(
          "{} queries on the same readings: mean error {:.2f} % by ipw, {:.2f} % by the original's method",
          curves[0].errors.size(), mean_error_percent(curves[0]), mean_error_percent(curves[2])));
  if (svg_file.empty()) return;
  std::ofstream(svg_file) << svg(curves);
  fmt::print("plot: {}\n", svg_file);
}

struct Recording {
  std::vector<Domain> domains;
  std::vector<std::vector<Reading>> readings;  ///< by domain
};

Recording read_recording(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line))
    throw Error(ErrorCode::Usage, fmt::format("{} cannot be read or is empty", path));
  Recording out;
  out.domains = parse_header(line);
  out.readings.resize(out.domains.size());
  while (std::getline(file, line)) {
    for (const Reading& reading : parse_sample(line).readings) {
      if (reading.domain < out.readings.size()) out.readings[reading.domain].push_back(reading);
    }
  }
  return out;
}

std::vector<QueryWindow> read_windows(const std::string& path, Instant first, Instant last) {
  std::vector<QueryWindow> out;
  const auto add = [&](double begin, double end) {
    out.push_back({first + from_seconds(begin), first + from_seconds(end)});
  };
  if (path.empty()) {
    for (double t = 1; first + from_seconds(t + 5.5) < last; t += 5) add(t, t + 5);
    return out;
  }
  std::ifstream file(path);
  double begin = 0, end = 0;
  for (char comma = 0; file >> begin >> comma >> end;) add(begin, end);
  if (out.empty()) throw Error(ErrorCode::Usage, fmt::format("{} has no line of the form begin,end", path));
  return out;
}

void compare_on_recording(const std::string& path, const std::string& windows_path) {
  const Recording recording = read_recording(path);
  fmt::print("{:<20} {:>6} {:>12} {:>12} {:>12} {:>12}\n", "domain", "windows", "ipw J", "half-width J",
             "original J", "difference");
  for (std::size_t i = 0; i < recording.domains.size(); ++i) {
    const auto& readings = recording.readings[i];
    if (readings.empty()) continue;
    Series series(recording.domains[i]);
    for (const Reading& reading : readings) series.feed(reading);
    const auto windows = read_windows(windows_path, readings.front().mid, readings.back().mid);
    const auto reference = reference_energies(readings, windows);
    double ours = 0, width = 0, theirs = 0;
    int n = 0;
    for (std::size_t k = 0; k < windows.size(); ++k) {
      const auto energy = measure(series, windows[k].begin, windows[k].end);
      if (!energy.joules || !reference[k]) continue;
      ours += *energy.joules, width += energy.half_width_joules, theirs += *reference[k];
      ++n;
    }
    fmt::print("{:<20} {:>6} {:>12.3f} {:>12.3f} {:>12.3f} {:>+11.2f} %\n", recording.domains[i].name, n,
               ours, width, theirs, ours > 0 ? 100 * (theirs / ours - 1) : 0);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  std::map<std::string, std::string> options;
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  if (argc % 2 == 0)
    throw Error(ErrorCode::Usage,
                "every option has a value: --svg, --queries, --seed, --recording, --windows");
  if (options.contains("--recording")) {
    compare_on_recording(options["--recording"], options["--windows"]);
    return 0;
  }
  const int queries = options.contains("--queries") ? std::stoi(options["--queries"]) : 387;
  const int seed = options.contains("--seed") ? std::stoi(options["--seed"]) : 1;
  compare_on_known_load(queries, static_cast<unsigned>(seed), options["--svg"]);
} catch (const std::exception& e) {
  fmt::print(stderr, "telemetry_truth: {}\n", e.what());
  return 1;
}
