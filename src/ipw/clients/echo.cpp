// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/echo.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "ipw/base/error.h"
#include "ipw/clients/parameters.h"

namespace ipw::clients {
namespace {

constexpr std::array<std::string_view, 5> kParams = {"answer", "fail_every", "itl_ms", "tokens", "ttft_ms"};

std::int64_t whole(const Params& params, std::string_view key, std::int64_t fallback) {
  const auto value = params.integer(key).value_or(fallback);
  if (value >= 0) return value;
  throw Error(ErrorCode::Usage, fmt::format("parameter {}={} of echo is negative", key, value));
}

Nanoseconds milliseconds(const Params& params, std::string_view key) {
  const double value = params.number(key).value_or(0);
  if (value >= 0) return from_seconds(value / 1e3);
  throw Error(ErrorCode::Usage, fmt::format("parameter {}={} of echo is negative", key, value));
}

/// Words stand for tokens: runs of non-blanks.
std::int64_t count_words(std::string_view text) {
  std::int64_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t';
    words += !blank && !inside;
    inside = !blank;
  }
  return words;
}

class Echo final : public Client {
 public:
  explicit Echo(const ClientOptions& options) : clock_(*options.clock) {
    const Params& params = options.params;
    params.allow("echo", kParams);
    answer_ = params.get("answer");
    ttft_ = milliseconds(params, "ttft_ms");
    itl_ = milliseconds(params, "itl_ms");
    fail_every_ = whole(params, "fail_every", 0);
    tokens_ = whole(params, "tokens", 0);
  }

  Description prepare(const std::string& model) override {
    return {"in-process", "echo", IPW_VERSION, {model}, {}, "{}"};
  }
  Response complete(const Request& request, std::stop_token stop) override;

 private:
  std::int64_t stream(Response& response, std::int64_t tokens, const std::stop_token& stop);
  void wait_until(Instant deadline) {
    if (deadline > clock_.now()) clock_.sleep_until(deadline);
  }
  Clock& clock_;
  std::optional<std::string> answer_;
  Nanoseconds ttft_{0}, itl_{0};
  std::int64_t fail_every_ = 0, tokens_ = 0;
  std::atomic<std::int64_t> requests_{0};
};

/// Let the tokens arrive; how many did before the request was cancelled.
std::int64_t Echo::stream(Response& response, std::int64_t tokens, const std::stop_token& stop) {
  for (std::int64_t i = 0; i < tokens; ++i) {
    wait_until(response.sent + ttft_ + i * itl_);
    if (stop.stop_requested()) return i;
    response.arrivals.push_back(clock_.now());
  }
  return tokens;
}

Response Echo::complete(const Request& request, std::stop_token stop) {
  Response response;
  response.sent = clock_.now();
  response.stamps = "engine";
  note_unseen_images(request, response);
  const std::string& prompt = request.messages.empty() ? request.model : request.messages.back().content;
  const auto number = ++requests_;
  if (fail_every_ > 0 && number % fail_every_ == 0) {
    response.done = clock_.now();
    response.failure = Failure{
        "server", fmt::format("echo fails every {} requests, this was number {}", fail_every_, number), 503};
    return response;
  }
  response.content = answer_.value_or(prompt);
  std::int64_t tokens = tokens_ > 0 ? tokens_ : count_words(response.content);
  response.finish_reason = "stop";
  if (const auto limit = request.sampling.max_tokens; limit && tokens > *limit) {
    tokens = *limit;
    response.finish_reason = "length";
  }
  const auto arrived = stream(response, tokens, stop);
  response.done = clock_.now();
  response.usage = {count_words(prompt), arrived, 0, std::nullopt, "engine"};
  if (arrived > 0) response.prefill = Seconds(response.arrivals.front() - response.sent);
  if (arrived > 0) response.decode = Seconds(response.done - response.arrivals.front());
  if (arrived < tokens) {
    response.finish_reason.clear();
    response.failure = Failure{"cancelled", "the request was cancelled"};
  }
  return response;
}

}  // namespace

std::unique_ptr<Client> make_echo(const ClientOptions& options) {
  return std::make_unique<Echo>(options);
}

}  // namespace ipw::clients
