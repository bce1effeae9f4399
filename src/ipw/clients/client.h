// SPDX-License-Identifier: Apache-2.0
// An inference engine or server, as the harness sees it.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/base/params.h"
#include "ipw/base/registry.h"

namespace ipw::clients {

struct Message {
  std::string role, content;
  std::vector<std::string> images = {};  ///< data: URLs; a client that cannot see notes that it left them out
};

struct Sampling {
  double temperature = 0;
  std::optional<double> top_p;
  std::optional<int> max_tokens;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> stop;
};

struct Request {
  std::string model;
  std::vector<Message> messages;
  Sampling sampling;
  Seconds timeout{600};
  std::string
      reply_schema;  ///< JSON schema of the answer, for servers that can hold a model to one; else ignored
};

struct Usage {
  std::optional<std::int64_t> prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens;
  std::string source;  ///< "server", "engine" or "counted"; empty when nothing is known
};

/// Why an answer is missing or incomplete. `kind`: connect, timeout, http, protocol, server, cancelled,
/// engine.
struct Failure {
  std::string kind, message;
  int http_status = 0;
};

struct Response {
  std::string content, reasoning, finish_reason;
  Usage usage;
  Instant sent{}, done{};
  std::vector<Instant>
      arrivals;  ///< one per event that carried text of any channel, in order; the first gives TTFT
  std::string stamps = "client";           ///< who stamped them: "kernel", "client" or "engine"
  std::optional<Seconds> prefill, decode;  ///< as the engine or server reports them
  std::string timings_json;              ///< JSON object text of the server's own usage and timings, verbatim
  std::optional<Failure> failure;        ///< what came before it is kept
  std::optional<Instant> first_content;  ///< first event of the answer itself, after any reasoning
  std::string tool_calls_json;           ///< JSON array text of the calls in OpenAI's form, empty when none
  std::vector<std::string> notes;        ///< what a reader of the numbers should know of this answer
};

/// What a client tells of itself for the run's summary.
struct Description {
  std::string base_url, server, version;
  std::vector<std::string> models;
  std::vector<std::string> warnings;
  std::string details_json;  ///< JSON object text
};

/// Answer requests. complete() is thread-safe and may run on as many threads as `concurrency` at
/// construction.
class Client {
 public:
  virtual ~Client() = default;
  /// Check that the server lives and the model is there; load it. Throws Error with a hint.
  virtual Description prepare(const std::string& model) = 0;
  /// Answer one request, to its end or its failure. Never throws for what the server does.
  virtual Response complete(const Request& request, std::stop_token stop) = 0;
};

struct ClientOptions {
  std::string base_url;  ///< empty: the client's own default
  std::string api_key;
  Params params;  ///< --client-param; unknown keys throw Error(Usage)
  int concurrency = 1;
  Clock* clock = nullptr;
};

using ClientEntry = Entry<Client, const ClientOptions&>;
/// The registry: clients.cpp.
std::span<const ClientEntry> clients();
/// The part of ipw that a client opens when it is used (base/module.h), empty where it needs none.
std::string_view module_of(std::string_view client);

}  // namespace ipw::clients
