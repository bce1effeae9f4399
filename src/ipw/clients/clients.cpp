// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "ipw/clients/client.h"
#include "ipw/clients/echo.h"
#include "ipw/clients/llamacpp.h"
#include "ipw/clients/ollama.h"
#include "ipw/clients/openai.h"
#include "ipw/clients/vllm.h"

namespace ipw::clients {
namespace {

constexpr std::array kClients = {
    ClientEntry{"echo", "answers by itself with a given timing; for tests and demonstrations", make_echo},
    ClientEntry{"llamacpp", "llama.cpp in this process, for a GGUF file", make_llamacpp},
    ClientEntry{"ollama", "an Ollama server, by its own protocol", make_ollama},
    ClientEntry{"openai", "any server with OpenAI's chat completions", make_openai},
    ClientEntry{"vllm", "a vLLM server: chat completions, version, health, metrics", make_vllm},
};
static_assert(std::ranges::is_sorted(kClients, {}, &ClientEntry::name));

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kModules = {
    {{"llamacpp", "llama"}, {"ollama", "curl"}, {"openai", "curl"}, {"vllm", "curl"}}};

}  // namespace

std::span<const ClientEntry> clients() {
  return kClients;
}

std::string_view module_of(std::string_view client) {
  const auto row = std::ranges::find(kModules, client, &std::pair<std::string_view, std::string_view>::first);
  return row == kModules.end() ? std::string_view() : row->second;
}

}  // namespace ipw::clients
