// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/compose_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ipw/base/bytes.h"
#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::harness {
namespace {

namespace fs = std::filesystem;

/// Cuts a text at its spaces, with quotes and backslashes as a shell has them.
class WordCutter {
 public:
  explicit WordCutter(const std::string& text) : text_(text) {}

  /// False where a quote is left open.
  bool cut(std::vector<std::string>& out) {
    for (at_ = 0; at_ < text_.size(); ++at_) take(text_[at_], out);
    if (open_) out.push_back(word_);
    return quote_ == 0;
  }

 private:
  void take(char c, std::vector<std::string>& out) {
    constexpr std::string_view kSpaces = " \t\r\n";
    if (quote_ != 0 && c == quote_) {
      quote_ = 0;
    } else if (quote_ == 0 && (c == '\'' || c == '"')) {
      quote_ = c;
      open_ = true;
    } else if (c == '\\' && quote_ != '\'' && at_ + 1 < text_.size()) {
      word_ += text_[++at_];
      open_ = true;
    } else if (quote_ == 0 && kSpaces.find(c) != std::string_view::npos) {
      if (open_) out.push_back(std::exchange(word_, {}));
      open_ = false;
    } else {
      word_ += c;
      open_ = true;
    }
  }

  const std::string& text_;
  std::size_t at_ = 0;
  std::string word_;
  char quote_ = 0;
  bool open_ = false;
};

/// Seconds of "h", "m", "s", "ms" or "us"; 0 for another unit.
double seconds_in(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, double>, 5> kUnits = {
      {{"h", 3600}, {"m", 60}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}}};
  const auto* const it = std::ranges::find(kUnits, unit, [](const auto& row) { return row.first; });
  return it == kUnits.end() ? 0 : it->second;
}

}  // namespace

void ComposeValues::refuse(const YAML::Node& at, const std::string& why) const {
  const auto mark = at.Mark();
  const auto place = mark.is_null() ? file_.string() : fmt::format("{}:{}", file_.string(), mark.line + 1);
  throw Error(ErrorCode::Unavailable, fmt::format("{}: {}", place, why),
              "take the task out of the folder, or run it with the benchmark's own harness");
}

const YAML::Node& ComposeValues::map(const YAML::Node& node, std::string_view what) const {
  if (!node.IsMap()) refuse(node, fmt::format("{} is no map", what));
  return node;
}

const YAML::Node& ComposeValues::list(const YAML::Node& node) const {
  if (!node.IsSequence()) refuse(node, "a value is no list where one is expected");
  return node;
}

std::string ComposeValues::text(const YAML::Node& node) const {
  if (!node.IsScalar()) refuse(node, "a value is no text where one is expected");
  return expanded(node, node.as<std::string>());
}

std::vector<std::string> ComposeValues::texts(const YAML::Node& node) const {
  std::vector<std::string> out;
  for (const auto& item : list(node)) out.push_back(text(item));
  return out;
}

std::vector<std::string> ComposeValues::words(const YAML::Node& node) const {
  if (!node.IsScalar()) return texts(node);
  std::vector<std::string> out;
  const auto all = text(node);
  if (!WordCutter(all).cut(out)) refuse(node, fmt::format("a quote is left open in '{}'", all));
  return out;
}

bool ComposeValues::truth(const YAML::Node& node) const {
  const auto word = to_lower_ascii(text(node));
  if (word != "true" && word != "false") refuse(node, fmt::format("'{}' is neither true nor false", word));
  return word == "true";
}

double ComposeValues::number(const YAML::Node& node) const {
  const auto number = parse_double(text(node));
  if (!number || *number <= 0 || *number > 1e6)
    refuse(node, fmt::format("'{}' is no number above 0", text(node)));
  return *number;
}

std::uint64_t ComposeValues::bytes(const YAML::Node& node) const {
  const auto bytes = parse_bytes(text(node)).value_or(0);
  if (bytes == 0) refuse(node, fmt::format("'{}' is no size of memory", text(node)));
  return bytes;
}

Seconds ComposeValues::duration(const YAML::Node& node) const {
  const auto all = text(node);
  constexpr std::string_view kDigits = "0123456789.";
  double sum = 0;
  std::string_view rest = all;
  bool good = !rest.empty();
  while (good && !rest.empty()) {
    const auto unit = std::min(rest.find_first_not_of(kDigits), rest.size());
    const auto end = std::min(rest.find_first_of(kDigits, unit), rest.size());
    const auto number = parse_double(rest.substr(0, unit));
    const auto factor = seconds_in(rest.substr(unit, end - unit));
    good = number && factor > 0;
    if (good) sum += *number * factor;
    rest.remove_prefix(end);
  }
  if (!good || sum > 86400) refuse(node, fmt::format("'{}' is no duration up to a day, such as 1m30s", all));
  return Seconds(sum);
}

std::string ComposeValues::host_name(const YAML::Node& node) const {
  auto name = text(node);
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (name.empty() || name.size() > 253 || !std::ranges::all_of(name, fits))
    refuse(node, fmt::format("'{}' is no name of a service", name));
  return name;
}

fs::path ComposeValues::inside(const YAML::Node& at, const std::string& relative) const {
  const auto root = fs::weakly_canonical(file_.parent_path());
  auto path = fs::weakly_canonical(root / relative);
  const auto [end, rest] = std::ranges::mismatch(root, path);
  if (end != root.end()) refuse(at, fmt::format("'{}' is outside the task's folder", relative));
  return path;
}

std::string ComposeValues::expanded(const YAML::Node& at, const std::string& in) const {
  std::string out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '$' || i + 1 == in.size()) {
      out += in[i];
    } else if (in[i + 1] == '$') {
      out += '$';
      ++i;
    } else if (const auto end = in.find('}', i); in[i + 1] == '{' && end != std::string::npos) {
      out += variable(at, in.substr(i + 2, end - i - 2));
      i = end;
    } else {
      out += in[i];
    }
  }
  return out;
}

std::string ComposeValues::variable(const YAML::Node& at, const std::string& in) const {
  const auto dash = in.find('-');
  auto name = in.substr(0, dash);
  if (name.ends_with(':')) name.pop_back();
  if (const auto it = variables_.find(name); it != variables_.end()) return it->second;
  if (dash == std::string::npos) refuse(at, fmt::format("nothing is known of the variable ${{{}}}", name));
  return in.substr(dash + 1);
}

}  // namespace ipw::harness
