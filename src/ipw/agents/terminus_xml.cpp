// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "ipw/agents/terminus_reply.h"
#include "ipw/agents/terminus_text.h"
#include "ipw/base/text.h"

namespace ipw::agents {
namespace {

using Warnings = std::vector<std::string>;

constexpr auto kNowhere = std::string_view::npos;
constexpr std::string_view kOpen = "<response>", kClose = "</response>", kComplete = "task_complete";
constexpr std::array kSections = {kParts[0], kParts[1], kParts[2], kComplete};
constexpr std::array<std::string_view, 5> kEntities = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"};

std::size_t count_of(std::string_view text, std::string_view piece) {
  std::size_t count = 0;
  for (auto at = text.find(piece); at != kNowhere; at = text.find(piece, at + piece.size())) ++count;
  return count;
}

void check_surroundings(std::string_view text, Warnings& warnings) {
  const auto begin = text.find(kOpen), end = text.find(kClose);
  if (begin == kNowhere) return;
  if (!strip(text.substr(0, begin)).empty()) warnings.emplace_back("text before <response>");
  if (end == kNowhere || strip(text.substr(end + kClose.size())).empty()) return;
  warnings.emplace_back("text after </response>");
  if (const auto count = count_of(text, kOpen); count > 1)
    warnings.push_back(fmt::format("{} <response> blocks, of which the first is used; send one", count));
}

/// What stands in the first <response>, up to the end where it is not closed.
std::string_view response_content(std::string_view text) {
  const auto begin = text.find(kOpen);
  if (begin == kNowhere) return {};
  text.remove_prefix(begin + kOpen.size());
  return strip(text.substr(0, text.find(kClose)));
}

/// Whether <task_complete> says true, in letters of any case.
bool says_complete(std::string_view content) {
  const auto lower = to_lower_ascii(content);
  constexpr std::string_view kTag = "<task_complete>";
  for (auto at = lower.find(kTag); at != kNowhere; at = lower.find(kTag, at + kTag.size())) {
    const auto rest = strip_front(std::string_view(lower).substr(at + kTag.size()));
    if (rest.starts_with("true") && strip_front(rest.substr(4)).starts_with("</task_complete>")) return true;
  }
  return false;
}

/// What stands in a section, or nothing where there is none.
std::optional<std::string_view> section(std::string_view content, std::string_view name) {
  const auto open = fmt::format("<{}>", name), start = fmt::format("<{}", name);
  if (const auto at = content.find(open); at != kNowhere) {
    const auto rest = content.substr(at + open.size());
    if (const auto end = rest.find(fmt::format("</{}>", name)); end != kNowhere)
      return strip(rest.substr(0, end));
  }
  for (auto at = content.find(start); at != kNowhere; at = content.find(start, at + 1))
    if (strip_front(content.substr(at + start.size())).starts_with("/>")) return content.substr(at, 0);
  return std::nullopt;
}

/// Where opening tags of a section stand, with attributes or without.
std::vector<std::size_t> tag_positions(std::string_view content, std::string_view name) {
  const auto start = fmt::format("<{}", name);
  std::vector<std::size_t> out;
  for (auto at = content.find(start); at != kNowhere; at = content.find(start, at + start.size())) {
    const auto rest = content.substr(at + start.size());
    if (space_length(rest) > 0 || rest.starts_with('>') || rest.starts_with("/>")) out.push_back(at);
  }
  return out;
}

/// The name in a tag: up to white space where a blank is in it, without the slash at the end.
std::string_view tag_name(std::string_view tag) {
  if (tag.find(' ') != kNowhere) {
    tag = strip_front(tag);
    std::size_t size = 0;
    while (size < tag.size() && space_length(tag.substr(size)) == 0) ++size;
    tag = tag.substr(0, size);
  }
  if (tag.ends_with('/')) tag.remove_suffix(1);
  return tag;
}

/// The names of the tags outside of all others. Every '<' opens a tag, whatever is meant by it.
std::set<std::string_view> outer_tags(std::string_view content) {
  std::set<std::string_view> out;
  int depth = 0;
  for (auto at = content.find('<'); at != kNowhere; at = content.find('<', at)) {
    const auto end = content.find('>', at);
    if (end == kNowhere) break;
    const auto tag = content.substr(at + 1, end - at - 1);
    at = end + 1;
    if (tag.starts_with('!') || tag.starts_with('?')) continue;
    if (tag.starts_with('/')) {
      --depth;
      continue;
    }
    if (depth == 0) out.insert(tag_name(tag));
    if (!tag.ends_with('/')) ++depth;
  }
  return out;
}

void check_repeats(std::string_view content, Warnings& warnings) {
  for (const auto name : kSections) {
    const auto count = tag_positions(content, name).size();
    if (count > 1 && name == "commands")
      warnings.push_back(fmt::format("{} <commands> blocks, of which the first is run; send one", count));
    else if (count > 1)
      warnings.push_back(fmt::format("several <{}> sections", name));
  }
}

void check_sections(std::string_view content, Warnings& warnings) {
  for (const auto part : kParts)
    if (!section(content, part)) warnings.push_back(fmt::format("no section <{}>", part));
  for (const auto tag : outer_tags(content))
    if (std::ranges::find(kSections, tag) == kSections.end())
      warnings.push_back(fmt::format("unknown tag <{}>", tag));
  check_repeats(content, warnings);
  std::array<std::size_t, kParts.size()> positions{};
  std::ranges::transform(kParts, positions.begin(), [&](auto part) {
    const auto found = tag_positions(content, part);
    return found.empty() ? kNowhere : found.front();
  });
  if (auto order = order_warning(positions); !order.empty()) warnings.push_back(std::move(order));
}

/// Whether a name goes on: letters, digits, underscores; bytes beyond ASCII are letters.
bool is_name_byte(std::string_view text) {
  const char c = text.front();
  const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  return plain || (static_cast<unsigned char>(c) >= 0x80 && space_length(text) == 0);
}

/// A name with an equals sign behind it, and what follows.
struct Attribute {
  std::string_view name, rest;
};

/// Take the next name that has an equals sign off the front of a tag's text.
std::optional<Attribute> next_attribute(std::string_view text) {
  while (!text.empty()) {
    std::size_t size = 0;
    while (size < text.size() && is_name_byte(text.substr(size))) ++size;
    const auto name = text.substr(0, size);
    text.remove_prefix(size > 0 ? size : std::max<std::size_t>(space_length(text), 1));
    if (size == 0) continue;
    if (const auto rest = strip_front(text); rest.starts_with('=')) return Attribute{name, rest.substr(1)};
  }
  return std::nullopt;
}

/// The bytes of an unquoted value at the front.
std::size_t unquoted_length(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && std::string_view("\"'>").find(text[size]) == kNowhere &&
         space_length(text.substr(size)) == 0)
    ++size;
  return size;
}

void check_quotes(std::string_view attributes, std::size_t number, Warnings& warnings) {
  for (auto at = next_attribute(attributes); at;) {
    const auto value = strip_front(at->rest);
    const auto size = unquoted_length(value);
    if (size > 0)
      warnings.push_back(
          fmt::format("command {}: the value of attribute {} is not quoted", number, at->name));
    at = next_attribute(size > 0 ? value.substr(size) : at->rest);
  }
  for (auto at = next_attribute(attributes); at;) {
    const auto value = strip_front(at->rest);
    const auto end = value.starts_with('\'') ? value.find('\'', 1) : kNowhere;
    if (end != kNowhere)
      warnings.push_back(fmt::format("command {}: attribute {} has single quotes", number, at->name));
    at = next_attribute(end != kNowhere ? value.substr(end + 1) : at->rest);
  }
}

void check_attributes(std::string_view attributes, std::size_t number, Warnings& warnings) {
  check_quotes(attributes, number, warnings);
  for (auto at = next_attribute(attributes); at; at = next_attribute(at->rest))
    if (at->name != "duration")
      warnings.push_back(fmt::format("command {}: unknown attribute {}", number, at->name));
}

/// The quoted value of the attribute duration, in quotes of either kind.
std::optional<std::string_view> duration_text(std::string_view attributes) {
  constexpr std::string_view kName = "duration";
  for (auto at = attributes.find(kName); at != kNowhere; at = attributes.find(kName, at + 1)) {
    auto rest = strip_front(attributes.substr(at + kName.size()));
    if (!rest.starts_with('=')) continue;
    rest = strip_front(rest.substr(1));
    if (!rest.starts_with('"') && !rest.starts_with('\'')) continue;
    if (const auto end = rest.find_first_of("\"'", 1); end != kNowhere) return rest.substr(1, end - 1);
  }
  return std::nullopt;
}

Seconds duration_of(std::string_view attributes, std::size_t number, Warnings& warnings) {
  const auto text = duration_text(attributes);
  const auto seconds = text ? python_float(*text) : std::nullopt;
  if (seconds && !std::isnan(*seconds)) return finite_seconds(*seconds);
  warnings.push_back(
      text ? fmt::format("command {}: duration '{}' is not a number, 1 s is used", number, *text)
           : fmt::format("command {}: no duration, 1 s is used", number));
  return Seconds(1);
}

/// A <keystrokes> element: the text within its opening tag, and its content.
struct Keystrokes {
  std::string_view attributes, content;
};

std::vector<Keystrokes> find_keystrokes(std::string_view text) {
  constexpr std::string_view kStart = "<keystrokes", kEnd = "</keystrokes>";
  std::vector<Keystrokes> out;
  for (auto at = text.find(kStart); at != kNowhere; at = text.find(kStart)) {
    text.remove_prefix(at + kStart.size());
    const auto tag_end = text.find('>');
    const auto end = tag_end == kNowhere ? kNowhere : text.find(kEnd, tag_end);
    if (end == kNowhere) break;
    out.push_back({text.substr(0, tag_end), text.substr(tag_end + 1, end - tag_end - 1)});
    text.remove_prefix(end + kEnd.size());
  }
  return out;
}

void check_escapes(std::string_view content, Warnings& warnings) {
  for (const auto entity : kEntities)
    if (content.find(entity) != kNowhere)
      warnings.push_back(fmt::format("the entity {} is sent as it stands, nothing is decoded", entity));
  if (content.find("\\r\\n") != kNowhere) warnings.emplace_back("line ends \\r\\n where \\n is enough");
}

void read_commands(std::string_view content, TerminusReply& reply) {
  const auto elements = find_keystrokes(content);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto& [attributes, keystrokes] = elements[i];
    check_attributes(attributes, i + 1, reply.warnings);
    const auto duration = duration_of(attributes, i + 1, reply.warnings);
    if (i + 1 < elements.size() && !keystrokes.ends_with('\n'))
      reply.warnings.push_back(
          fmt::format("command {}: no newline at its end, so the next one joins its line", i + 1));
    reply.commands.push_back({std::string(keystrokes), duration});
  }
  check_escapes(content, reply.warnings);
}

}  // namespace

TerminusReply parse_terminus_xml(std::string_view reply) {
  TerminusReply out;
  check_surroundings(reply, out.warnings);
  const auto content = response_content(reply);
  if (content.empty()) {
    out.error = "no <response> with content was found";
    return out;
  }
  out.task_complete = says_complete(content);
  check_sections(content, out.warnings);
  out.analysis = section(content, "analysis").value_or("");
  out.plan = section(content, "plan").value_or("");
  const auto commands = section(content, "commands");
  if (commands && !commands->empty())
    read_commands(*commands, out);
  else if (commands && !out.task_complete)
    out.warnings.emplace_back("<commands> is empty, so nothing is done");
  else if (!commands && !out.task_complete)
    out.error = "no section <commands>";
  return out;
}

}  // namespace ipw::agents
