// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/meter_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::telemetry {
namespace {

constexpr double kLongestHole = 10;  // seconds

double days_from_civil(int year, int month, int day) {
  using namespace std::chrono;
  return static_cast<double>(
      sys_days(year_month_day(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                              std::chrono::day(static_cast<unsigned>(day))))
          .time_since_epoch()
          .count());
}

constexpr double kDay = 86400, kHour = 3600, kMinute = 60;

/// "2026-11-26T08:00:01.5Z", "2026-11-26 08:00:01+01:00"; without an offset it is UTC.
std::optional<double> iso_time(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, used = 0;
  double second = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d%*1[T ]%2d:%2d:%lf%n", &year, &month, &day, &hour, &minute,
                  &second, &used) != 6)
    return std::nullopt;
  double out = days_from_civil(year, month, day) * kDay + hour * kHour + minute * kMinute + second;
  const std::string rest = text.substr(static_cast<std::size_t>(used));
  int off_hour = 0, off_minute = 0;
  char sign = 0;
  if (rest.empty() || rest == "Z") return out;
  if (std::sscanf(rest.c_str(), "%c%2d:%2d", &sign, &off_hour, &off_minute) != 3 ||
      (sign != '+' && sign != '-'))
    return std::nullopt;
  return out - (sign == '+' ? 1 : -1) * (off_hour * kHour + off_minute * kMinute);
}

/// "11-26-2026 08:00:01.500", as PTDaemon writes it.
std::optional<double> american_time(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
  double second = 0;
  if (std::sscanf(text.c_str(), "%2d-%2d-%4d %2d:%2d:%lf", &month, &day, &year, &hour, &minute, &second) != 6)
    return std::nullopt;
  return days_from_civil(year, month, day) * kDay + hour * kHour + minute * kMinute + second;
}

std::optional<double> any_time(std::string_view text) {
  const std::string trimmed(trim(text));
  if (const auto unix = parse_double(trimmed)) return unix;
  if (const auto iso = iso_time(trimmed)) return iso;
  return american_time(trimmed);
}

struct Columns {
  std::size_t time = 0, watts = 0;
};

/// Which columns the header names.
std::optional<Columns> columns_of(std::span<const std::string_view> fields) {
  std::optional<std::size_t> time, watts;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto name = to_lower_ascii(trim(fields[i]));
    if (!time && (name.find("time") != std::string::npos || name == "date")) time = i;
    if (!watts &&
        (name.find("watt") != std::string::npos || name.find("power") != std::string::npos || name == "w"))
      watts = i;
  }
  return time && watts ? std::optional(Columns{*time, *watts}) : std::nullopt;
}

std::optional<MeterLogRow> row_of(std::span<const std::string_view> fields, const Columns& columns) {
  if (fields.size() <= std::max(columns.time, columns.watts)) return std::nullopt;
  const auto time = any_time(fields[columns.time]);
  const auto watts = parse_double(trim(fields[columns.watts]));
  if (!time || !watts || !std::isfinite(*time)) return std::nullopt;
  return MeterLogRow{*time, *watts};
}

/// The level of the load at an instant, in seconds of our monotonic clock.
double level_at(std::span<const LoadPhase> phases, double seconds) {
  for (const auto& phase : phases)
    if (seconds >= to_seconds(phase.begin.time_since_epoch()) &&
        seconds < to_seconds(phase.end.time_since_epoch()))
      return phase.level;
  return 0;
}

double correlation(std::span<const MeterLogRow> log, std::span<const LoadPhase> phases, double shift) {
  const double first = to_seconds(phases.front().begin.time_since_epoch()),
               last = to_seconds(phases.back().end.time_since_epoch());
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (const auto& row : log) {
    const double at = row.unix_seconds - shift;
    if (at < first || at >= last) continue;
    const double level = level_at(phases, at);
    ++n, x += level, y += row.watts, xx += level * level, yy += row.watts * row.watts,
        xy += level * row.watts;
  }
  const double spread = (n * xx - x * x) * (n * yy - y * y);
  return spread > 0 ? (n * xy - x * y) / std::sqrt(spread) : 0;
}

}  // namespace

std::vector<MeterLogRow> parse_meter_log(std::string_view text) {
  std::vector<MeterLogRow> out;
  std::optional<Columns> columns;
  std::size_t number = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    if (trim(line).empty() || trim(line).front() == '#') continue;
    const auto fields = split(trim(line), line.find(';') != std::string_view::npos ? ';' : ',');
    const bool pairs =
        iequals_ascii(trim(fields.front()), "time") && fields.size() > 3 && any_time(fields[1]);
    if (!columns && !pairs) {
      columns = columns_of(fields);
      if (!columns)
        throw Error(ErrorCode::Format, fmt::format("line {} names no time and no power column", number),
                    "a header like: time,watts");
      continue;
    }
    const auto row = row_of(fields, pairs ? Columns{1, 3} : *columns);
    if (!row || (!out.empty() && row->unix_seconds <= out.back().unix_seconds))
      throw Error(ErrorCode::Format,
                  fmt::format("line {} {}", number,
                              row ? "is not later than the one before" : "has no time and power"));
    out.push_back(*row);
  }
  if (out.size() < 2) throw Error(ErrorCode::Format, "the log has fewer than two rows");
  return out;
}

std::optional<double> clock_lead(std::span<const MeterLogRow> log, std::span<const LoadPhase> phases,
                                 double wall_minus_monotonic, double most_seconds) {
  constexpr double kCoarse = 0.5, kFine = 0.05, kLeast = 0.5;
  const auto best = [&](double from, double to, double step) {
    std::pair<double, double> out{-1, 0};
    for (double lead = from; lead <= to; lead += step)
      out = std::max(out, {correlation(log, phases, wall_minus_monotonic + lead), lead});
    return out;
  };
  const auto coarse = best(-most_seconds, most_seconds, kCoarse);
  const auto fine = best(coarse.second - kCoarse, coarse.second + kCoarse, kFine);
  return fine.first >= kLeast ? std::optional(fine.second) : std::nullopt;
}

EnergyBetween energy_of_log(std::vector<MeterLogRow> log, double shift) {
  for (auto& row : log) row.unix_seconds -= shift;
  return [log = std::move(log)](Instant begin, Instant end) -> std::optional<double> {
    const double from = to_seconds(begin.time_since_epoch()), to = to_seconds(end.time_since_epoch());
    if (from < log.front().unix_seconds || to > log.back().unix_seconds) return std::nullopt;
    double joules = 0;
    for (std::size_t i = 1; i < log.size(); ++i) {
      const auto &a = log[i - 1], &b = log[i];
      const double left = std::max(from, a.unix_seconds), right = std::min(to, b.unix_seconds);
      if (right <= left) continue;
      if (b.unix_seconds - a.unix_seconds > kLongestHole) return std::nullopt;
      const auto at = [&](double t) {
        return a.watts + (b.watts - a.watts) * (t - a.unix_seconds) / (b.unix_seconds - a.unix_seconds);
      };
      joules += (at(left) + at(right)) / 2 * (right - left);
    }
    return joules;
  };
}

}  // namespace ipw::telemetry
