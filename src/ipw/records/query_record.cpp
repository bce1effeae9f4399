// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/query_record.h"

#include "ipw/records/record_json.h"

namespace ipw::records {

// The names below are found by nlohmann::json through the types' namespace.
static void to_json(Json& json, const Stats& s) {
  json = {{"avg", s.avg}, {"max", s.max}, {"median", s.median}, {"min", s.min}};
}

static void from_json(const Json& json, Stats& s) {
  read(json, "avg", s.avg);
  read(json, "max", s.max);
  read(json, "median", s.median);
  read(json, "min", s.min);
}

static void to_json(Json& json, const DomainEnergy& e) {
  json = {{"domain", e.domain}, {"scope", e.scope}};
  put(json, "joules", e.joules);
  json["half_width_joules"] = e.half_width_joules;
  json["random_half_width_joules"] = e.random_half_width_joules;
  put(json, "method", e.method);
  put(json, "rule", e.rule);
  json["coverage"] = e.coverage;
  put(json, "idle_joules", e.idle_joules);
  put(json, "reason", e.reason);
  put(json, "low_joules", e.low_joules);
  put(json, "high_joules", e.high_joules);
  put(json, "sensor_coverage", e.sensor_coverage);
  if (!e.validity.empty()) json["validity"] = e.validity;
  put(json, "idle_error_joules", e.idle_error_joules);
  put(json, "alternative_to", e.alternative_to);
}

static void from_json(const Json& json, DomainEnergy& e) {
  read(json, "domain", e.domain);
  read(json, "scope", e.scope);
  read(json, "joules", e.joules);
  read(json, "half_width_joules", e.half_width_joules);
  read(json, "random_half_width_joules", e.random_half_width_joules);
  read(json, "method", e.method);
  read(json, "rule", e.rule);
  read(json, "coverage", e.coverage);
  read(json, "idle_joules", e.idle_joules);
  read(json, "reason", e.reason);
  read(json, "low_joules", e.low_joules);
  read(json, "high_joules", e.high_joules);
  read(json, "sensor_coverage", e.sensor_coverage);
  read(json, "validity", e.validity);
  read(json, "idle_error_joules", e.idle_error_joules);
  read(json, "alternative_to", e.alternative_to);
}

static void to_json(Json& json, const DeviceGauge& g) {
  json = g.stats;
  json["domain"] = g.domain;
  put(json, "device", g.device);
  json["gauge"] = g.gauge;
}

static void from_json(const Json& json, DeviceGauge& g) {
  from_json(json, g.stats);
  read(json, "domain", g.domain);
  read(json, "device", g.device);
  read(json, "gauge", g.gauge);
}

static void to_json(Json& json, const Latency& l) {
  json = {{"total_seconds", l.total_seconds}};
  put(json, "ttft_seconds", l.ttft_seconds);
  if (!l.itl_seconds.empty()) json["itl_seconds"] = l.itl_seconds;
  put(json, "prefill_seconds", l.prefill_seconds);
  put(json, "decode_seconds", l.decode_seconds);
  put(json, "clock", l.clock);
}

static void from_json(const Json& json, Latency& l) {
  read(json, "total_seconds", l.total_seconds);
  read(json, "ttft_seconds", l.ttft_seconds);
  read(json, "itl_seconds", l.itl_seconds);
  read(json, "prefill_seconds", l.prefill_seconds);
  read(json, "decode_seconds", l.decode_seconds);
  read(json, "clock", l.clock);
}

static void to_json(Json& json, const Tokens& t) {
  json = Json::object();
  put(json, "input", t.input);
  put(json, "output", t.output);
  put(json, "cached", t.cached);
  put(json, "reasoning", t.reasoning);
  put(json, "source", t.source);
}

static void from_json(const Json& json, Tokens& t) {
  read(json, "input", t.input);
  read(json, "output", t.output);
  read(json, "cached", t.cached);
  read(json, "reasoning", t.reasoning);
  read(json, "source", t.source);
}

static void to_json(Json& json, const Cost& c) {
  json = {{"input_usd", c.input_usd},
          {"cached_usd", c.cached_usd},
          {"output_usd", c.output_usd},
          {"reasoning_usd", c.reasoning_usd},
          {"total_usd", c.total_usd}};
  put(json, "prices_as_of", c.prices_as_of);
}

static void from_json(const Json& json, Cost& c) {
  read(json, "input_usd", c.input_usd);
  read(json, "cached_usd", c.cached_usd);
  read(json, "output_usd", c.output_usd);
  read(json, "reasoning_usd", c.reasoning_usd);
  read(json, "total_usd", c.total_usd);
  read(json, "prices_as_of", c.prices_as_of);
}

static void to_json(Json& json, const Phase& p) {
  json = Json::object();
  put(json, "joules", p.joules);
  put(json, "seconds", p.seconds);
  put(json, "half_width_joules", p.half_width_joules);
}

static void from_json(const Json& json, Phase& p) {
  read(json, "joules", p.joules);
  read(json, "seconds", p.seconds);
  read(json, "half_width_joules", p.half_width_joules);
}

static void to_json(Json& json, const Evaluation& e) {
  json = Json::object();
  put(json, "correct", e.correct);
  put(json, "scorer", e.scorer);
  put(json, "extracted", e.extracted);
  put(json, "reason", e.reason);
  put(json, "metadata", e.metadata);
  put(json, "score", e.score);
}

static void from_json(const Json& json, Evaluation& e) {
  read(json, "correct", e.correct);
  read(json, "scorer", e.scorer);
  read(json, "extracted", e.extracted);
  read(json, "reason", e.reason);
  read(json, "metadata", e.metadata);
  read(json, "score", e.score);
}

static void to_json(Json& json, const RecordFailure& f) {
  json = {{"kind", f.kind}, {"message", f.message}};
  if (f.http_status != 0) json["http_status"] = f.http_status;
}

static void from_json(const Json& json, RecordFailure& f) {
  read(json, "kind", f.kind);
  read(json, "message", f.message);
  read(json, "http_status", f.http_status);
}

static void to_json(Json& json, const Span& s) {
  json = {{"id", s.id}};
  put(json, "parent", s.parent);
  json.update({{"kind", s.kind},
               {"name", s.name},
               {"begin_seconds", s.begin_seconds},
               {"end_seconds", s.end_seconds}});
  json["own_seconds"] = s.own_seconds;
  json["energy"] = s.energy;
  put(json, "ttft_seconds", s.ttft_seconds);
  if (s.prefill.seconds) json["prefill"] = s.prefill;
  if (s.decode.seconds) json["decode"] = s.decode;
  if (!s.tokens.source.empty()) json["tokens"] = s.tokens;
  put(json, "cost", s.cost);
  put(json, "failure", s.failure);
  put(json, "attributes", s.attributes);
}

static void from_json(const Json& json, Span& s) {
  read(json, "id", s.id);
  read(json, "parent", s.parent);
  read(json, "kind", s.kind);
  read(json, "name", s.name);
  read(json, "begin_seconds", s.begin_seconds);
  read(json, "end_seconds", s.end_seconds);
  read(json, "own_seconds", s.own_seconds);
  read(json, "energy", s.energy);
  read(json, "ttft_seconds", s.ttft_seconds);
  read(json, "prefill", s.prefill);
  read(json, "decode", s.decode);
  read(json, "tokens", s.tokens);
  read(json, "cost", s.cost);
  read(json, "failure", s.failure);
  read(json, "attributes", s.attributes);
}

Json energy_to_json(const QueryRecord& r) {
  Json json = {
      {"energy", r.energy}, {"prefill", r.prefill}, {"decode", r.decode}, {"shared_device", r.shared_device}};
  put(json, "gpu_power_watts", r.gpu_power_watts);
  put(json, "cpu_power_watts", r.cpu_power_watts);
  put(json, "temperature_celsius", r.temperature_celsius);
  put(json, "cpu_memory_mb", r.cpu_memory_mb);
  put(json, "gpu_memory_mb", r.gpu_memory_mb);
  put(json, "gpu_utilization_pct", r.gpu_utilization_pct);
  put(json, "gpu_memory_bandwidth_pct", r.gpu_memory_bandwidth_pct);
  put(json, "gpu_memory_total_mb", r.gpu_memory_total_mb);
  if (!r.devices.empty()) json["devices"] = r.devices;
  return json;
}

static void energy_from_json(const Json& json, QueryRecord& r) {
  read(json, "energy", r.energy);
  read(json, "prefill", r.prefill);
  read(json, "decode", r.decode);
  read(json, "shared_device", r.shared_device);
  read(json, "gpu_power_watts", r.gpu_power_watts);
  read(json, "cpu_power_watts", r.cpu_power_watts);
  read(json, "temperature_celsius", r.temperature_celsius);
  read(json, "cpu_memory_mb", r.cpu_memory_mb);
  read(json, "gpu_memory_mb", r.gpu_memory_mb);
  read(json, "gpu_utilization_pct", r.gpu_utilization_pct);
  read(json, "gpu_memory_bandwidth_pct", r.gpu_memory_bandwidth_pct);
  read(json, "gpu_memory_total_mb", r.gpu_memory_total_mb);
  read(json, "devices", r.devices);
}

Json to_json(const QueryRecord& r) {
  Json json = {{"index", r.index}, {"query_id", r.query_id}, {"problem", r.problem}, {"answer", r.answer}};
  put(json, "sample", r.sample);
  put(json, "subject", r.subject);
  put(json, "dataset_metadata", r.dataset_metadata);
  put(json, "prompt_sha256", r.prompt_sha256);
  json["response"] = r.response;
  put(json, "reasoning", r.reasoning);
  put(json, "finish_reason", r.finish_reason);
  put(json, "failure", r.failure);
  json["attempts"] = r.attempts;
  json["started_unix_ns"] = r.started_unix_ns;
  json["started_seconds"] = r.started_seconds;
  json["latency"] = r.latency;
  json["tokens"] = r.tokens;
  put(json, "cost", r.cost);
  put(json, "server_timings", r.server_timings);
  json.update(energy_to_json(r));
  put(json, "evaluation", r.evaluation);
  if (!r.spans.empty()) json["spans"] = r.spans;
  return json;
}

QueryRecord query_record_from_json(const Json& json) {
  QueryRecord r;
  read(json, "index", r.index);
  read(json, "query_id", r.query_id);
  read(json, "sample", r.sample);
  read(json, "problem", r.problem);
  read(json, "answer", r.answer);
  read(json, "subject", r.subject);
  read(json, "dataset_metadata", r.dataset_metadata);
  read(json, "prompt_sha256", r.prompt_sha256);
  read(json, "response", r.response);
  read(json, "reasoning", r.reasoning);
  read(json, "finish_reason", r.finish_reason);
  read(json, "failure", r.failure);
  read(json, "attempts", r.attempts);
  read(json, "started_unix_ns", r.started_unix_ns);
  read(json, "started_seconds", r.started_seconds);
  read(json, "latency", r.latency);
  read(json, "tokens", r.tokens);
  read(json, "cost", r.cost);
  read(json, "server_timings", r.server_timings);
  energy_from_json(json, r);
  read(json, "evaluation", r.evaluation);
  read(json, "spans", r.spans);
  return r;
}

}  // namespace ipw::records
