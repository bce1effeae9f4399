// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/tools/arguments.h"
#include "ipw/tools/builtin.h"
#include "ipw/tools/expression.h"

namespace ipw::tools {
namespace {

constexpr std::array kArguments = {
    Argument{"expression", ArgumentType::Text, "Such as (3 + 4) * 2**10 / sqrt(2) or round(100 / 7, 2).",
             true},
};

class Calculator final : public CheckedTool {
 public:
  Calculator()
      : CheckedTool("calculator",
                    "Work out an arithmetic expression: + - * / // % **, parentheses, pi, e, sqrt, log, exp, "
                    "sin, cos, tan, abs, round, floor, ceil, min, max, factorial. Angles are radians. Write "
                    "numbers without commas.",
                    kArguments) {}

 private:
  ToolResult work(const Json& arguments, const ToolContext&) const override {
    const auto value = calculate(arguments.at("expression").get<std::string>());
    if (!value) return failed("calculator: " + value.error());
    ToolResult out;
    out.text = *value;
    return out;
  }
};

}  // namespace

std::unique_ptr<Tool> make_calculator(const ToolOptions& options) {
  read_options("calculator", options.options_json, {});
  return std::make_unique<Calculator>();
}

}  // namespace ipw::tools
