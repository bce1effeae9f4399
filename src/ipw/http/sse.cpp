// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/sse.h"

#include <utility>

namespace ipw::http {

SseParser::SseParser(std::function<void(const SseEvent&)> sink, std::size_t max_event)
    : sink_(std::move(sink)), max_event_(max_event) {}

bool SseParser::feed(std::string_view bytes) {
  while (!bytes.empty() && !failed_) {
    // The '\n' of a "\r\n" whose '\r' already ended the line, perhaps in the piece before.
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    line_ += bytes.substr(0, end);
    failed_ = line_.size() + event_.data.size() > max_event_;
    if (failed_ || end == std::string_view::npos) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    take_line();
  }
  return !failed_;
}

void SseParser::finish() {
  if (failed_) return;
  if (!line_.empty()) take_line();
  dispatch();
}

void SseParser::take_line() {
  const std::string text = std::exchange(line_, {});
  std::string_view line = text;
  if (std::exchange(first_line_, false) && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.empty()) return dispatch();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return field(line, {});
  auto value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  field(line.substr(0, colon), value);
}

/// Comments come here with an empty name; they and unknown fields (also `retry`) have no effect.
void SseParser::field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  } else if (name == "event") {
    event_.event = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    last_id_ = value;
  }
}

void SseParser::dispatch() {
  SseEvent event = std::exchange(event_, {});
  if (!std::exchange(has_data_, false)) return;
  if (event.event.empty()) event.event = "message";
  event.id = last_id_;
  sink_(event);
}

NdjsonParser::NdjsonParser(std::function<void(std::string_view)> sink, std::size_t max_line)
    : sink_(std::move(sink)), max_line_(max_line) {}

bool NdjsonParser::feed(std::string_view bytes) {
  while (!bytes.empty() && !failed_) {
    const auto end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    failed_ = line_.size() > max_line_;
    if (failed_ || end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    take_line();
  }
  return !failed_;
}

void NdjsonParser::finish() {
  if (!failed_) take_line();
}

void NdjsonParser::take_line() {
  const std::string line = std::exchange(line_, {});
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string::npos) return;
  const auto last = line.find_last_not_of(" \t\r");
  sink_(std::string_view(line).substr(first, last + 1 - first));
}

}  // namespace ipw::http
