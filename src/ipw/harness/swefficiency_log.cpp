// SPDX-License-Identifier: Apache-2.0
#include <re2/re2.h>

#include <array>

#include "ipw/base/text.h"
#include "ipw/harness/log_lines.h"
#include "ipw/harness/swe_log.h"

namespace ipw::harness {
namespace {

/// The test's name without what follows it: to the first space, or to where its bracket closes.
std::string name_alone(std::string_view text) {
  const auto open = text.find('[');
  if (open == std::string_view::npos) return std::string(words_of(text).front());
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    depth += text[i] == '[' ? 1 : text[i] == ']' ? -1 : 0;
    if (depth == 0) return std::string(text.substr(0, i + 1));
  }
  return std::string(text);
}

/// "STATUS name ..." as the status and the rest; empty rest where there is none.
std::pair<std::string, std::string> parted(std::string_view raw) {
  const auto line = raw.starts_with("FAILED") ? replace_all(std::string(raw), " - ", " ") : std::string(raw);
  const auto words = words_of(line);
  if (words.size() < 2) return {};
  const auto at = static_cast<std::size_t>(words[1].data() - line.data());
  return {std::string(words[0]), line.substr(at)};
}

TestStatuses pytest(std::string_view log) {
  TestStatuses out;
  for (const auto line : split(log, '\n')) {
    if (!starts_with_status(line)) continue;
    const auto [status, rest] = parted(line);
    if (!rest.empty()) out[name_alone(rest)] = status;
  }
  return out;
}

/// Parameters of tests that have but one of them are left out; with several, the test is left out.
TestStatuses one_for_each(std::string_view log) {
  const auto all = pytest(log);
  const auto bare = [](const std::string& name) { return name.substr(0, name.find('[')); };
  std::map<std::string, int> counts;
  for (const auto& row : all) ++counts[bare(row.first)];
  TestStatuses out;
  for (const auto& [name, status] : all)
    if (counts[bare(name)] == 1) out[bare(name)] = status;
  return out;
}

TestStatuses pytest_v2(std::string_view log) {
  static const RE2 kEscape(R"(\x1B(?:[@-Z\\-_]|\[[0-?]*[ -/]*[@-~]))", RE2::Latin1);
  TestStatuses out;
  for (const auto raw : split(log, '\n')) {
    std::string line(raw);
    RE2::GlobalReplace(&line, kEscape, "");
    if (starts_with_status(line)) {
      const auto [status, rest] = parted(line);
      if (!rest.empty()) out[rest] = status;
    } else if (ends_with_status(line)) {
      const auto words = words_of(line);
      if (words.size() < 2) continue;
      const auto before = line.substr(0, static_cast<std::size_t>(words.back().data() - line.data()));
      out[before.substr(0, before.find_last_not_of(" \t\v\f\r") + 1)] = words.back();
    }
  }
  return out;
}

TestStatuses matplotlib(std::string_view log) {
  TestStatuses out;
  auto text = replace_all(std::string(log), "MouseButton.LEFT", "1");
  text = replace_all(std::move(text), "MouseButton.RIGHT", "3");
  for (const auto line : split(text, '\n')) {
    if (!starts_with_status(line)) continue;
    const auto [status, rest] = parted(line);
    if (!rest.empty()) out[std::string(words_of(rest).front())] = status;
  }
  return out;
}

/// With pytest: "sympy/path.py::test PASSED [ 3%]".
TestStatuses sympy(std::string_view log) {
  if (log.find("pytest") == std::string_view::npos) return rules_of_sympy(log);
  TestStatuses out;
  for (const auto raw : split(log, '\n')) {
    const auto words = words_of(raw);
    if (words.size() > 2 && words[0].starts_with("sympy/")) out[std::string(words[0])] = words[1];
  }
  return out;
}

struct Row {
  std::string_view name;
  LogParser parser;
};
constexpr std::array kByRepository = {
    Row{"astropy/astropy", pytest_v2},
    Row{"dask/dask", pytest},
    Row{"matplotlib/matplotlib", matplotlib},
    Row{"numpy/numpy", one_for_each},
    Row{"pandas-dev/pandas", pytest_v2},
    Row{"pydata/xarray", pytest},
    Row{"scikit-learn/scikit-learn", pytest_v2},
    Row{"scipy/scipy", one_for_each},
    Row{"sympy/sympy", sympy},
};

}  // namespace

LogParser swefficiency_parser(std::string_view repository) {
  const auto name = to_lower_ascii(repository);
  for (const auto& row : kByRepository)
    if (row.name == name) return row.parser;
  return nullptr;
}

}  // namespace ipw::harness
