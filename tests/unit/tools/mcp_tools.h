// SPDX-License-Identifier: Apache-2.0
// Tools for tests of the Model Context Protocol.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "ipw/tools/tool.h"

namespace ipw::tools {

class FakeTool final : public Tool {
 public:
  using Body = std::function<ToolResult(const std::string&, const ToolContext&)>;
  FakeTool(std::string name, Body body) : body_(std::move(body)) {
    spec_ = {std::move(name), "For tests.",
             R"({"type": "object", "properties": {"text": {"type": "string"}}})"};
  }
  const ToolSpec& spec() const override { return spec_; }
  ToolResult call(const std::string& arguments, const ToolContext& context) const override {
    return body_(arguments, context);
  }

 private:
  ToolSpec spec_;
  Body body_;
};

/// Wait until somebody asks to stop; the time-out is only for a test that fails.
inline ToolResult wait_for_stop(const std::string&, const ToolContext& context) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, context.stop, Seconds(60), [] { return false; });
  return {context.stop.stop_requested() ? "stopped" : "not stopped", true};
}

/// echo: its arguments; fail: a failure; throws: an exception; wait: until it is stopped.
inline ToolSet fake_tools() {
  ToolSet out;
  const auto add = [&](const char* name, FakeTool::Body body) {
    out.push_back(std::make_unique<FakeTool>(name, std::move(body)));
  };
  add("echo", [](const auto& arguments, const auto&) { return ToolResult{arguments, false}; });
  add("fail", [](const auto&, const auto&) { return ToolResult{"no such file", true}; });
  add("throws", [](const auto&, const auto&) -> ToolResult { throw std::runtime_error("broken"); });
  add("wait", wait_for_stop);
  return out;
}

}  // namespace ipw::tools
