// SPDX-License-Identifier: Apache-2.0
// Start a server, wait until it answers, and stop it. A server that we did not start is never stopped.
#pragma once
#include <signal.h>

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/servers/server_ledger.h"
#include "ipw/servers/server_probe.h"

namespace ipw::servers {

struct StartOptions {
  Seconds wait{300};          ///< until it answers, the fetching of a model by Ollama apart
  bool until_ready = true;    ///< false: return as soon as it is started
  bool for_this_run = false;  ///< this process will stop it
  Tell tell = [](const std::string&) {};
};

struct RunningServer {
  ServerSpec spec;
  ServerEntry entry;     ///< of what was started; empty when reused
  std::string base_url;  ///< ends in /v1
  bool reused = false;   ///< it ran before and is not ours to stop
};

/// Sends a signal to a process, or to a group as kill(2) does.
using SendSignal = std::function<int(pid_t, int)>;

class ServerHost {
 public:
  /// The clock outlives it.
  ServerHost(Clock& clock, ServerLedger ledger, SendSignal send_signal = &::kill)
      : clock_(clock), ledger_(std::move(ledger)), send_(std::move(send_signal)) {}

  /// Start what the spec says, or reuse a server on its port that serves the same model (defect X28). Throws
  /// Error: Usage for a spec that cannot hold, NotFound without the program, Unavailable when the port is
  /// another's or the server ends, Timeout, Cancelled. Nothing is left running then.
  RunningServer start(const ServerSpec& spec, const StartOptions& options, const std::stop_token& stop) const;

  /// SIGTERM, 10 s, SIGKILL, 5 s, and the entry is removed. False when that very process runs no more;
  /// whoever has its number now is left alone (defect Z9). Throws Error.
  bool stop(const ServerEntry& entry) const;

  const ServerLedger& ledger() const { return ledger_; }

 private:
  bool reuse(const ServerSpec& spec, ServerProbe& probe, const StartOptions& options,
             const std::stop_token& stop) const;
  ServerEntry launch(const ServerSpec& spec, const StartOptions& options) const;
  void await_ready(const ServerSpec& spec, const ServerEntry& entry, ServerProbe& probe, Instant limit,
                   const StartOptions& options, const std::stop_token& stop) const;
  void make_answer(const ServerSpec& spec, ServerProbe& probe, Instant limit, const StartOptions& options,
                   const std::stop_token& stop) const;
  /// Leave nothing of a server that this very call has started.
  void discard(const ServerEntry& entry) const;
  bool gone(const ServerEntry& entry, Seconds within) const;
  Clock& clock_;
  ServerLedger ledger_;
  SendSignal send_;
};

/// The last lines of a log, for a message.
std::string last_lines(const std::string& path, std::size_t lines);

}  // namespace ipw::servers
