// SPDX-License-Identifier: Apache-2.0
// Continuous batching: requests from several threads share decode calls, each as its own sequence (Orca, OSDI
// 2022).
#pragma once
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/clients/client.h"
#include "ipw/clients/token_text.h"

namespace ipw::clients {

/// One token of a decode call.
struct BatchToken {
  int token = 0, position = 0, sequence = 0;
  bool logits = false;  ///< the next token will be sampled here
};

/// A language model over token ids with a KV cache per sequence. Used by one thread at a time.
class TokenModel {
 public:
  virtual ~TokenModel() = default;
  /// Run the tokens through the model; a message when that failed.
  virtual std::optional<std::string> decode(std::span<const BatchToken> batch) = 0;
  /// Start a request on a sequence: keep at most this many positions of its cache and take its sampling
  /// rules. Returns the positions that are kept.
  virtual std::size_t begin(int sequence, std::size_t keep, const Sampling& sampling) = 0;
  /// Choose the token that follows the batch's token at this index.
  virtual int sample(int sequence, int batch_index) = 0;
  virtual std::string piece(int token) const = 0;
  virtual bool ends_generation(int token) const = 0;
};

struct BatcherOptions {
  int sequences = 1;
  std::size_t context = 4096;  ///< tokens of one sequence
  std::size_t batch = 512;     ///< tokens of one decode call
  bool reuse_prefix = false;
};

/// Own the thread that decodes. run() is thread-safe.
class Batcher {
 public:
  Batcher(TokenModel& model, const BatcherOptions& options, Clock& clock);
  /// Ends what still runs as cancelled.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  /// Answer a tokenised request. Stamps are taken when a token has been sampled.
  Response run(std::vector<int> prompt, const Request& request, Instant sent, std::stop_token stop);

 private:
  struct Job;
  struct Slot;
  bool admit();
  void assign(Slot& slot, Job& job);
  void drop_ended(const std::stop_token& stop);
  std::vector<BatchToken> gather();
  void step(const std::vector<BatchToken>& batch);
  void take(Slot& slot, int token, Instant now);
  void finish(Slot& slot, Instant now, std::string reason, std::optional<Failure> failure = {});
  void work(const std::stop_token& stop);

  TokenModel& model_;
  BatcherOptions options_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Job*> waiting_;  // guarded by mutex_
  std::vector<Slot> slots_;   // only the worker's
  std::jthread worker_;
};

}  // namespace ipw::clients
