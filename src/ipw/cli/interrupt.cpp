// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

namespace ipw::cli {
namespace {

constexpr int kLeave = SIGUSR1;  ///< from the destructor to its own thread

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, kLeave);
  return set;
}

void wait_for_signals(const std::stop_token& ended, std::stop_source& source) {
  const auto set = stop_signals();
  while (!ended.stop_requested()) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0 || signal == kLeave) continue;
    if (source.stop_requested()) ::_exit(130);
    source.request_stop();
    static constexpr char kMessage[] =
        "\nstopping; what was asked is kept. Press Ctrl-C again to leave at once.\n";
    if (::write(2, kMessage, sizeof kMessage - 1) < 0) continue;
  }
}

}  // namespace

Interrupt::Interrupt() {
  const auto set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  waiter_ = std::jthread([this](const std::stop_token& ended) { wait_for_signals(ended, source_); });
}

Interrupt::~Interrupt() {
  waiter_.request_stop();
  pthread_kill(waiter_.native_handle(), kLeave);
}

}  // namespace ipw::cli
