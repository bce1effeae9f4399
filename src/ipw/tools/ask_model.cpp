// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/clients/openai.h"
#include "ipw/tools/arguments.h"
#include "ipw/tools/builtin.h"
#include "ipw/tools/sub_models.h"

namespace ipw::tools {
namespace {

constexpr std::array kArguments = {
    Argument{"prompt", ArgumentType::Text, "The whole question: the model sees nothing else.", true},
    Argument{"model", ArgumentType::Text, "Which of them; may be left out where there is one.", false},
};
constexpr std::array kOptions = {
    Argument{"models", ArgumentType::List, "The models.", true},
};

struct Asked {
  SubModel model;
  std::unique_ptr<clients::Client> client;
};

std::string describe(const std::vector<Asked>& models) {
  std::string out;
  for (const auto& asked : models)
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", asked.model.alias, asked.model.model);
  return out;
}

class AskModel final : public CheckedTool {
 public:
  explicit AskModel(std::vector<Asked> models)
      : CheckedTool("ask_model",
                    "Ask another language model and get its reply. There are: " + describe(models),
                    kArguments),
        models_(std::move(models)) {}

 private:
  ToolResult work(const Json& arguments, const ToolContext& context) const override {
    const auto alias = arguments.value("model", models_.front().model.alias);
    const auto it = std::ranges::find(models_, alias, [](const Asked& a) { return a.model.alias; });
    if (it == models_.end() || (models_.size() > 1 && !arguments.contains("model")))
      return failed(fmt::format("ask_model: 'model' must be one of {}", describe(models_)));
    const auto& model = it->model;
    clients::Request request;
    request.model = model.model;
    if (!model.system.empty()) request.messages.push_back({"system", model.system});
    request.messages.push_back({"user", arguments.at("prompt").get<std::string>()});
    request.sampling.temperature = model.temperature;
    request.sampling.max_tokens = model.max_tokens;
    request.timeout = context.wall;
    if (context.sub_models == nullptr) return told(model, it->client->complete(request, context.stop));
    const auto call = context.sub_models->begin(model.model, model.base_url, model.elsewhere);
    if (!call) return failed("ask_model: " + call.error());
    const auto response = it->client->complete(request, context.stop);
    context.sub_models->end(*call, response);
    return told(model, response);
  }

  static ToolResult told(const SubModel& model, const clients::Response& response) {
    ToolResult out;
    out.text = response.content;
    if (response.failure) out = failed("ask_model: " + response.failure->message);
    if (!response.failure && response.content.empty())
      out = failed(
          fmt::format("ask_model: the model gave no text (it ended for '{}')", response.finish_reason));
    Json usage = {{"model", model.model}, {"backend", model.backend}};
    usage["input_tokens"] = response.usage.prompt_tokens ? Json(*response.usage.prompt_tokens) : Json();
    usage["output_tokens"] =
        response.usage.completion_tokens ? Json(*response.usage.completion_tokens) : Json();
    out.usage_json = dump_json(usage);
    return out;
  }

  std::vector<Asked> models_;
};

SystemClock& machine_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace

std::unique_ptr<Tool> make_ask_model(const ToolOptions& options) {
  const Json given = read_options("ask_model", options.options_json, kOptions);
  std::vector<Asked> models;
  for (const auto& row : given.at("models")) {
    auto model = parse_sub_model(dump_json(row));
    if (std::ranges::find(models, model.alias, [](const Asked& a) { return a.model.alias; }) != models.end())
      throw Error(ErrorCode::Usage,
                  fmt::format("options of the tool ask_model: two models are called '{}'", model.alias),
                  "give one of them another alias");
    clients::ClientOptions client;
    client.base_url = model.base_url;
    client.api_key = model.key;
    client.clock = options.clock != nullptr ? options.clock : &machine_clock();
    models.push_back({std::move(model), clients::make_openai(client)});
  }
  if (models.empty())
    throw Error(ErrorCode::Usage, "options of the tool ask_model: 'models' is empty",
                fmt::format("name some as alias:backend:model, with a backend of {}", backend_names()));
  return std::make_unique<AskModel>(std::move(models));
}

}  // namespace ipw::tools
