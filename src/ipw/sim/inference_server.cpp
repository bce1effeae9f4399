// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/inference_server.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/text.h"

namespace ipw::sim {

namespace {

http::ServerResponse json_response(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json"}}, dump_json(body), {}};
}

http::ServerResponse error_response(int status, const std::string& message) {
  return json_response(status, {{"error", {{"message", message}, {"type", "invalid_request_error"}}}});
}

std::string event(const Json& data) {
  return "data: " + dump_json(data) + "\n\n";
}

}  // namespace

struct InferenceServer::State {
  const Machine& machine;
  ServerOptions options;
  Clock& clock;
  Load load;
  std::int64_t next_request = 1;
  Report counts;

  std::int64_t now_ns() const { return clock.now().time_since_epoch().count(); }
};

/// One answer on its way. Each call of next() comes when the piece before has been sent, so that the load
/// changes at the very moment at which the client gets a token.
class InferenceServer::Reply {
 public:
  Reply(std::shared_ptr<State> state, Asked asked, ReplyPlan plan)
      : state_(std::move(state)),
        asked_(std::move(asked)),
        plan_(std::move(plan)),
        id_(state_->next_request++),
        begin_(state_->clock.now()) {
    Pace pace{.cost = plan_.cost};
    pace.prefill_tokens_per_second =
        static_cast<double>(plan_.prompt_tokens) / std::max(plan_.ttft_seconds, 1e-6);
    state_->load.set(id_, pace, begin_.time_since_epoch().count());
  }
  ~Reply() {
    if (ended_) return;
    state_->load.end(id_, state_->now_ns());
    ++state_->counts.abandoned;
  }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  http::Piece next() {
    if (ended_) return {};
    const Instant now = state_->clock.now();
    if (sent_ == 1) begin_decode(now);
    if (sent_ == plan_.tokens.size()) return {last_piece(now), Nanoseconds(0), false};
    const double due = plan_.ttft_seconds + static_cast<double>(sent_) * plan_.itl_seconds;
    const auto delay = std::max(Nanoseconds(0), begin_ + from_seconds(due) - now);
    // A body that is no stream begins with line ends, which JSON allows: so its tokens have their times too.
    std::string bytes = asked_.stream ? event(token_chunk(sent_)) : "\n";
    ++sent_;
    return {std::move(bytes), delay, false};
  }

 private:
  void begin_decode(Instant now) {
    first_ = now;
    Pace pace{.cost = plan_.cost};
    if (plan_.tokens.size() > 1) pace.decode_tokens_per_second = 1 / std::max(plan_.itl_seconds, 1e-6);
    state_->load.set(id_, pace, now.time_since_epoch().count());
  }

  Json head(const char* object) const {
    return {{"id", fmt::format("sim-{}", id_)},
            {"object", object},
            {"created", 0},
            {"model", state_->options.model}};
  }

  const char* object() const {
    if (!asked_.chat) return "text_completion";
    return asked_.stream ? "chat.completion.chunk" : "chat.completion";
  }

  Json token_chunk(std::size_t i) const {
    Json choice{{"index", 0}, {"finish_reason", nullptr}};
    if (!asked_.chat)
      choice["text"] = plan_.tokens[i];
    else
      choice["delta"] = {{i < plan_.reasoning_tokens ? "reasoning_content" : "content", plan_.tokens[i]}};
    Json out = head(object());
    out["choices"] = Json::array({choice});
    return out;
  }

  std::string joined(std::size_t from, std::size_t to) const {
    std::string out;
    for (std::size_t i = from; i < to; ++i) out += plan_.tokens[i];
    return out;
  }

  std::string last_piece(Instant now) {
    const auto joules = state_->load.end(id_, now.time_since_epoch().count());
    ended_ = true;
    Report& counts = state_->counts;
    ++counts.requests;
    counts.prompt_tokens += plan_.prompt_tokens;
    counts.output_tokens += plan_.tokens.size();
    Json choice{{"index", 0}, {"finish_reason", plan_.finish_reason}};
    Json out = head(object());
    if (asked_.stream) {
      choice[asked_.chat ? "delta" : "text"] = asked_.chat ? Json::object() : Json("");
      out["choices"] = Json::array({choice});
      return event(out) + (asked_.include_usage ? event(usage_chunk(joules, now)) : "") + "data: [DONE]\n\n";
    }
    add_whole(choice);
    out["choices"] = Json::array({choice});
    add_usage(out, joules, now);
    return dump_json(out);
  }

  void add_whole(Json& choice) const {
    const std::string content = joined(plan_.reasoning_tokens, plan_.tokens.size());
    if (!asked_.chat) {
      choice["text"] = content;
      return;
    }
    choice["message"] = {{"role", "assistant"}, {"content", content}};
    if (plan_.reasoning_tokens > 0)
      choice["message"]["reasoning_content"] = joined(0, plan_.reasoning_tokens);
  }

  Json usage_chunk(const std::vector<double>& joules, Instant now) const {
    Json out = head(object());
    out["choices"] = Json::array();
    add_usage(out, joules, now);
    return out;
  }

  void add_usage(Json& out, const std::vector<double>& joules, Instant now) const {
    Json by_device = Json::object();
    for (std::size_t i = 0; i < joules.size(); ++i) by_device[state_->machine.names[i]] = joules[i];
    const auto ns = [](Instant t) { return t.time_since_epoch().count(); };
    out["usage"] = {{"prompt_tokens", plan_.prompt_tokens},
                    {"completion_tokens", plan_.tokens.size()},
                    {"total_tokens", plan_.prompt_tokens + plan_.tokens.size()},
                    {"completion_tokens_details", {{"reasoning_tokens", plan_.reasoning_tokens}}},
                    {"ipw_sim", {{"joules", by_device}, {"begin_ns", ns(begin_)}, {"end_ns", ns(now)}}}};
    out["timings"] = {{"prompt_n", plan_.prompt_tokens},
                      {"prompt_ms", to_seconds(first_ - begin_) * 1e3},
                      {"predicted_n", plan_.tokens.size()},
                      {"predicted_ms", to_seconds(now - first_) * 1e3}};
  }

  std::shared_ptr<State> state_;
  Asked asked_;
  ReplyPlan plan_;
  std::int64_t id_;
  Instant begin_, first_{};
  std::size_t sent_ = 0;
  bool ended_ = false;
};

InferenceServer::InferenceServer(const Machine& machine, ServerOptions options, Clock& clock)
    : state_(std::make_shared<State>(
          State{machine, std::move(options), clock, Load(**machine.world, machine.costs), 1, {}})) {}

InferenceServer::~InferenceServer() = default;

http::ServerResponse InferenceServer::answer(const http::ServerRequest& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (request.method == "POST" && path == "/v1/chat/completions") return complete(request, true);
  if (request.method == "POST" && path == "/v1/completions") return complete(request, false);
  if (request.method != "GET") return error_response(405, request.method + " is not served at " + path);
  if (path == "/health") return json_response(200, {{"status", "ok"}});
  if (path == "/sim/truth") return truth(request.target);
  if (path != "/v1/models") return error_response(404, "nothing is served at " + path);
  const Json model{{"id", state_->options.model}, {"object", "model"}, {"owned_by", "ipw-sim"}};
  return json_response(200, {{"object", "list"}, {"data", Json::array({model})}});
}

http::ServerResponse InferenceServer::complete(const http::ServerRequest& request, bool chat) {
  const auto body = parse_json(request.body);
  if (!body) return error_response(400, "the body is no JSON: " + body.error());
  auto asked = read_request(*body, chat, state_->options.model);
  if (!asked) return error_response(400, asked.error());
  auto plan = plan_reply(*asked, state_->options);
  const bool stream = asked->stream;
  auto reply = std::make_shared<Reply>(state_, std::move(*asked), std::move(plan));
  return {200, {{"Content-Type", stream ? "text/event-stream" : "application/json"}}, "", [reply] {
            return reply->next();
          }};
}

namespace {

std::optional<std::int64_t> query_number(const std::string& target, std::string_view key) {
  const auto question = target.find('?');
  if (question == std::string::npos) return std::nullopt;
  for (const auto part : split(std::string_view(target).substr(question + 1), '&'))
    if (part.starts_with(key) && part.substr(key.size()).starts_with('='))
      return parse_int(part.substr(key.size() + 1));
  return std::nullopt;
}

/// Tell whether the changes of the load since an instant are all kept.
bool kept_since(const Device& device, std::int64_t at_ns) {
  const std::uint64_t count = device.steps.load();
  return count <= Device::kSteps || device.step[count % Device::kSteps].at_ns <= at_ns;
}

DeviceTruth truth_between(const Machine& machine, std::size_t i, std::int64_t from_ns, std::int64_t to_ns) {
  const World& world = **machine.world;
  const Device& device = world.device[i];
  const auto idle = [&](std::int64_t at) {
    return detail::standing_joules(device, std::max(0.0, static_cast<double>(at - world.epoch_ns) * 1e-9));
  };
  DeviceTruth out{machine.names[i], device.vendor};
  out.idle_joules = idle(to_ns) - idle(from_ns);
  out.joules = true_joules(world, device, to_ns) - true_joules(world, device, from_ns);
  out.request_joules = out.joules - out.idle_joules;
  return out;
}

}  // namespace

http::ServerResponse InferenceServer::truth(const std::string& target) const {
  const auto from = query_number(target, "from_ns"), to = query_number(target, "to_ns");
  if (!from || !to) return json_response(200, to_json(report()));
  if (*to < *from || *to > state_->now_ns())
    return error_response(400, "to_ns is before from_ns or in the future");
  Report out = state_->counts;
  out.seconds = static_cast<double>(*to - *from) * 1e-9;
  for (std::size_t i = 0; i < state_->machine.names.size(); ++i) {
    if (!kept_since((*state_->machine.world)->device[i], *from))
      return error_response(410, "the changes of the load at from_ns are not kept any more");
    out.devices.push_back(truth_between(state_->machine, i, *from, *to));
  }
  return json_response(200, to_json(out));
}

Report InferenceServer::report() const {
  const World& world = **state_->machine.world;
  const std::int64_t now = state_->now_ns();
  Report out = state_->counts;
  out.seconds = static_cast<double>(now - world.epoch_ns) * 1e-9;
  const auto joules = state_->load.request_joules(now);
  for (std::size_t i = 0; i < joules.size(); ++i) {
    const Device& device = world.device[i];
    out.devices.push_back({state_->machine.names[i], device.vendor, true_joules(world, device, now),
                           detail::standing_joules(device, out.seconds), joules[i]});
  }
  return out;
}

Json to_json(const Report& report) {
  Json devices = Json::array();
  for (const DeviceTruth& d : report.devices)
    devices.push_back({{"name", d.name},
                       {"vendor", d.vendor},
                       {"joules", d.joules},
                       {"idle_joules", d.idle_joules},
                       {"request_joules", d.request_joules}});
  return {{"seconds", report.seconds},
          {"requests", report.requests},
          {"abandoned", report.abandoned},
          {"prompt_tokens", report.prompt_tokens},
          {"output_tokens", report.output_tokens},
          {"devices", devices}};
}

}  // namespace ipw::sim
