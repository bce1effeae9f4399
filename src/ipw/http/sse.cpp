// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/sse.h"

#include <utility>

namespace ipw::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

SseParser::SseParser(std::function<void(const SseEvent&)> sink, std::size_t max_event) : sink_(std::move(sink)), max_event_(max_event) {}

bool SseParser::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (failed_) return false;
    const bool second_half = c == '\n' && std::exchange(after_cr_, false);  // of a \r\n, whose \r ended the line
    after_cr_ = c == '\r';
    if (second_half) continue;
    if (c == '\n' || c == '\r')
      line();
    else
      line_ += c;
    failed_ = line_.size() + event_.data.size() > max_event_;
  }
  return !failed_;
}

void SseParser::finish() {
  if (failed_) return;
  if (!line_.empty()) line();
  dispatch();
}

void SseParser::line() {
  std::string_view text = line_;
  if (std::exchange(first_line_, false) && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto colon = text.find(':');
  const auto field = text.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (text.empty()) {
    dispatch();
  } else if (field == "data") {
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  } else if (field == "event") {
    event_.event = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    last_id_ = value;
  }
  line_.clear();
}

void SseParser::dispatch() {
  if (std::exchange(has_data_, false)) {
    if (event_.event.empty()) event_.event = "message";
    event_.id = last_id_;
    sink_(event_);
  }
  event_ = {};
}

NdjsonParser::NdjsonParser(std::function<void(std::string_view)> sink, std::size_t max_line) : sink_(std::move(sink)), max_line_(max_line) {}

bool NdjsonParser::feed(std::string_view bytes) {
  while (!bytes.empty() && !failed_) {
    const auto end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    failed_ = line_.size() > max_line_;
    if (end == std::string_view::npos) break;
    if (!failed_) finish();
    bytes.remove_prefix(end + 1);
  }
  return !failed_;
}

void NdjsonParser::finish() {
  if (line_.ends_with('\r')) line_.pop_back();
  if (!failed_ && line_.find_first_not_of(" \t") != std::string::npos) sink_(line_);
  line_.clear();
}

}  // namespace ipw::http
