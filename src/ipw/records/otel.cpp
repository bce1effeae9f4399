// SPDX-License-Identifier: Apache-2.0
// otlp_traces.jsonl: a line for each task, an OTLP/JSON export request as the OpenTelemetry collector's
// otlpjsonfile receiver reads it. Names of spans and attributes follow the semantic conventions for
// generative AI (opentelemetry.io/docs/specs/semconv/gen-ai, 1.41); what they lack begins with "ipw.".
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/hash.h"
#include "ipw/records/record_json.h"
#include "ipw/records/run_folder.h"
#include "ipw/records/task_exports.h"

namespace ipw::records {
namespace {

constexpr int kInternal = 1, kClient = 3;  // opentelemetry.proto.trace.v1.Span.SpanKind
constexpr int kError = 2;                  // Status.StatusCode

/// Attributes as OTLP writes them: typed values, 64-bit integers as text.
class Attributes {
 public:
  void add(const std::string& key, const std::string& value) { push(key, {{"stringValue", value}}); }
  void add(const std::string& key, double value) { push(key, {{"doubleValue", value}}); }
  void add(const std::string& key, std::int64_t value) { push(key, {{"intValue", fmt::to_string(value)}}); }
  void add(const std::string& key, bool value) { push(key, {{"boolValue", value}}); }
  template <class T>
  void add(const std::string& key, const std::optional<T>& value) {
    if (value) add(key, *value);
  }
  void add_list(const std::string& key, const std::string& only) {
    push(key, {{"arrayValue", {{"values", Json::array({{{"stringValue", only}}})}}}});
  }
  Json take() { return std::move(list_); }

 private:
  void push(const std::string& key, Json value) {
    list_.push_back({{"key", key}, {"value", std::move(value)}});
  }
  Json list_ = Json::array();
};

void add_energies(Attributes& out, const std::vector<DomainEnergy>& energies) {
  for (const auto& e : energies) {
    if (!e.joules) continue;
    out.add("ipw.energy." + e.domain + ".joules", *e.joules);
    out.add("ipw.energy." + e.domain + ".half_width_joules", e.half_width_joules);
  }
}

void describe_model(Attributes& out, const Span& span, const Json& told) {
  out.add("gen_ai.operation.name", std::string("chat"));
  out.add("gen_ai.request.model", span.name);
  out.add("gen_ai.usage.input_tokens", span.tokens.input);
  out.add("gen_ai.usage.output_tokens", span.tokens.output);
  out.add("gen_ai.usage.cache_read.input_tokens", span.tokens.cached);
  out.add("gen_ai.usage.reasoning.output_tokens", span.tokens.reasoning);
  if (const Json& why = member(told, "finish_reason"); why.is_string() && !why.get<std::string>().empty())
    out.add_list("gen_ai.response.finish_reasons", why.get<std::string>());
  out.add("gen_ai.response.time_to_first_chunk", span.ttft_seconds);
  if (span.cost) out.add("ipw.cost.usd", span.cost->total_usd);
}

void describe_tool(Attributes& out, const Span& span, const Json& told) {
  out.add("gen_ai.operation.name", std::string("execute_tool"));
  out.add("gen_ai.tool.name", span.name);
  out.add("gen_ai.tool.type", std::string("function"));
  if (const Json& arguments = member(told, "arguments"); !arguments.is_null())
    out.add("gen_ai.tool.call.arguments", dump_json(arguments));
  if (const Json& result = member(told, "result"); result.is_string())
    out.add("gen_ai.tool.call.result", result.get<std::string>());
}

void describe_task(Attributes& out, const QueryRecord& r, const std::string& agent) {
  out.add("gen_ai.operation.name", std::string("invoke_agent"));
  out.add("gen_ai.agent.name", agent);
  out.add("gen_ai.usage.input_tokens", r.tokens.input);
  out.add("gen_ai.usage.output_tokens", r.tokens.output);
  out.add("ipw.task.id", r.query_id);
  if (r.evaluation) out.add("ipw.task.resolved", r.evaluation->correct);
  if (r.cost) out.add("ipw.cost.usd", r.cost->total_usd);
}

std::string span_name(const Span& span, const std::string& agent) {
  if (is_model(span)) return "chat " + span.name;
  if (span.kind == "tool") return "execute_tool " + span.name;
  return "invoke_agent " + agent;
}

class Task {
 public:
  Task(const QueryRecord& record, const std::string& session, std::string agent)
      : record_(record),
        agent_(std::move(agent)),
        trace_(sha256_hex(fmt::format("{}/{}", session, record.index)).substr(0, 32)) {}

  Json span(const Span& span) const {
    const Json told = parse_json(span.attributes).value_or(Json::object());
    Attributes attributes;
    if (is_model(span)) describe_model(attributes, span, told);
    if (span.kind == "tool") describe_tool(attributes, span, told);
    if (span.kind == "task") describe_task(attributes, record_, agent_);
    add_energies(attributes, span.energy);
    attributes.add("ipw.own_seconds", span.own_seconds);
    const auto failure = span.kind == "task" ? record_.failure : span.failure;
    if (failure) attributes.add("error.type", failure->kind);
    Json out = {{"traceId", trace_},
                {"spanId", id(span.id)},
                {"name", span_name(span, agent_)},
                {"kind", is_model(span) ? kClient : kInternal},
                {"startTimeUnixNano", nanos(span.begin_seconds)},
                {"endTimeUnixNano", nanos(span.end_seconds)},
                {"attributes", attributes.take()},
                {"status", Json::object()}};
    if (span.parent) out["parentSpanId"] = id(*span.parent);
    if (failure) out["status"] = {{"code", kError}, {"message", failure->message}};
    return out;
  }

 private:
  std::string id(std::int64_t span) const {
    return sha256_hex(fmt::format("{}/{}", trace_, span)).substr(0, 16);
  }
  /// Wall time of a moment that is known by the monotonic clock.
  std::string nanos(double seconds) const {
    const double since = seconds - record_.spans.front().begin_seconds;
    return fmt::to_string(record_.started_unix_ns + static_cast<std::int64_t>(since * 1e9));
  }

  const QueryRecord& record_;
  std::string agent_, trace_;
};

Json request_of(const QueryRecord& record, const std::string& session, const std::string& agent) {
  const Task task(record, session, agent);
  Json spans = Json::array();
  for (const auto& span : record.spans) spans.push_back(task.span(span));
  Attributes resource;
  resource.add("service.name", std::string("ipw"));
  resource.add("ipw.run", session);
  const Json scope = {{"scope", {{"name", "ipw"}}}, {"spans", std::move(spans)}};
  return {{"resourceSpans", Json::array({{{"resource", {{"attributes", resource.take()}}},
                                          {"scopeSpans", Json::array({scope})}}})}};
}

}  // namespace

std::size_t write_otel(const std::filesystem::path& folder) {
  const Json config = read_config(folder);
  const Json& name = member(config, "agent");
  const auto agent = name.is_string() ? name.get<std::string>() : std::string("unknown");
  const auto session = session_of(folder);
  return write_task_lines(folder, "otlp_traces.jsonl",
                          [&](const QueryRecord& r) { return request_of(r, session, agent); });
}

}  // namespace ipw::records
