// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/terminus_chat.h"

#include <algorithm>

#include "ipw/agents/react_model.h"
#include "ipw/agents/terminus_prompts.h"
#include "ipw/base/registry.h"
#include "ipw/base/text.h"

namespace ipw::agents {
namespace {

constexpr int kAttempts = 3;
constexpr std::size_t kLastScreen = 1000;  ///< characters, where nothing else fits

std::unique_ptr<clients::Client> make_client(const ModelAccess& model, Clock& clock) {
  clients::ClientOptions options;
  options.base_url = model.base_url;
  options.api_key = model.key;
  options.clock = &clock;
  return require("client", clients::clients(), "openai").make(options);
}

/// Three characters a token: what the Python suite reckons with, on the safe side of most tokenisers.
std::int64_t estimate(const std::string& text) {
  return static_cast<std::int64_t>(text.size() / 3);
}

bool worth_another(const clients::Failure& failure) {
  return failure.kind == "connect" || failure.kind == "protocol" || failure.http_status == 429 ||
         failure.http_status >= 500;
}

}  // namespace

TerminusChat::TerminusChat(const ChatSettings& settings, const ModelAccess& model, Clock& clock,
                           std::string instruction)
    : settings_(settings),
      model_(model.model),
      instruction_(std::move(instruction)),
      clock_(clock),
      client_(make_client(model, clock)) {}

clients::Response TerminusChat::send(const std::vector<clients::Message>& messages, const Limits& limits) {
  clients::Request request{model_, messages, {}, Seconds(0)};
  request.sampling.temperature = settings_.temperature;
  request.sampling.max_tokens = settings_.max_tokens;
  clients::Response response;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    request.timeout = limits.deadline - clock_.now();
    if (request.timeout <= Seconds(0) || limits.stop.stop_requested()) {
      const bool stopped = limits.stop.stop_requested();
      response.failure = clients::Failure{stopped ? "cancelled" : "timeout", "the task's time was over"};
      return response;
    }
    response = client_->complete(request, limits.stop);
    if (!response.failure || !worth_another(*response.failure)) break;
    clock_.sleep_until(std::min(limits.deadline, clock_.now() + std::chrono::seconds(1 << attempt)));
  }
  return response;
}

/// The server's own count as far as it goes.
std::int64_t TerminusChat::tokens(const std::string& prompt) const {
  std::int64_t sum = told_tokens_ + estimate(prompt);
  for (auto i = told_messages_; i < messages_.size(); ++i) sum += estimate(messages_[i].content);
  return sum;
}

clients::Response TerminusChat::ask(std::string prompt, Terminal& terminal, Instant deadline,
                                    const std::stop_token& stop) {
  const Limits limits{deadline, stop};
  if (first_.empty()) first_ = prompt;
  if (settings_.summarize && settings_.context_limit && messages_.size() > 1 &&
      *settings_.context_limit - tokens(prompt) < settings_.keep_free)
    if (auto handoff = summarize(terminal, limits); !handoff.empty()) prompt = std::move(handoff);
  messages_.push_back({"user", std::move(prompt)});
  auto response = send(messages_, limits);
  if (response.failure && says_too_long(*response.failure) && settings_.summarize) {
    messages_.pop_back();
    messages_.push_back({"user", shorten(terminal, limits)});
    response = send(messages_, limits);
  }
  if (response.failure) return response;
  messages_.push_back({"assistant", response.content});
  const auto& usage = response.usage;
  if (usage.prompt_tokens && usage.completion_tokens) {
    told_tokens_ = *usage.prompt_tokens + *usage.completion_tokens;
    told_messages_ = messages_.size();
  }
  return response;
}

/// The newest pairs of prompt and reply go first; half of them where the context's size is unknown.
void TerminusChat::drop_pairs(std::int64_t free) {
  restart_count();
  if (!settings_.context_limit) return messages_.resize((messages_.size() / 2 + 1) / 2 * 2);
  while (messages_.size() > 2 && *settings_.context_limit - tokens({}) < free)
    messages_.resize(messages_.size() - 2);
}

void TerminusChat::restart_count() {
  told_messages_ = 0;
  told_tokens_ = 0;
}

/// Three calls: a summary, questions from a fresh context, answers. Returns the prompt to go on with, empty
/// where a call failed.
std::string TerminusChat::summarize(Terminal& terminal, const Limits& limits) {
  ++summaries_;
  auto history = messages_;
  history.push_back({"user", terminus_summary_request(instruction_)});
  const auto summary = send(history, limits);
  if (summary.failure) return {};
  history.push_back({"assistant", summary.content});
  const auto asked = terminus_questions_request(instruction_, summary.content, terminal.screen());
  const auto questions = send({{"user", asked}}, limits);
  if (questions.failure) return {};
  history.push_back({"user", terminus_answers_request(questions.content)});
  const auto answers = send(history, limits);
  if (answers.failure) return {};
  messages_ = {{"user", first_ + "\n\n" + asked}, {"assistant", questions.content}};
  restart_count();
  return terminus_handoff(answers.content);
}

/// After a refusal: make room, then a full summary, else a short one, else the task and the end of the
/// screen.
std::string TerminusChat::shorten(Terminal& terminal, const Limits& limits) {
  drop_pairs(settings_.freed);
  if (auto handoff = summarize(terminal, limits); !handoff.empty()) return handoff;
  auto screen = terminal.screen();
  const auto start = screen.size() - std::min(screen.size(), kLastScreen);
  screen = to_valid_utf8(screen.substr(start));
  const auto brief = send({{"user", terminus_summary_request(instruction_) + "\n\n" + screen}}, limits);
  messages_.clear();
  restart_count();
  return first_ + "\n\n" + terminus_short_handoff(instruction_, brief.failure ? "" : brief.content, screen);
}

}  // namespace ipw::agents
