// SPDX-License-Identifier: Apache-2.0
// The parsers keep the oddities of the official ones, since the lists of tests were made with them.
#include <re2/re2.h>

#include <array>

#include "ipw/base/text.h"
#include "ipw/harness/log_lines.h"
#include "ipw/harness/swe_log.h"

namespace ipw::harness {
namespace {

/// "SKIPPED [3] path:12: reason" counts, it names no test.
bool is_skip_summary(std::string_view status, std::string_view name) {
  if (status != "SKIPPED" || name.size() < 3 || name.front() != '[' || name.back() != ']') return false;
  return name.substr(1, name.size() - 2).find_first_not_of("0123456789") == std::string_view::npos;
}

std::string without_dashes(std::string_view line) {
  return line.starts_with("FAILED") ? replace_all(std::string(line), " - ", " ") : std::string(line);
}

/// "STATUS name" of each line that begins with a status; `name_of` shapes the name.
TestStatuses summary_lines(std::string_view log, std::string (*name_of)(std::string_view)) {
  TestStatuses out;
  for (const auto raw : split(log, '\n')) {
    if (!starts_with_status(raw)) continue;
    const auto line = without_dashes(raw);
    const auto words = words_of(line);
    if (words.size() > 1 && !is_skip_summary(words[0], words[1])) out[name_of(words[1])] = words[0];
  }
  return out;
}

std::string as_it_is(std::string_view name) {
  return std::string(name);
}

TestStatuses pytest(std::string_view log) {
  return summary_lines(log, as_it_is);
}

/// Of a parameter that is a path only the last part counts: it is the path of a temporary folder.
std::string short_option(std::string_view name) {
  const auto open = name.find('[');
  const auto close = name.rfind(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return std::string(name);
  std::string option(name.substr(open + 1, close - open - 1));
  if (option.starts_with('/') && !option.starts_with("//") && option.find('*') == std::string::npos)
    option = option.substr(option.rfind('/'));
  return std::string(name.substr(0, open)) + "[" + option + "]";
}

TestStatuses pytest_options(std::string_view log) {
  return summary_lines(log, short_option);
}

TestStatuses matplotlib(std::string_view log) {
  auto text = replace_all(std::string(log), "MouseButton.LEFT", "1");
  return pytest(replace_all(std::move(text), "MouseButton.RIGHT", "3"));
}

/// Colours go: "[31m" with or without its escape, and every other control character.
std::string uncoloured(std::string_view line) {
  static const RE2 kColour(R"(\[\d+m)", RE2::Latin1);
  std::string out(line);
  RE2::GlobalReplace(&out, kColour, "");
  std::erase_if(out, [](char c) { return c > 0 && c < ' '; });
  return out;
}

TestStatuses pytest_v2(std::string_view log) {
  TestStatuses out;
  for (const auto raw : split(log, '\n')) {
    auto line = uncoloured(raw);
    if (starts_with_status(line)) {
      if (line.starts_with("FAILED")) line = line.substr(0, line.find(" - "));
      const auto words = words_of(line);
      if (words.size() > 1 && !is_skip_summary(words[0], words[1]))
        out[joined(words, 1, words.size())] = words[0];
    } else if (ends_with_status(line)) {  // older versions of pytest
      const auto words = words_of(line);
      if (words.size() > 1) out[joined(words, 0, words.size() - 1)] = words.back();
    }
  }
  return out;
}

TestStatuses seaborn(std::string_view log) {
  TestStatuses out;
  for (const auto line : split(log, '\n')) {
    const auto words = words_of(line);
    if (words.size() < 2) continue;
    if (line.starts_with("FAILED"))
      out[std::string(words[1])] = "FAILED";
    else if (line.find(" PASSED ") != std::string_view::npos) {
      if (words[1] == "PASSED") out[std::string(words[0])] = "PASSED";
    } else if (line.starts_with("PASSED"))
      out[std::string(words[1])] = "PASSED";
  }
  return out;
}

/// The headings of failures, "____ sympy/core/tests/test_basic.py:test_same ____".
void sympy_failures(std::string_view log, TestStatuses& out) {
  static const RE2 kHeading(R"((_*) (.*)\.py:(.*) (_*))", RE2::Latin1);
  re2::StringPiece rest(log.data(), log.size());
  std::string left, file, test, right;
  while (RE2::FindAndConsume(&rest, kHeading, &left, &file, &test, &right))
    out[file + ".py:" + test] = "FAILED";
}

void sympy_line(std::string_view line, TestStatuses& out) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kEnds = {
      {{" E", "ERROR"}, {" F", "FAILED"}, {" ok", "PASSED"}}};
  if (!line.starts_with("test_")) return;
  for (const auto& [end, status] : kEnds)
    if (line.ends_with(end)) out[std::string(words_of(line).front())] = status;
}

TestStatuses sympy(std::string_view log) {
  TestStatuses out;
  sympy_failures(log, out);
  for (const auto line : split(log, '\n')) sympy_line(trim(line), out);
  return out;
}

/// A line of Django's runner; `before` is the test whose verdict is still to come.
void django_line(std::string_view line, std::string& before, TestStatuses& out) {
  constexpr std::string_view kVersion = "--version is equivalent to version";
  if (line.find(kVersion) != std::string_view::npos) out[std::string(kVersion)] = "PASSED";
  if (const auto dots = line.find(" ... "); dots != std::string_view::npos) before = line.substr(0, dots);
  for (const std::string_view end : {" ... ok", " ... OK", " ...  OK"}) {
    if (!line.ends_with(end)) continue;
    if (line.starts_with("Applying sites.0002_alter_domain_unique...test_no_migrations"))
      line = trim(line.substr(line.find("...") + 3));
    out[std::string(line.substr(0, line.rfind(end)))] = "PASSED";
    break;
  }
  if (const auto at = line.find(" ... skipped"); at != std::string_view::npos)
    out[std::string(line.substr(0, at))] = "SKIPPED";
  for (const auto& [end, heading, status] :
       {std::tuple(" ... FAIL", "FAIL:", "FAILED"), {" ... ERROR", "ERROR:", "ERROR"}}) {
    if (line.ends_with(end)) out[std::string(line.substr(0, line.find(end)))] = status;
    const auto words = words_of(line);
    if (line.starts_with(heading) && words.size() > 1) out[std::string(words[1])] = status;
  }
  if (line.starts_with("ok") && !before.empty()) out[before] = "PASSED";
}

/// Tests whose "ok" was parted from them by a message of the framework.
void django_parted(std::string_view log, TestStatuses& out) {
  static const std::array<RE2, 3> kParted = {
      RE2(R"((?m)^(.*?)\s\.\.\.\sTesting against Django installed in (?s:.*?) silenced\)\.\nok$)",
          RE2::Latin1),
      RE2(R"((?m)^(.*?)\s\.\.\.\sInternal Server Error: /.*/\nok$)", RE2::Latin1),
      RE2(R"((?m)^(.*?)\s\.\.\.\sSystem check identified no issues \(0 silenced\)\nok$)", RE2::Latin1)};
  for (const auto& pattern : kParted) {
    re2::StringPiece rest(log.data(), log.size());
    for (std::string test; RE2::FindAndConsume(&rest, pattern, &test);) out[test] = "PASSED";
  }
}

TestStatuses django(std::string_view log) {
  TestStatuses out;
  std::string before;
  for (const auto line : split(log, '\n')) django_line(trim(line), before, out);
  django_parted(log, out);
  return out;
}

struct Row {
  std::string_view name;
  LogParser parser;
};

constexpr std::array kNamed = {
    Row{"parse_log_astroid", pytest},
    Row{"parse_log_astropy", pytest_v2},
    Row{"parse_log_django", django},
    Row{"parse_log_flask", pytest},
    Row{"parse_log_marshmallow", pytest},
    Row{"parse_log_matplotlib", matplotlib},
    Row{"parse_log_pvlib", pytest},
    Row{"parse_log_pydicom", pytest_options},
    Row{"parse_log_pylint", pytest_options},
    Row{"parse_log_pytest", pytest},
    Row{"parse_log_pytest_options", pytest_options},
    Row{"parse_log_pytest_v2", pytest_v2},
    Row{"parse_log_pyvista", pytest},
    Row{"parse_log_requests", pytest_options},
    Row{"parse_log_scikit", pytest_v2},
    Row{"parse_log_seaborn", seaborn},
    Row{"parse_log_sphinx", pytest_v2},
    Row{"parse_log_sqlfluff", pytest},
    Row{"parse_log_sympy", sympy},
    Row{"parse_log_xarray", pytest},
};

constexpr std::array kByRepository = {
    Row{"astropy/astropy", pytest_v2},
    Row{"django/django", django},
    Row{"marshmallow-code/marshmallow", pytest},
    Row{"matplotlib/matplotlib", matplotlib},
    Row{"mwaskom/seaborn", seaborn},
    Row{"pallets/flask", pytest},
    Row{"psf/requests", pytest_options},
    Row{"pvlib/pvlib-python", pytest},
    Row{"pydata/xarray", pytest},
    Row{"pydicom/pydicom", pytest_options},
    Row{"pylint-dev/astroid", pytest},
    Row{"pylint-dev/pylint", pytest_options},
    Row{"pytest-dev/pytest", pytest},
    Row{"pyvista/pyvista", pytest},
    Row{"scikit-learn/scikit-learn", pytest_v2},
    Row{"sphinx-doc/sphinx", pytest_v2},
    Row{"sqlfluff/sqlfluff", pytest},
    Row{"sympy/sympy", sympy},
};

}  // namespace

TestStatuses rules_of_sympy(std::string_view log) {
  TestStatuses out;
  sympy_failures(log, out);
  for (const auto raw : split(log, '\n')) {
    auto line = trim(raw);
    if (line.starts_with("test_") && (line.ends_with("[FAIL]") || line.ends_with("[OK]")))
      line = trim(line.substr(0, line.rfind('[')));
    sympy_line(line, out);
  }
  return out;
}

LogParser swebench_parser(std::string_view name) {
  for (const auto& row : kNamed)
    if (row.name == name) return row.parser;
  for (const auto& row : kByRepository)
    if (row.name == name) return row.parser;
  return nullptr;
}

}  // namespace ipw::harness
