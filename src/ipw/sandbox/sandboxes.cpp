// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "ipw/base/error.h"
#include "ipw/sandbox/bubblewrap.h"
#include "ipw/sandbox/sandbox.h"

namespace ipw::sandbox {
namespace {

constexpr std::array kSandboxes = {
    SandboxEntry{"bubblewrap", "Namespaces of the kernel through bwrap, without a daemon.", make_bubblewrap},
};

}  // namespace

std::span<const SandboxEntry> sandboxes() {
  return kSandboxes;
}

std::unique_ptr<Sandbox> first_sandbox_that_works() {
  std::string reasons, hint;
  for (const auto& row : sandboxes()) {
    try {
      return row.make();
    } catch (const Error& error) {
      reasons += fmt::format("{}{}", reasons.empty() ? "" : "; ", error.what());
      hint += fmt::format("{}{}", hint.empty() ? "" : "; ", error.hint());
    }
  }
  throw Error(ErrorCode::Unavailable, reasons, hint);
}

}  // namespace ipw::sandbox
