// SPDX-License-Identifier: Apache-2.0
#include "ipw/servers/server_engines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ipw/base/error.h"
#include "ipw/base/registry.h"
#include "ipw/base/text.h"

namespace ipw::servers {
namespace {

using Words = std::vector<std::string>;

template <class Value>
void add(Words& argv, const char* option, const std::optional<Value>& value) {
  if (value) argv.insert(argv.end(), {option, fmt::format("{}", *value)});
}

CommandLine with(Words argv, const ServerSpec& spec) {
  argv.insert(argv.end(), spec.arguments.begin(), spec.arguments.end());
  return {std::move(argv), {}};
}

CommandLine llama_server(const ServerSpec& spec) {
  Words argv = {"llama-server", "--model",  spec.file,
                "--alias",      spec.model, "--host",
                spec.host,      "--port",   fmt::format("{}", spec.port)};
  const auto slots = spec.parallel.value_or(1);
  add(argv, "--parallel", spec.parallel);
  // It parts its context among its slots.
  if (spec.context) add(argv, "--ctx-size", std::optional(*spec.context * slots));
  argv.emplace_back("--jinja");  // calls of tools need the model's own template
  return with(std::move(argv), spec);
}

CommandLine ollama(const ServerSpec& spec) {
  auto out = with({"ollama", "serve"}, spec);
  const bool six = spec.host.find(':') != spec.host.npos;
  out.environment.push_back(
      fmt::format("OLLAMA_HOST={}:{}", six ? "[" + spec.host + "]" : spec.host, spec.port));
  if (spec.parallel) out.environment.push_back(fmt::format("OLLAMA_NUM_PARALLEL={}", *spec.parallel));
  if (spec.context) out.environment.push_back(fmt::format("OLLAMA_CONTEXT_LENGTH={}", *spec.context));
  return out;
}

CommandLine sglang(const ServerSpec& spec) {
  Words argv = {"python3", "-m",     "sglang.launch_server",      "--model-path", spec.model, "--host",
                spec.host, "--port", fmt::format("{}", spec.port)};
  add(argv, "--mem-fraction-static", spec.gpu_memory_utilization);
  add(argv, "--tensor-parallel-size", spec.tensor_parallel_size);
  add(argv, "--context-length", spec.context);
  add(argv, "--max-running-requests", spec.parallel);
  return with(std::move(argv), spec);
}

CommandLine vllm(const ServerSpec& spec) {
  Words argv = {"vllm", "serve", spec.model, "--host", spec.host, "--port", fmt::format("{}", spec.port)};
  // Said in any case: the command line then tells what the server may take.
  add(argv, "--gpu-memory-utilization", std::optional(spec.gpu_memory_utilization.value_or(0.9)));
  add(argv, "--tensor-parallel-size", spec.tensor_parallel_size);
  add(argv, "--max-model-len", spec.context);
  add(argv, "--max-num-seqs", spec.parallel);
  return with(std::move(argv), spec);
}

constexpr std::array kEngines{
    Engine{.name = "llama-server",
           .summary = "llama.cpp's server, one GGUF model.",
           .client = "llamacpp",
           .port = 8080,
           .program = "llama-server",
           .install_hint =
               "install llama.cpp (https://github.com/ggml-org/llama.cpp) so that llama-server is "
               "on PATH",
           .ready_path = "/health",  // it lists its model while it still loads it
           .key_variable = "LLAMA_API_KEY",
           .takes_file = true,
           .many_models = false,
           .splits_a_gpu = false,
           .command = &llama_server},
    Engine{.name = "ollama",
           .summary = "Ollama, any model of its library.",
           .client = "ollama",
           .port = 11434,
           .program = "ollama",
           .install_hint = "install it from https://ollama.com so that ollama is on PATH",
           .ready_path = "/api/version",
           .key_variable = "",
           .takes_file = false,
           .many_models = true,
           .splits_a_gpu = false,
           .command = &ollama},
    Engine{
        .name = "sglang",
        .summary = "SGLang, one model of the Hugging Face hub.",
        .client = "sglang",
        .port = 30000,
        .program = "python3",
        .install_hint = "install the Python package sglang so that `python3 -m sglang.launch_server` works",
        .ready_path = "/v1/models",
        .key_variable = "SGLANG_API_KEY",
        .takes_file = false,
        .many_models = false,
        .splits_a_gpu = true,
        .command = &sglang},
    Engine{.name = "vllm",
           .summary = "vLLM, one model of the Hugging Face hub.",
           .client = "vllm",
           .port = 8000,
           .program = "vllm",
           .install_hint = "install the Python package vllm so that vllm is on PATH",
           .ready_path = "/v1/models",
           .key_variable = "VLLM_API_KEY",
           .takes_file = false,
           .many_models = false,
           .splits_a_gpu = true,
           .command = &vllm},
};
static_assert(std::ranges::is_sorted(kEngines, {}, &Engine::name));

[[noreturn]] void refuse(const Engine& engine, const std::string& what, const std::string& hint) {
  throw Error(ErrorCode::Usage, fmt::format("{}: {}", engine.name, what), hint);
}

void check_model(const Engine& engine, const ServerSpec& spec) {
  if (spec.model.empty() && !engine.many_models)
    refuse(engine, "a server needs a model", "name it with --model");
  if (spec.model.starts_with('-'))
    refuse(engine, fmt::format("'{}' is no model", spec.model), "a model's name does not begin with a dash");
  if (engine.takes_file && spec.model.find(',') != spec.model.npos)
    refuse(engine, fmt::format("the model '{}' has a comma in its name", spec.model),
           "llama-server would take it for several names; give the file another one");
}

bool tells_a_secret(std::string_view option) {
  const auto name = to_lower_ascii(option);
  return std::ranges::any_of(std::array{"key", "token", "password", "secret"}, [&](std::string_view word) {
    const auto at = name.find(word);
    if (at == name.npos) return false;
    const auto end = at + word.size();
    return end == name.size() || name[end] == '-' || name[end] == '_';  // not "tokenizer"
  });
}

}  // namespace

std::span<const Engine> engines() {
  return kEngines;
}

const Engine& engine_of(const ServerSpec& spec) {
  return require("engine", engines(), spec.engine);
}

const Engine* engine_of_client(std::string_view client) {
  const auto* it = std::ranges::find(kEngines, client, &Engine::client);
  return it == kEngines.end() ? nullptr : it;
}

void check(const ServerSpec& spec) {
  const auto& engine = engine_of(spec);
  check_model(engine, spec);
  if (spec.port < 1 || spec.port > 65535)
    refuse(engine, fmt::format("{} is no port", spec.port), "ports are 1 to 65535");
  if (spec.host.empty() || spec.host.starts_with('-'))
    refuse(engine, fmt::format("'{}' is no host", spec.host),
           "an address of this machine, such as 127.0.0.1");
  if (!engine.splits_a_gpu && (spec.gpu_memory_utilization || spec.tensor_parallel_size))
    refuse(engine, "it takes no --gpu-memory-utilization and no --tensor-parallel-size",
           "leave them out; --server-arg passes an option of its own on");
  if (const auto share = spec.gpu_memory_utilization; share && !(*share > 0 && *share <= 1))
    refuse(engine, fmt::format("--gpu-memory-utilization {:g} is no share", *share), "above 0, up to 1");
}

std::string root_url(const ServerSpec& spec) {
  std::string host = spec.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != host.npos) host = "[" + host + "]";
  return fmt::format("http://{}:{}", host, spec.port);
}

std::vector<std::string> without_secrets(std::span<const std::string> argv) {
  std::vector<std::string> out;
  bool hide = false;
  for (const auto& word : argv) {
    const bool option = word.starts_with("-");
    const auto equals = word.find('=');
    const bool secret = option && tells_a_secret(std::string_view(word).substr(0, equals));
    if (hide && !option)
      out.emplace_back("***");
    else if (secret && equals != word.npos)
      out.push_back(word.substr(0, equals) + "=***");
    else
      out.push_back(word);
    // An option such as --api-key may take several values.
    hide = option ? secret && equals == word.npos : hide;
  }
  return out;
}

}  // namespace ipw::servers
