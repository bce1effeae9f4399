// SPDX-License-Identifier: Apache-2.0
// What ends a command: one exception class with a code, a hint and the context it passed through.
// A failed measurement is not an error: it is a value on the record (see clients/client.h, Failure).
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

namespace ipw {

enum class ErrorCode { Usage, NotFound, Unavailable, Permission, Format, Timeout, Cancelled, Internal };

/// End the command with a message that says what, where and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}

  ErrorCode code() const { return code_; }
  const std::string& hint() const { return hint_; }
  const std::vector<std::string>& context() const { return context_; }

  /// Add a line that says what was being done, innermost first.
  Error& with_context(std::string line) {
    context_.push_back(std::move(line));
    return *this;
  }

 private:
  ErrorCode code_;
  std::string hint_;
  std::vector<std::string> context_;
};

/// Map a code to the exit status of the program: 2 for usage, 130 when cancelled, else 1.
constexpr int exit_status(ErrorCode code) {
  if (code == ErrorCode::Usage) return 2;
  return code == ErrorCode::Cancelled ? 130 : 1;
}

}  // namespace ipw
