// SPDX-License-Identifier: Apache-2.0
// An OpenAI-compatible server whose load the simulated machine follows, and which knows what each request
// has truly cost.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/http/server.h"
#include "ipw/sim/load.h"
#include "ipw/sim/machine.h"
#include "ipw/sim/reply_plan.h"

namespace ipw::sim {

/// The true energy of one device between two instants; idle + requests = device, up to rounding.
struct DeviceTruth {
  std::string name, vendor;
  double joules = 0, idle_joules = 0, request_joules = 0;
};

struct Report {
  double seconds = 0;
  std::size_t requests = 0, abandoned = 0;  ///< abandoned: the client went before the end
  std::size_t prompt_tokens = 0, output_tokens = 0;
  std::vector<DeviceTruth> devices;
};
Json to_json(const Report& report);

/// POST /v1/chat/completions and /v1/completions (streamed or whole), GET /v1/models, /health, and /sim/truth
/// with the true energies so far, or with ?from_ns=A&to_ns=B those between two instants of CLOCK_MONOTONIC.
/// The usage of each answer holds `ipw_sim`: the request's true joules by device. One thread at a time, as
/// http::serve() calls it.
class InferenceServer {
 public:
  InferenceServer(const Machine& machine, ServerOptions options, Clock& clock);
  ~InferenceServer();
  InferenceServer(const InferenceServer&) = delete;
  InferenceServer& operator=(const InferenceServer&) = delete;

  http::ServerResponse answer(const http::ServerRequest& request);
  /// From the epoch until now. Call it when no thread answers any more.
  Report report() const;

 private:
  struct State;
  class Reply;
  http::ServerResponse complete(const http::ServerRequest& request, bool chat);
  http::ServerResponse truth(const std::string& target) const;
  std::shared_ptr<State> state_;
};

}  // namespace ipw::sim
