// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/recorder.h"

#include <fmt/format.h>

#include "ipw/base/hash.h"
#include "ipw/base/text.h"
#include "ipw/execution/scoring.h"

namespace ipw::execution {
namespace {

records::Latency latency_of(const clients::Response& response) {
  records::Latency latency;
  latency.total_seconds = to_seconds(response.done - response.sent);
  latency.clock = response.stamps;
  if (!response.arrivals.empty())
    latency.ttft_seconds = to_seconds(response.arrivals.front() - response.sent);
  for (std::size_t i = 1; i < response.arrivals.size(); ++i)
    latency.itl_seconds.push_back(to_seconds(response.arrivals[i] - response.arrivals[i - 1]));
  if (response.prefill) latency.prefill_seconds = response.prefill->count();
  if (response.decode) latency.decode_seconds = response.decode->count();
  return latency;
}

/// The identity of what was sent: every message with its role, and the sampling that shapes the answer.
std::string prompt_identity(const clients::Request& request) {
  std::string text;
  for (const auto& message : request.messages) {
    text += fmt::format("{}\x1f{}\x1e", message.role, message.content);
    for (const auto& image : message.images) text += fmt::format("{}\x1d", image);
  }
  return sha256_hex(text);
}

}  // namespace

clients::Request make_request(const datasets::Question& question, const datasets::DatasetInfo& dataset,
                              const std::string& model, const clients::Sampling& sampling, Seconds timeout) {
  clients::Request request;
  request.model = model;
  request.sampling = sampling;
  request.timeout = timeout;
  if (!request.sampling.max_tokens && dataset.max_tokens > 0)
    request.sampling.max_tokens = dataset.max_tokens;
  if (!dataset.system_prompt.empty()) request.messages.push_back({"system", dataset.system_prompt});
  request.messages.push_back({"user", question.problem, question.images});
  return request;
}

records::QueryRecord make_record(const datasets::Question& question, const clients::Request& request,
                                 const clients::Response& response, Instant run_start, WallTime started) {
  records::QueryRecord record;
  record.index = question.index;
  record.query_id = question.id.empty() ? fmt::format("q{:04}", question.index) : question.id;
  record.problem = question.problem;
  record.answer = question.answer;
  record.subject = question.subject;
  record.dataset_metadata = question.metadata;
  record.prompt_sha256 = prompt_identity(request);
  record.response = to_valid_utf8(response.content);
  record.reasoning = to_valid_utf8(response.reasoning);
  record.finish_reason = response.failure ? "error" : response.finish_reason;
  if (response.failure)
    record.failure = records::RecordFailure{response.failure->kind, response.failure->message,
                                            response.failure->http_status};
  record.started_unix_ns = unix_nanos(started);
  record.started_seconds = to_seconds(response.sent - run_start);
  record.latency = latency_of(response);
  record.tokens = tokens_of(response);
  record.server_timings = response.timings_json;
  record.evaluation = evaluate(question, response);
  return record;
}

records::Tokens tokens_of(const clients::Response& response) {
  return {response.usage.prompt_tokens, response.usage.completion_tokens, response.usage.cached_tokens,
          response.usage.reasoning_tokens, response.usage.source};
}

records::Evaluation evaluate(const datasets::Question& question, const clients::Response& response) {
  records::Evaluation evaluation;
  evaluation.scorer = question.scorer;
  if (response.failure) {
    evaluation.correct = false;
    evaluation.reason = "the query failed: " + response.failure->kind;
    return evaluation;
  }
  return score_answer(question, response.content, response.finish_reason, nullptr);
}

void add_window(records::QueryRecord& record, telemetry::WindowReport window) {
  record.energy = std::move(window.energies);
  record.gpu_power_watts = window.gpu_power_watts;
  record.cpu_power_watts = window.cpu_power_watts;
  record.temperature_celsius = window.temperature_celsius;
  record.cpu_memory_mb = window.cpu_memory_mb;
  record.gpu_memory_mb = window.gpu_memory_mb;
  record.gpu_utilization_pct = window.gpu_utilization_pct;
  record.gpu_memory_bandwidth_pct = window.gpu_memory_bandwidth_pct;
  record.gpu_memory_total_mb = window.gpu_memory_total_mb;
  record.devices = std::move(window.devices);
}

}  // namespace ipw::execution
