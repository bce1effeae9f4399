// SPDX-License-Identifier: Apache-2.0
// From token pieces to text: whole UTF-8 characters only, and never a stop sequence.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ipw::clients {

/// Count the bytes at the end that begin a UTF-8 character but do not finish it (0 to 3).
std::size_t incomplete_utf8_tail(std::string_view text);

/// Join the pieces of tokens. One thread at a time.
class TokenText {
 public:
  explicit TokenText(std::vector<std::string> stop_sequences) : stops_(std::move(stop_sequences)) {}
  /// Add a piece; true when text became visible. A byte that may belong to an unfinished character or stop
  /// sequence waits.
  bool add(std::string_view piece);
  /// Tell that a stop sequence was found: it and what follows are not part of the text.
  bool stopped() const { return stopped_; }
  /// Take everything, what was held back included (invalid UTF-8 becomes U+FFFD).
  std::string finish();

 private:
  std::size_t held_back() const;
  std::vector<std::string> stops_;
  std::string text_;
  std::size_t visible_ = 0;
  bool stopped_ = false;
};

}  // namespace ipw::clients
