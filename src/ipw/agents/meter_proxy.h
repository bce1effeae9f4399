// SPDX-License-Identifier: Apache-2.0
// A proxy between agents and the model's server, which passes every byte on as it comes and notes what each
// call took. Any agent that can be told a base URL and a key can be measured by it.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipw/agents/model_api.h"
#include "ipw/base/clock.h"

namespace ipw::agents {

/// One call of a model, as it went over the wire.
struct ModelCall {
  std::int64_t id = 0;
  std::string key;  ///< the task's
  ModelApi api = ModelApi::Chat;
  std::string model;
  Instant sent{}, done{};  ///< to and from the server
  int http_status = 0;     ///< 0: no answer
  std::string trouble;     ///< why the transfer has no whole answer
  bool hung_up = false;    ///< the agent went before the end
  std::vector<clients::StreamEvent> events;
  std::string body;  ///< of an answer that is no stream

  /// Read tokens, text and times. Costs time: not for the proxy's thread.
  clients::Response read() const;
};

/// Hear of calls, on the proxy's thread; must not block.
class CallSink {
 public:
  virtual ~CallSink() = default;
  /// Why the call must not be made, such as a limit that is reached; nothing lets it through.
  virtual std::string begun(std::int64_t call, const std::string& key, const std::string& model,
                            Instant at) = 0;
  /// The first event of a stream that carries text of any channel has arrived.
  virtual void first_token(std::int64_t call, Instant at) = 0;
  virtual void ended(ModelCall call) = 0;
};

struct ProxyOptions {
  std::string upstream;               ///< base URL of the server; "/v1" is added where it is missing
  std::string api_key;                ///< for the server; empty: the agent's own, unless keys are handed out
  std::string address = "127.0.0.1";  ///< to listen at; a container bridge's for agents in containers
  int port = 0;
  bool hands_out_keys = true;  ///< false: any key, or none, is let through
  Seconds timeout{3600};       ///< of one call
};

/// Runs until destroyed. Thread-safe.
class MeterProxy {
 public:
  virtual ~MeterProxy() = default;
  virtual int port() const = 0;
  /// A key for one task; calls with it are told to the sink under it.
  virtual std::string new_key() = 0;
  /// Refuse the key from now on.
  virtual void revoke(const std::string& key) = 0;
  /// Serve another listening socket as well, such as one in a sandbox's own network, until it is let go of by
  /// the token. It is the proxy's from now on.
  virtual int adopt(int listening_socket) = 0;
  virtual void let_go(int token) = 0;
};

/// `clock` and `sink` outlive it. Throws Error(Usage | Unavailable).
std::unique_ptr<MeterProxy> start_proxy(const ProxyOptions& options, Clock& clock, CallSink& sink);

}  // namespace ipw::agents
