// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/terminal_log.h"

#include <fmt/format.h>

#include <array>

#include "ipw/base/text.h"

namespace ipw::harness {
namespace {

using Parsed = Result<TestResults, std::string>;

Parsed nothing(std::string why) {
  return Unexpected<std::string>(std::move(why));
}

constexpr std::string_view kSummary = "short test summary info";

/// What follows the heading "==== short test summary info ====", in any case.
std::optional<std::string_view> after_summary(std::string_view log) {
  const auto lower = to_lower_ascii(log);
  for (auto at = lower.find(kSummary); at != std::string::npos; at = lower.find(kSummary, at + 1)) {
    const auto before = trim(std::string_view(lower).substr(0, at));
    const auto after = trim(std::string_view(lower).substr(at + kSummary.size()));
    if (!before.ends_with('=') || !after.starts_with('=')) continue;
    auto rest = log.substr(at + kSummary.size());
    const auto end = rest.find('\n');
    return end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return std::nullopt;
}

/// Whether a word of the summary is a status, and whether it counts as passed.
std::optional<bool> passed(std::string_view status) {
  constexpr std::array<std::pair<std::string_view, bool>, 6> kStatuses = {{{"PASSED", true},
                                                                           {"XFAIL", true},
                                                                           {"SKIPPED", true},
                                                                           {"FAILED", false},
                                                                           {"XPASS", false},
                                                                           {"ERROR", false}}};
  while (status.ends_with(':')) status.remove_suffix(1);
  for (const auto& [word, good] : kStatuses)
    if (status == word) return good;
  return std::nullopt;
}

Parsed parse_pytest(std::string_view log) {
  const auto summary = after_summary(log);
  if (!summary) return nothing("the tests printed no short test summary; perhaps they did not start");
  TestResults out;
  for (auto line : split(*summary, '\n')) {
    if (line.starts_with("FAILED"))
      if (const auto dash = line.rfind(" - "); dash != std::string_view::npos) line = line.substr(0, dash);
    const auto text = trim(line);
    const auto space = text.find_first_of(" \t");
    if (space == std::string_view::npos) continue;
    const auto good = passed(text.substr(0, space));
    auto name = trim(text.substr(space));
    if (const auto colons = name.find("::"); colons != std::string_view::npos) name.remove_prefix(colons + 2);
    if (good && !name.empty()) out[std::string(name)] = *good;
  }
  if (out.empty()) return nothing("the short test summary names no test");
  return out;
}

/// "NAME results starts here", one word, "NAME results ends here".
Parsed parse_block(std::string_view log, std::string_view name, std::string_view good) {
  const auto start = fmt::format("{} results starts here", name),
             end = fmt::format("{} results ends here", name);
  const auto first = log.find(start);
  const auto last = log.rfind(end);
  if (first == std::string_view::npos || last == std::string_view::npos || last < first)
    return nothing(fmt::format("the tests printed no '{}' with its end", start));
  const auto from = first + start.size();
  return TestResults{{"tests", last >= from && trim(log.substr(from, last - from)) == good}};
}

Parsed parse_swelancer(std::string_view log) {
  const auto lower = to_lower_ascii(log);
  const auto has = [&](std::string_view words) { return lower.find(words) != std::string::npos; };
  if (has("swe lancer success")) return TestResults{{"swelancer_task", true}};
  if (has("swe lancer failure")) return TestResults{{"swelancer_task", false}};
  if (has("user_tool") && has("completed")) return TestResults{{"swelancer_task", true}};
  return nothing("the tests printed neither 'swe lancer success' nor 'swe lancer failure'");
}

}  // namespace

std::string plain_text(std::string_view log) {
  std::string out;
  out.reserve(log.size());
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log[i] == '\r') continue;
    if (log[i] != '\x1b') {
      out += log[i];
      continue;
    }
    if (i + 1 < log.size() && log[i + 1] == '[') {  // CSI: parameters, then a byte from @ to ~
      i += 2;
      while (i < log.size() && (log[i] < '@' || log[i] > '~')) ++i;
    } else {
      ++i;
    }
  }
  return out;
}

Parsed parse_terminal_log(std::string_view parser, std::string_view log) {
  const auto text = plain_text(log);
  if (parser == "pytest") return parse_pytest(text);
  if (parser == "swebench") return parse_block(text, "SWEBench", "PASSED");
  if (parser == "sweperf") return parse_block(text, "SWE-Perf", "PASSED");
  if (parser == "mlebench") return parse_block(text, "MLEBench", "ALL TESTS PASSED");
  if (parser == "swelancer") return parse_swelancer(text);
  return nothing(fmt::format(
      "no parser is called '{}'; there are mlebench, pytest, swebench, swelancer and sweperf", parser));
}

}  // namespace ipw::harness
