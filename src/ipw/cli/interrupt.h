// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM as a stop token.
#pragma once
#include <stop_token>
#include <thread>

namespace ipw::cli {

/// Turn SIGINT and SIGTERM into a request to stop; a second one ends the process at once, with the journal
/// intact. Make it before any other thread, so that every thread inherits the blocked signals.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread waiter_;
};

}  // namespace ipw::cli
