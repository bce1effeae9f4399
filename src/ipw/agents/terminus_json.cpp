// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/agents/terminus_python_json.h"
#include "ipw/agents/terminus_reply.h"
#include "ipw/agents/terminus_text.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"

namespace ipw::agents {
namespace {

constexpr std::size_t kLongestReason = 300;

/// One try at a reply; `unreadable` is a text that holds no JSON object or a broken one.
struct Attempt {
  TerminusReply reply;
  bool unreadable = false;
};

/// A piece of a text, by its bounds.
struct Piece {
  std::size_t begin = std::string_view::npos, end = std::string_view::npos;
};

/// Find the first balanced object. Quotes and escapes count before it too, and a stray closing brace needs an
/// opening one to make up for it.
Piece first_object(std::string_view text) {
  Piece piece;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == '{') {
      if (depth++ == 0) piece.begin = i;
    } else if (!quoted && c == '}' && --depth == 0 && piece.begin != text.npos) {
      piece.end = i + 1;
      return piece;
    }
  }
  return {};
}

/// Whether Python takes the value as true; a text is one of three.
bool is_true(const Json& value) {
  if (value.is_string()) {
    const auto text = to_lower_ascii(value.get<std::string>());
    return text == "true" || text == "1" || text == "yes";
  }
  if (value.is_number()) return value.get<double>() != 0;
  return value.is_boolean() ? value.get<bool>() : !value.empty();
}

/// Where a part's name stands as a key, at any depth.
std::size_t key_position(std::string_view text, std::string_view name) {
  const auto key = fmt::format("\"{}\"", name);
  auto at = text.find(key);
  while (at != text.npos && !strip_front(text.substr(at + key.size())).starts_with(':'))
    at = text.find(key, at + key.size());
  return at;
}

/// Check the object; what ends the reading is returned, what does not is a warning.
std::string check_parts(const Json& object, std::string_view text, std::vector<std::string>& warnings) {
  std::vector<std::string> missing;
  for (const auto part : kParts)
    if (!object.contains(part)) missing.emplace_back(part);
  if (!missing.empty()) return fmt::format("missing keys: {}", join(missing, ", "));
  for (const auto* part : {"analysis", "plan"})
    if (!object[part].is_string()) warnings.push_back(fmt::format("{} is not a string", part));
  if (!object["commands"].is_array()) return "commands is not an array";
  std::array<std::size_t, kParts.size()> positions{};
  std::ranges::transform(kParts, positions.begin(), [&](auto part) { return key_position(text, part); });
  if (auto order = order_warning(positions); !order.empty()) warnings.push_back(std::move(order));
  const auto complete = object.value("task_complete", Json());
  if (!complete.is_null() && !complete.is_boolean() && !complete.is_string())
    warnings.emplace_back("task_complete is neither true nor false");
  return {};
}

/// What is wrong with a command so that none can be run; empty if nothing is.
std::string command_fault(const Json& command, std::size_t number) {
  if (!command.is_object()) return fmt::format("command {} is not an object", number);
  const auto keystrokes = command.find("keystrokes");
  if (keystrokes == command.end()) return fmt::format("command {} has no keystrokes", number);
  if (!keystrokes->is_string()) return fmt::format("command {}: keystrokes is not a string", number);
  return {};
}

/// The duration of a command, 1 s with a warning where there is no number. True counts as 1, as in Python.
Seconds duration_of(const Json& command, std::size_t number, std::vector<std::string>& warnings) {
  const auto duration = command.find("duration");
  if (duration == command.end()) {
    warnings.push_back(fmt::format("command {}: no duration, 1 s is used", number));
  } else if (duration->is_boolean()) {
    return Seconds(duration->get<bool>() ? 1 : 0);
  } else if (duration->is_number()) {
    return finite_seconds(duration->get<double>());
  } else {
    warnings.push_back(fmt::format("command {}: duration is not a number, 1 s is used", number));
  }
  return Seconds(1);
}

TerminusCommand read_command(const Json& command, std::size_t number, bool last,
                             std::vector<std::string>& warnings) {
  TerminusCommand out{text_at(command, "keystrokes"), duration_of(command, number, warnings)};
  std::vector<std::string> unknown;
  for (const auto& [key, value] : command.items())
    if (key != "keystrokes" && key != "duration") unknown.push_back(key);
  if (!unknown.empty())
    warnings.push_back(fmt::format("command {}: unknown keys {}", number, join(unknown, ", ")));
  if (!last && !out.keystrokes.empty() && !out.keystrokes.ends_with('\n'))
    warnings.push_back(
        fmt::format("command {}: no newline at its end, so the next one joins its line", number));
  return out;
}

/// Read the commands up to a faulty one, which leaves none.
std::string read_commands(const Json& commands, TerminusReply& reply) {
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (auto fault = command_fault(commands[i], i + 1); !fault.empty()) {
      reply.commands.clear();
      return fault;
    }
    reply.commands.push_back(read_command(commands[i], i + 1, i + 1 == commands.size(), reply.warnings));
  }
  return {};
}

void read_object(const Json& object, std::string_view text, TerminusReply& reply) {
  reply.error = check_parts(object, text, reply.warnings);
  if (!reply.error.empty()) return;
  reply.analysis = text_at(object, "analysis");
  reply.plan = text_at(object, "plan");
  reply.task_complete = is_true(object.value("task_complete", Json()));
  auto fault = read_commands(object["commands"], reply);
  if (fault.empty()) return;
  if (reply.task_complete)
    reply.warnings.push_back(std::move(fault));
  else
    reply.error = std::move(fault);
}

Attempt attempt(std::string_view text) {
  Attempt out;
  const auto piece = first_object(text);
  if (piece.begin == text.npos) {
    out.reply.warnings.emplace_back("the reply holds no whole JSON object");
    out.reply.error = "no JSON object was found";
    out.unreadable = true;
    return out;
  }
  if (!strip(text.substr(0, piece.begin)).empty())
    out.reply.warnings.emplace_back("text before the JSON object");
  if (!strip(text.substr(piece.end)).empty()) out.reply.warnings.emplace_back("text after the JSON object");
  const auto content = text.substr(piece.begin, piece.end - piece.begin);
  const auto object = parse_python_json(content);
  if (object) {
    read_object(*object, content, out.reply);
  } else {
    out.reply.error = fmt::format("the JSON is broken: {}", object.error().substr(0, kLongestReason));
    out.unreadable = true;
  }
  return out;
}

/// The text with the closing braces that it lacks, quoted or not; empty if it lacks none.
std::string with_braces(std::string_view text) {
  const auto missing = std::ranges::count(text, '{') - std::ranges::count(text, '}');
  if (missing <= 0) return {};
  return std::string(text) + std::string(static_cast<std::size_t>(missing), '}');
}

/// The object at an opening brace if it nests at most two deep, quotes not counted.
std::string_view flat_object(std::string_view text) {
  int depth = 0;
  for (auto at = text.find_first_of("{}"); at != text.npos; at = text.find_first_of("{}", at + 1)) {
    depth += text[at] == '{' ? 1 : -1;
    if (depth > 2) break;
    if (depth == 0) return text.substr(0, at + 1);
  }
  return {};
}

/// The first such object that is JSON, anywhere in the text.
std::string_view any_object(std::string_view text) {
  for (auto at = text.find('{'); at != text.npos;) {
    const auto object = flat_object(text.substr(at));
    if (!object.empty() && parse_python_json(object)) return object;
    at = text.find('{', at + std::max<std::size_t>(object.size(), 1));
  }
  return {};
}

/// Try a mended text and say so if it can be read.
bool mend(std::string_view text, std::string_view how, TerminusReply& reply) {
  if (text.empty()) return false;
  auto mended = attempt(text).reply;
  if (!mended.error.empty()) return false;
  reply = std::move(mended);
  reply.warnings.insert(reply.warnings.begin(),
                        fmt::format("corrected: {}; please send one whole JSON object", how));
  return true;
}

}  // namespace

TerminusReply parse_terminus_json(std::string_view reply) {
  const auto text = to_valid_utf8(reply);
  auto [out, unreadable] = attempt(text);
  if (out.error.empty()) return out;
  if (unreadable && mend(with_braces(text), "closing braces were added", out)) return out;
  mend(any_object(text), "one object was taken out of the text", out);
  return out;
}

}  // namespace ipw::agents
