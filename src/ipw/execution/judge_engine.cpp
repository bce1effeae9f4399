// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/judge_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <semaphore>

#include "ipw/base/error.h"
#include "ipw/base/hash.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/execution/judge_cache.h"
#include "ipw/execution/judge_reply.h"

namespace ipw::execution {
namespace {

using evaluation::JudgeReply;
using evaluation::JudgeRequest;

constexpr Seconds kLongestWait{60};

/// "simpleqa" of "simpleqa/1".
std::string rule_of(std::string_view rubric) {
  return std::string(rubric.substr(0, rubric.find('/')));
}

bool passes_by_itself(const clients::Failure& failure) {
  if (failure.kind == "connect" || failure.kind == "timeout") return true;
  return failure.http_status == 408 || failure.http_status == 429 || failure.http_status >= 500;
}

class Engine final : public JudgeEngine {
 public:
  Engine(const JudgeConfig& config, std::unique_ptr<clients::Client> client, Clock& clock, JudgeSink* sink)
      : config_(config),
        client_(std::move(client)),
        clock_(clock),
        sink_(sink),
        cache_(config.cache),
        slots_(std::max(1, config.concurrency)) {}

  JudgeReply ask(const JudgeRequest& request) override;
  JudgeUsage usage() const override {
    const std::lock_guard lock(mutex_);
    return usage_;
  }

 private:
  std::string key(const JudgeRequest& request) const;
  clients::Request wire(const JudgeRequest& request) const;
  const std::string& instructions(const JudgeRequest& request) const;
  JudgeReply ask_server(const JudgeRequest& request, JudgeRecord& record);
  JudgeReply complete(const clients::Request& request, JudgeRecord& record);
  void pause(Seconds wait);
  void tell(const JudgeRecord& record);

  const JudgeConfig config_;
  std::unique_ptr<clients::Client> client_;
  Clock& clock_;
  JudgeSink* sink_;
  JudgeCache cache_;
  std::counting_semaphore<> slots_;
  mutable std::mutex mutex_;
  JudgeUsage usage_;
};

std::string Engine::key(const JudgeRequest& request) const {
  const Json parts = {config_.client,
                      config_.base_url,
                      config_.model,
                      config_.temperature,
                      config_.max_tokens.value_or(request.max_tokens),
                      worded(config_, request.rubric),
                      instructions(request) + request.form,
                      request.text,
                      request.schema_json};
  return sha256_hex(dump_json(parts));
}

const std::string& Engine::instructions(const JudgeRequest& request) const {
  const auto own = config_.rubrics.find(rule_of(request.rubric));
  return own == config_.rubrics.end() ? request.instructions : own->second;
}

clients::Request Engine::wire(const JudgeRequest& request) const {
  clients::Request out;
  out.model = config_.model;
  if (const auto system = instructions(request) + request.form; !system.empty())
    out.messages.push_back({"system", system});
  out.messages.push_back({"user", request.text});
  out.sampling.temperature = config_.temperature;
  out.sampling.max_tokens = config_.max_tokens.value_or(request.max_tokens);
  out.timeout = config_.timeout;
  out.reply_schema = request.schema_json;
  return out;
}

void Engine::pause(Seconds wait) {
  constexpr Nanoseconds kTurn = std::chrono::milliseconds(100);
  const auto end = clock_.now() + std::chrono::duration_cast<Nanoseconds>(wait);
  for (auto now = clock_.now(); now < end && !config_.stop.stop_requested(); now = clock_.now())
    clock_.sleep_until(std::min(end, now + kTurn));
}

/// One question with its retries.
JudgeReply Engine::complete(const clients::Request& request, JudgeRecord& record) {
  Seconds wait = config_.first_wait;
  for (int attempt = 1;; ++attempt) {
    const auto response = client_->complete(request, config_.stop);
    ++record.attempts;
    record.prompt_tokens += response.usage.prompt_tokens.value_or(0);
    record.completion_tokens += response.usage.completion_tokens.value_or(0);
    if (!response.failure) {
      if (!trim(response.content).empty()) return {response.content, {}, false};
      return {std::nullopt, fmt::format("the judge wrote nothing (finish: {})", response.finish_reason),
              false};
    }
    if (attempt >= config_.attempts || config_.stop.stop_requested() || !passes_by_itself(*response.failure))
      return {std::nullopt,
              fmt::format("the judge failed after {} attempt(s): {}", attempt, response.failure->message),
              false};
    pause(wait);
    wait = std::min(wait * 2, kLongestWait);
  }
}

/// Ask, and where the form of the reply is at fault, show the fault and ask once more.
JudgeReply Engine::ask_server(const JudgeRequest& request, JudgeRecord& record) {
  auto question = wire(request);
  auto reply = complete(question, record);
  if (!reply.text || request.schema_json.empty()) return reply;
  auto object = find_reply(*reply.text, request.schema_json);
  if (!object) {
    question.messages.push_back({"assistant", *reply.text});
    question.messages.push_back(
        {"user", fmt::format("Your reply cannot be read: {}. Reply with one JSON object and nothing else, of "
                             "this schema: {}",
                             object.error(), request.schema_json)});
    reply = complete(question, record);
    if (!reply.text) return reply;
    object = find_reply(*reply.text, request.schema_json);
  }
  if (object) return {*object, {}, false};
  return {std::nullopt, "the judge's reply cannot be read, asked twice: " + object.error(), false};
}

void Engine::tell(const JudgeRecord& record) {
  {
    const std::lock_guard lock(mutex_);
    ++usage_.judgements;
    usage_.cached += record.cached;
    usage_.failed += !record.error.empty();
    usage_.attempts += record.attempts;
    usage_.prompt_tokens += record.prompt_tokens;
    usage_.completion_tokens += record.completion_tokens;
  }
  if (sink_) sink_->judged(record);
}

JudgeReply Engine::ask(const JudgeRequest& request) {
  JudgeRecord record{.rubric = request.rubric, .key = key(request)};
  if (auto kept = cache_.find(record.key)) {
    record.cached = true;
    tell(record);
    return {std::move(kept), {}, true};
  }
  slots_.acquire();
  record.sent = clock_.now();
  auto reply = ask_server(request, record);
  record.done = clock_.now();
  slots_.release();
  if (reply.text) {
    try {
      cache_.keep(record.key, *reply.text);
    } catch (const Error& error) {
      reply = {std::nullopt, std::string("the judge's reply cannot be kept: ") + error.what(), false};
    }
  }
  record.error = reply.error;
  tell(record);
  return reply;
}

}  // namespace

std::string worded(const JudgeConfig& config, std::string_view rubric) {
  const auto own = config.rubrics.find(rule_of(rubric));
  if (own == config.rubrics.end()) return std::string(rubric);
  return fmt::format("{}/sha256:{}", own->first, sha256_hex(own->second).substr(0, 12));
}

std::unique_ptr<JudgeEngine> make_judge(const JudgeConfig& config, std::unique_ptr<clients::Client> client,
                                        Clock& clock, JudgeSink* sink) {
  return std::make_unique<Engine>(config, std::move(client), clock, sink);
}

std::unique_ptr<JudgeEngine> make_judge(const JudgeConfig& config, Clock& clock, JudgeSink* sink) {
  if (config.model.empty())
    throw Error(ErrorCode::Usage, "the judge has no model", "name the model that judges");
  clients::ClientOptions options;
  options.base_url = config.base_url;
  options.api_key = config.api_key;
  options.concurrency = std::max(1, config.concurrency);
  options.clock = &clock;
  auto client = require<clients::ClientEntry>("client", clients::clients(), config.client).make(options);
  try {
    client->prepare(config.model);
  } catch (Error& error) {
    error.with_context("preparing the judge");
    throw;
  }
  return make_judge(config, std::move(client), clock, sink);
}

}  // namespace ipw::execution
