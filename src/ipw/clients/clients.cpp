// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/clients/client.h"
#include "ipw/clients/echo.h"
#include "ipw/clients/llamacpp.h"

namespace ipw::clients {
namespace {

constexpr std::array kClients = {
    ClientEntry{"echo", "answers by itself with a given timing; for tests and demonstrations", make_echo},
    ClientEntry{"llamacpp", "llama.cpp in this process, for a GGUF file", make_llamacpp},
};
static_assert(std::ranges::is_sorted(kClients, {}, &ClientEntry::name));

}  // namespace

std::span<const ClientEntry> clients() {
  return kClients;
}

}  // namespace ipw::clients
