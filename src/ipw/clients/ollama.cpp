// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/ollama.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/clients/channel.h"
#include "ipw/clients/chat_stream.h"
#include "ipw/clients/parameters.h"

namespace ipw::clients {
namespace {

constexpr std::string_view kDefaultUrl = "http://127.0.0.1:11434";
constexpr Seconds kLoadTimeout{1800};

/// What goes under "options".
constexpr std::array kOptions = {
    RequestField{"min_p", FieldType::Number},          RequestField{"num_ctx", FieldType::Integer},
    RequestField{"num_gpu", FieldType::Integer},       RequestField{"num_predict", FieldType::Integer},
    RequestField{"num_thread", FieldType::Integer},    RequestField{"presence_penalty", FieldType::Number},
    RequestField{"repeat_penalty", FieldType::Number}, RequestField{"seed", FieldType::Integer},
    RequestField{"stop", FieldType::TextOrJson},       RequestField{"temperature", FieldType::Number},
    RequestField{"top_k", FieldType::Integer},         RequestField{"top_p", FieldType::Number},
};
/// What goes beside the messages.
constexpr std::array kTopLevel = {
    RequestField{"format", FieldType::TextOrJson},
    RequestField{"keep_alive", FieldType::TextOrJson},
    RequestField{"think", FieldType::TextOrJson},
};
constexpr std::array<std::string_view, 7> kOwnParams = {"api",    "format", "keep_alive", "max_tokens",
                                                        "system", "think",  "timeout"};

struct Settings {
  std::string base_url, api_key, system;
  std::string options, top_level;  ///< JSON object texts
  std::optional<Seconds> timeout;
  std::optional<std::int64_t> max_tokens;
  bool generate = false;
};

Settings read_settings(const ClientOptions& options) {
  const Params& params = options.params;
  params.allow("ollama", allowed_names(kOptions, kOwnParams));
  const auto api = params.text("api", "chat");
  if (api != "chat" && api != "generate")
    throw Error(ErrorCode::Usage, fmt::format("parameter api={} of ollama is not known", api),
                "api=chat or api=generate");
  return {normalise_url(options.base_url, kDefaultUrl),
          options.api_key,
          params.text("system", ""),
          read_fields(params, kOptions),
          read_fields(params, kTopLevel),
          read_timeout(params),
          params.integer("max_tokens"),
          api == "generate"};
}

class Ollama final : public Client {
 public:
  explicit Ollama(const ClientOptions& options)
      : settings_(read_settings(options)), channel_(*options.clock) {}
  Description prepare(const std::string& model) override;
  Response complete(const Request& request, std::stop_token stop) override;

 private:
  Json options(const Sampling& sampling) const;
  std::string body(const Request& request) const;
  void list_models(Description& description, const std::string& model);
  void load(Description& description, const std::string& model);
  Settings settings_;
  Channel channel_;
};

Json Ollama::options(const Sampling& sampling) const {
  Json options = {{"temperature", sampling.temperature}};
  if (sampling.top_p) options["top_p"] = *sampling.top_p;
  if (sampling.seed) options["seed"] = *sampling.seed;
  if (!sampling.stop.empty()) options["stop"] = sampling.stop;
  if (sampling.max_tokens) options["num_predict"] = *sampling.max_tokens;
  if (settings_.max_tokens) options["num_predict"] = *settings_.max_tokens;
  options.update(*parse_json(settings_.options));
  return options;
}

/// The native interface takes images beside the text, as Base64 without the head of a data: URL
/// (github.com/ollama/ollama, docs/api.md).
Json native_messages(std::vector<Message> messages, const std::string& system) {
  std::vector<std::vector<std::string>> images;
  for (auto& message : messages) images.push_back(std::exchange(message.images, {}));
  auto list = messages_json(messages, system);
  const auto added = list.size() - images.size();  // a system message in front
  for (std::size_t i = 0; i < images.size(); ++i)
    for (const auto& url : images[i]) list[i + added]["images"].push_back(url.substr(url.find(',') + 1));
  return list;
}

std::string Ollama::body(const Request& request) const {
  Json body = {{"model", request.model}, {"stream", true}, {"options", options(request.sampling)}};
  if (settings_.generate) {
    std::string system = settings_.system, prompt;
    for (const auto& message : request.messages)
      if (message.role == "system")
        system = message.content;
      else
        prompt += (prompt.empty() ? "" : "\n") + message.content;
    body["prompt"] = prompt;
    if (!system.empty()) body["system"] = system;
  } else {
    body["messages"] = native_messages(request.messages, settings_.system);
  }
  if (!request.reply_schema.empty()) body["format"] = *parse_json(request.reply_schema);
  body.update(*parse_json(settings_.top_level));
  return dump_json(body);
}

Response Ollama::complete(const Request& request, std::stop_token stop) {
  const auto url = http::join_url(settings_.base_url, settings_.generate ? "api/generate" : "api/chat");
  const auto timeout = settings_.timeout.value_or(request.timeout);
  const auto exchange =
      channel_.stream(json_post(url, body(request), settings_.api_key, timeout), Framing::Ndjson, stop);
  const bool answered = exchange.result.status >= 200 && exchange.result.status < 300;
  Response response = answered ? read_ollama_stream(exchange.events) : Response{};
  add_transfer(response, exchange);
  redact(response, settings_.api_key);
  return response;
}

void Ollama::list_models(Description& description, const std::string& model) {
  const auto url = http::join_url(settings_.base_url, "api/tags");
  const auto response = channel_.fetch(get(url, settings_.api_key));
  const auto json = parse_json(response.body);
  if (!response.ok() || !json || !json->is_object() || !json->contains("models"))
    throw_unreachable(response, url, "start it with `ollama serve`");
  for (const auto& row : json->at("models"))
    if (row.is_object() && row.contains("name") && row["name"].is_string())
      description.models.push_back(row["name"]);
  const auto known = [&](const std::string& name) {
    return std::ranges::find(description.models, name) != description.models.end();
  };
  if (!known(model) && !known(model + ":latest"))
    throw Error(
        ErrorCode::NotFound,
        fmt::format("Ollama at {} does not have the model '{}'", settings_.base_url, model),
        fmt::format("get it with `ollama pull {}`; {}", model, describe_models(model, description.models)));
}

/// An empty prompt only loads the model.
void Ollama::load(Description& description, const std::string& model) {
  Json body = {{"model", model}, {"prompt", ""}, {"stream", false}, {"options", options({})}};
  body.update(*parse_json(settings_.top_level));
  const auto url = http::join_url(settings_.base_url, "api/generate");
  const auto response = channel_.fetch(json_post(url, dump_json(body), settings_.api_key, kLoadTimeout));
  if (!response.ok()) throw_unreachable(response, url, "start it with `ollama serve`");
  Json details = {{"load_seconds", to_seconds(response.result.done - response.result.sent)}};
  const auto json = parse_json(response.body);
  if (json && json->is_object() && json->contains("load_duration"))
    details["load_duration_ns"] = json->at("load_duration");
  description.details_json = dump_json(details);
}

Description Ollama::prepare(const std::string& model) {
  Description description{settings_.base_url, "Ollama", "", {}, {}, "{}"};
  list_models(description, model);
  const auto version = parse_json(
      channel_.fetch(get(http::join_url(settings_.base_url, "api/version"), settings_.api_key)).body);
  if (version && version->is_object() && version->contains("version") && (*version)["version"].is_string())
    description.version = (*version)["version"];
  load(description, model);
  return description;
}

}  // namespace

std::unique_ptr<Client> make_ollama(const ClientOptions& options) {
  return std::make_unique<Ollama>(options);
}

}  // namespace ipw::clients
