// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/openai.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/clients/channel.h"
#include "ipw/clients/chat_stream.h"
#include "ipw/clients/parameters.h"

namespace ipw::clients {
namespace {

constexpr std::string_view kDefaultUrl = "http://localhost:8000/v1";
constexpr std::string_view kStartHint =
    "start a server (`llama-server -m FILE.gguf --port 8000`, `vllm serve MODEL`)";

constexpr std::array kFields = {
    RequestField{"frequency_penalty", FieldType::Number},
    RequestField{"ignore_eos", FieldType::Flag},
    RequestField{"max_tokens", FieldType::Integer},
    RequestField{"min_p", FieldType::Number},
    RequestField{"min_tokens", FieldType::Integer},
    RequestField{"presence_penalty", FieldType::Number},
    RequestField{"reasoning_effort", FieldType::Text},
    RequestField{"repetition_penalty", FieldType::Number},
    RequestField{"response_format", FieldType::TextOrJson},
    RequestField{"seed", FieldType::Integer},
    RequestField{"stop", FieldType::TextOrJson},
    RequestField{"temperature", FieldType::Number},
    RequestField{"top_k", FieldType::Integer},
    RequestField{"top_p", FieldType::Number},
};
constexpr std::array<std::string_view, 4> kOwnParams = {"extra", "probe", "system", "timeout"};

/// ".../v1" unless the address already ends in a version, or in one with Google's "/openai" behind it.
std::string with_version(const std::string& url) {
  if (url.ends_with("/v1beta/openai")) return url;
  const auto last = std::string_view(url).substr(url.rfind('/') + 1);
  const bool versioned = last.size() >= 2 && last[0] == 'v' && last[1] >= '0' && last[1] <= '9';
  return versioned ? url : url + "/v1";
}

struct Settings {
  std::string base_url, api_key, system;
  std::string fields, extra;  ///< JSON object texts
  std::optional<Seconds> timeout;
  bool probe = true;
};

Settings read_settings(const ClientOptions& options) {
  const Params& params = options.params;
  params.allow("openai", allowed_names(kFields, kOwnParams));
  return {with_version(normalise_url(options.base_url, kDefaultUrl)),
          options.api_key,
          params.text("system", ""),
          read_fields(params, kFields),
          read_object(params, "extra"),
          read_timeout(params),
          params.flag("probe").value_or(true)};
}

class OpenAi final : public Client {
 public:
  explicit OpenAi(const ClientOptions& options)
      : settings_(read_settings(options)), channel_(*options.clock) {}
  Description prepare(const std::string& model) override;
  Response complete(const Request& request, std::stop_token stop) override;

 private:
  std::string body(const Request& request) const;
  Response attempt(const Request& request, const std::stop_token& stop);
  bool adapt(const Response& response);
  void list_models(Description& description, const std::string& model);
  void probe(Description& description, const std::string& model);

  Settings settings_;
  Channel channel_;
  std::atomic<bool> ask_usage_ = true;               ///< until the server rejects stream_options
  std::atomic<bool> completion_limit_name_ = false;  ///< the server wants max_completion_tokens
  std::atomic<bool> send_schema_ = true;             ///< until the server rejects response_format
};

std::string OpenAi::body(const Request& request) const {
  const Sampling& sampling = request.sampling;
  Json body = {{"model", request.model},
               {"messages", messages_json(request.messages, settings_.system)},
               {"stream", true},
               {"temperature", sampling.temperature}};
  if (ask_usage_) body["stream_options"] = {{"include_usage", true}};
  if (sampling.top_p) body["top_p"] = *sampling.top_p;
  if (sampling.max_tokens) body["max_tokens"] = *sampling.max_tokens;
  if (sampling.seed) body["seed"] = *sampling.seed;
  if (!sampling.stop.empty()) body["stop"] = sampling.stop;
  if (send_schema_ && !request.reply_schema.empty())
    body["response_format"] = {
        {"type", "json_schema"},
        {"json_schema",
         {{"name", "reply"}, {"strict", true}, {"schema", *parse_json(request.reply_schema)}}}};
  body.update(*parse_json(settings_.fields));
  body.update(*parse_json(settings_.extra));
  if (completion_limit_name_ && body.contains("max_tokens")) {
    body["max_completion_tokens"] = body["max_tokens"];
    body.erase("max_tokens");
  }
  return dump_json(body);
}

Response OpenAi::attempt(const Request& request, const std::stop_token& stop) {
  const auto timeout = settings_.timeout.value_or(request.timeout);
  auto post = json_post(http::join_url(settings_.base_url, "chat/completions"), body(request),
                        settings_.api_key, timeout);
  const auto exchange = channel_.stream(std::move(post), Framing::Sse, stop);
  const bool answered = exchange.result.status >= 200 && exchange.result.status < 300;
  Response response = !answered                 ? Response{}
                      : exchange.events.empty() ? read_chat_body(exchange.body, exchange.result.done)
                                                : read_chat_stream(exchange.events);
  add_transfer(response, exchange);
  redact(response, settings_.api_key);
  return response;
}

/// Learn from a refusal which field this server does not take; true when a second attempt makes sense.
bool OpenAi::adapt(const Response& response) {
  if (!response.failure || (response.failure->http_status != 400 && response.failure->http_status != 422))
    return false;
  const auto& message = response.failure->message;
  if (ask_usage_ && message.find("stream_options") != std::string::npos) {
    ask_usage_ = false;
    return true;
  }
  if (send_schema_ && (message.find("response_format") != std::string::npos ||
                       message.find("json_schema") != std::string::npos)) {
    send_schema_ = false;
    return true;
  }
  if (!completion_limit_name_ && message.find("max_completion_tokens") != std::string::npos) {
    completion_limit_name_ = true;
    return true;
  }
  return false;
}

Response OpenAi::complete(const Request& request, std::stop_token stop) {
  auto response = attempt(request, stop);
  for (int again = 0; again < 3 && adapt(response); ++again) {
    response = attempt(request, stop);
    response.notes.push_back(
        "sent again without a field that the server rejected; the times are those of the last attempt");
  }
  return response;
}

void OpenAi::list_models(Description& description, const std::string& model) {
  const auto url = http::join_url(settings_.base_url, "models");
  const auto response = channel_.fetch(get(url, settings_.api_key));
  if (response.result.failure || response.result.status == 401 || response.result.status == 403)
    throw_unreachable(response, url, std::string(kStartHint));
  const auto json = parse_json(response.body);
  if (!response.ok() || !json || !json->is_object() || !json->contains("data") ||
      !json->at("data").is_array()) {
    description.warnings.push_back(
        fmt::format("{} gives no list of models (HTTP {}), so the model's name was not checked", url,
                    response.result.status));
    return;
  }
  for (const auto& row : json->at("data"))
    if (row.is_object() && row.contains("id") && row["id"].is_string())
      description.models.push_back(row["id"]);
  if (description.models.empty() || std::ranges::find(description.models, model) != description.models.end())
    return;
  throw Error(ErrorCode::NotFound, fmt::format("{} does not serve the model '{}'", settings_.base_url, model),
              describe_models(model, description.models));
}

/// Send one short request: it loads the model, and it finds out which fields the server takes.
void OpenAi::probe(Description& description, const std::string& model) {
  Request request{model, {{"user", "Hello"}}, {}, Seconds(600)};
  request.sampling.max_tokens = 1;
  const auto response = complete(request, {});
  const double seconds = to_seconds(response.done - response.sent);
  description.details_json =
      dump_json(Json{{"probe_seconds", seconds}, {"usage_requested", ask_usage_.load()}});
  if (!ask_usage_)
    description.warnings.push_back("the server rejects stream_options: token counts may be missing");
  if (!response.failure) return;
  if (response.failure->http_status == 404 || response.failure->http_status == 401)
    throw Error(ErrorCode::Unavailable, fmt::format("{}: {}", settings_.base_url, response.failure->message),
                "check the model's name, the address and the API key");
  description.warnings.push_back(fmt::format("a first short request failed: {}", response.failure->message));
}

Description OpenAi::prepare(const std::string& model) {
  Description description{settings_.base_url, "OpenAI-compatible", "", {}, {}, "{}"};
  list_models(description, model);
  if (settings_.probe) probe(description, model);
  return description;
}

}  // namespace

std::unique_ptr<Client> make_openai(const ClientOptions& options) {
  return std::make_unique<OpenAi>(options);
}

}  // namespace ipw::clients
