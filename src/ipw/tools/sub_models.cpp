// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/sub_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/tools/arguments.h"

namespace ipw::tools {
namespace {

struct Backend {
  std::string_view name, base_url, key_env;
  bool needs_key;
};

/// All of them serve chat completions in OpenAI's form; Anthropic and Google do so beside their own.
constexpr std::array kBackends = {
    Backend{"anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", true},
    Backend{"gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", true},
    Backend{"llamacpp", "http://localhost:8080/v1", "LLAMA_API_KEY", false},
    Backend{"ollama", "http://localhost:11434/v1", "OLLAMA_API_KEY", false},
    Backend{"openai", "https://api.openai.com/v1", "OPENAI_API_KEY", true},
    Backend{"openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", true},
    Backend{"sglang", "http://localhost:30000/v1", "SGLANG_API_KEY", false},
    Backend{"vllm", "http://localhost:8000/v1", "VLLM_API_KEY", false},
};

constexpr std::array kKeys = {
    Argument{"alias", ArgumentType::Text, "What the agent's model calls it."},
    Argument{"backend", ArgumentType::Text, "Whose server.", true},
    Argument{"base_url", ArgumentType::Text, "Another address of it."},
    Argument{"key_env", ArgumentType::Text, "Environment variable that holds the key."},
    Argument{"max_tokens", ArgumentType::Integer, "Most tokens of a reply."},
    Argument{"model", ArgumentType::Text, "The model's id there.", true},
    Argument{"system", ArgumentType::Text, "System prompt."},
    Argument{"temperature", ArgumentType::Number, "Temperature."},
};

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::Usage, "options of the tool ask_model: " + what,
              R"(write {"models": ["small:vllm:Qwen/Qwen3-4B"]}; see docs/reference/tools/ask_model.md)");
}

const Backend* find_backend(std::string_view name) {
  const auto* it = std::ranges::find(kBackends, name, &Backend::name);
  return it == kBackends.end() ? nullptr : it;
}

/// "alias:backend:model" and "backend:model" as an object. A model's id may hold colons itself (qwen3:4b).
Json split_words(const std::string& text) {
  const auto parts = split(text, ':');
  if (parts.size() >= 2 && find_backend(parts[0]) != nullptr)
    return {{"backend", parts[0]}, {"model", text.substr(parts[0].size() + 1)}};
  if (parts.size() >= 3)
    return {{"alias", parts[0]},
            {"backend", parts[1]},
            {"model", text.substr(parts[0].size() + parts[1].size() + 2)}};
  refuse(fmt::format("'{}' is no alias:backend:model", text));
}

}  // namespace

std::string backend_names() {
  std::string out;
  for (const auto& backend : kBackends) out += fmt::format("{}{}", out.empty() ? "" : ", ", backend.name);
  return out;
}

SubModel parse_sub_model(const std::string& json) {
  const auto parsed = parse_json(json);
  if (!parsed || !(parsed->is_string() || parsed->is_object())) refuse("a model is a text or an object");
  const Json words = parsed->is_string() ? split_words(parsed->get<std::string>()) : *parsed;
  const Json given = read_options("ask_model", dump_json(words), kKeys);
  SubModel out;
  out.backend = given.at("backend").get<std::string>();
  const auto* backend = find_backend(out.backend);
  if (backend == nullptr)
    refuse(fmt::format("there is no backend '{}'; there are {}", out.backend, backend_names()));
  out.model = given.at("model").get<std::string>();
  if (out.model.empty()) refuse("a model's id is empty");
  out.alias = given.value("alias", out.model);
  out.base_url = given.value("base_url", std::string(backend->base_url));
  out.elsewhere = backend->needs_key && !given.contains("base_url");
  out.max_tokens = given.value("max_tokens", out.max_tokens);
  out.temperature = given.value("temperature", out.temperature);
  out.system = given.value("system", std::string());
  if (out.max_tokens < 1 || out.alias.empty()) refuse("'max_tokens' is at least 1, 'alias' not empty");
  const auto name = given.value("key_env", std::string(backend->key_env));
  if (const char* key = std::getenv(name.c_str()); key != nullptr) out.key = key;
  if (out.key.empty() && backend->needs_key && !given.contains("base_url"))
    throw Error(ErrorCode::Unavailable,
                fmt::format("the tool ask_model has no key for {}: {} is not set", out.backend, name),
                fmt::format("set {}, or take the model '{}' out of the tool's options", name, out.alias));
  return out;
}

}  // namespace ipw::tools
