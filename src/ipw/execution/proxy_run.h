// SPDX-License-Identifier: Apache-2.0
// The metering proxy by itself: whoever asks a model through it, each call is told with what it took.
#pragma once
#include <functional>
#include <stop_token>

#include "ipw/agents/meter_proxy.h"
#include "ipw/execution/profile.h"
#include "ipw/records/query_record.h"

namespace ipw::execution {

/// One call: `record.query_id` is its number, `record.subject` the model, tokens, latency, energy and cost as
/// of a query.
struct ProxiedCall {
  agents::ModelApi api;
  records::QueryRecord record;
};

struct ProxyTotals {
  std::size_t calls = 0, failed = 0;
  std::int64_t input_tokens = 0, output_tokens = 0;
  double joules = 0;
  std::size_t with_energy = 0;
};

struct ProxyRequest {
  ProfileConfig config;  ///< its sensors and prices; nothing else of it is used
  agents::ProxyOptions proxy;
};

/// Serve until asked to stop. `started` is told the port, `call` every call once its readings have arrived,
/// both on the calling thread. Throws Error.
ProxyTotals run_proxy(const ProxyRequest& request, const Surroundings& around, Observer& observer,
                      const std::function<void(int port)>& started,
                      const std::function<void(const ProxiedCall&)>& call, const std::stop_token& stop);

}  // namespace ipw::execution
