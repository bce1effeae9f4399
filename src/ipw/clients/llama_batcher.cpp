// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/llama_batcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ipw::clients {

struct Batcher::Job {
  std::vector<int> prompt;
  const Request& request;
  std::stop_token stop;
  TokenText text;
  Response response;
  std::promise<void> finished;
};

struct Batcher::Slot {
  int sequence = 0;
  Job* job = nullptr;
  std::vector<int> cache;   ///< tokens whose keys and values the model holds
  std::size_t reused = 0;   ///< of them, found there when the request began
  std::optional<int> next;  ///< sampled, not yet decoded
  int generated = 0;
  std::optional<int> logits_at;  ///< index in the batch under way
  std::optional<Instant> begun, first_token;

  bool prefilling() const { return cache.size() < job->prompt.size(); }
};

namespace {

std::string timings_json(std::size_t prompt, std::size_t cached, Nanoseconds prefill, int generated,
                         Nanoseconds decode) {
  return fmt::format(
      R"({{"prompt_n":{},"cache_n":{},"prompt_ms":{:.6f},"predicted_n":{},"predicted_ms":{:.6f}}})",
      prompt - cached, cached, to_seconds(prefill) * 1e3, generated, to_seconds(decode) * 1e3);
}

std::size_t common_prefix(const std::vector<int>& a, const std::vector<int>& b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

Batcher::Batcher(TokenModel& model, const BatcherOptions& options, Clock& clock)
    : model_(model), options_(options), clock_(clock), slots_(static_cast<std::size_t>(options.sequences)) {
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].sequence = static_cast<int>(i);
  worker_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

Batcher::~Batcher() = default;

Response Batcher::run(std::vector<int> prompt, const Request& request, Instant sent, std::stop_token stop) {
  Job job{std::move(prompt), request, std::move(stop), TokenText(request.sampling.stop), {}, {}};
  job.response.sent = sent;
  job.response.stamps = "engine";
  auto finished = job.finished.get_future();
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(&job);
  }
  wake_.notify_one();
  finished.wait();
  return std::move(job.response);
}

void Batcher::work(const std::stop_token& stop) {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      const bool idle = std::ranges::none_of(slots_, &Slot::job);
      if (idle) wake_.wait(lock, stop, [this] { return !waiting_.empty(); });
    }
    const bool busy = admit();
    drop_ended(stop);
    if (!busy && stop.stop_requested()) return;
    if (const auto batch = gather(); !batch.empty()) step(batch);
  }
}

/// Give waiting requests to free sequences; false when nothing is to be done.
bool Batcher::admit() {
  const std::lock_guard lock(mutex_);
  for (auto& slot : slots_) {
    if (slot.job || waiting_.empty()) continue;
    assign(slot, *waiting_.front());
    waiting_.pop_front();
  }
  return std::ranges::any_of(slots_, &Slot::job);
}

void Batcher::assign(Slot& slot, Job& job) {
  // The last token of a prompt is always decoded anew: its logits are needed.
  const std::size_t common =
      options_.reuse_prefix ? std::min(common_prefix(slot.cache, job.prompt), job.prompt.size() - 1) : 0;
  slot.reused = model_.begin(slot.sequence, common, job.request.sampling);
  slot.cache.resize(slot.reused);
  slot.job = &job;
  slot.next.reset();
  slot.generated = 0;
  slot.begun.reset();
  slot.first_token.reset();
}

void Batcher::drop_ended(const std::stop_token& stop) {
  for (auto& slot : slots_) {
    if (!slot.job) continue;
    const Instant now = clock_.now();
    const bool late =
        now - slot.job->response.sent > std::chrono::duration_cast<Nanoseconds>(slot.job->request.timeout);
    if (slot.job->stop.stop_requested() || stop.stop_requested())
      finish(slot, now, "", Failure{"cancelled", "the request was cancelled"});
    else if (late)
      finish(slot, now, "",
             Failure{"timeout", fmt::format("no end after {} s", slot.job->request.timeout.count())});
  }
}

std::vector<BatchToken> Batcher::gather() {
  std::vector<BatchToken> batch;
  const auto put = [&](Slot& slot, int token, bool logits) {
    if (!slot.begun) slot.begun = clock_.now();
    if (logits) slot.logits_at = static_cast<int>(batch.size());
    batch.push_back({token, static_cast<int>(slot.cache.size()), slot.sequence, logits});
    slot.cache.push_back(token);
  };
  // Answers under way come first, so that a long prompt beside them costs them no more than one call's
  // length.
  for (auto& slot : slots_)
    if (slot.job && slot.next) put(slot, *std::exchange(slot.next, std::nullopt), true);
  for (auto& slot : slots_)
    while (slot.job && slot.prefilling() && batch.size() < options_.batch)
      put(slot, slot.job->prompt[slot.cache.size()], slot.cache.size() + 1 == slot.job->prompt.size());
  return batch;
}

void Batcher::step(const std::vector<BatchToken>& batch) {
  const auto error = model_.decode(batch);
  for (auto& slot : slots_) {
    if (error) slot.cache.clear();
    if (!slot.job) continue;
    const auto index = std::exchange(slot.logits_at, std::nullopt);
    if (error) {
      finish(slot, clock_.now(), "", Failure{"engine", *error});
    } else if (index) {
      const int token = model_.sample(slot.sequence, *index);
      take(slot, token, clock_.now());
    }
  }
}

void Batcher::take(Slot& slot, int token, Instant now) {
  Job& job = *slot.job;
  ++slot.generated;
  if (!slot.first_token) slot.first_token = now;
  if (model_.ends_generation(token)) return finish(slot, now, "stop");
  if (job.text.add(model_.piece(token))) job.response.arrivals.push_back(now);
  if (job.text.stopped()) return finish(slot, now, "stop");
  const auto limit = job.request.sampling.max_tokens;
  if ((limit && slot.generated >= *limit) || slot.cache.size() >= options_.context)
    return finish(slot, now, "length");
  slot.next = token;
}

void Batcher::finish(Slot& slot, Instant now, std::string reason, std::optional<Failure> failure) {
  Job& job = *std::exchange(slot.job, nullptr);
  Response& response = job.response;
  response.done = now;
  response.content = job.text.finish();
  response.finish_reason = std::move(reason);
  response.failure = std::move(failure);
  if (!response.content.empty() && response.arrivals.empty()) response.arrivals.push_back(now);
  response.usage = {static_cast<std::int64_t>(job.prompt.size()), slot.generated,
                    static_cast<std::int64_t>(slot.reused), std::nullopt, "engine"};
  if (slot.begun && slot.first_token) {
    response.prefill = Seconds(*slot.first_token - *slot.begun);
    response.decode = Seconds(now - *slot.first_token);
    response.timings_json = timings_json(job.prompt.size(), slot.reused, *slot.first_token - *slot.begun,
                                         slot.generated, now - *slot.first_token);
  }
  job.finished.set_value();
}

}  // namespace ipw::clients
