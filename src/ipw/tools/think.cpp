// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/tools/arguments.h"
#include "ipw/tools/builtin.h"

namespace ipw::tools {
namespace {

constexpr std::array kArguments = {
    Argument{"thought", ArgumentType::Text, "What you want to note.", true},
};

class Think final : public CheckedTool {
 public:
  Think()
      : CheckedTool("think", "Note a thought or a plan. Nothing is done and nothing is found out by it.",
                    kArguments) {}

 private:
  ToolResult work(const Json&, const ToolContext&) const override {
    ToolResult out;
    out.text = "Noted.";  // the thought itself is in the conversation already: why pay for it twice
    return out;
  }
};

}  // namespace

std::unique_ptr<Tool> make_think(const ToolOptions& options) {
  read_options("think", options.options_json, {});
  return std::make_unique<Think>();
}

}  // namespace ipw::tools
