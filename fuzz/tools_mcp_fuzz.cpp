// SPDX-License-Identifier: Apache-2.0
// Any bytes as what the other side of the Model Context Protocol says: to a server, to a client that waits
// for an answer, as a list of tools and as a result. What is read is written and read as the same.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/log.h"
#include "ipw/tools/mcp_dialog.h"
#include "ipw/tools/mcp_listing.h"
#include "ipw/tools/mcp_message.h"
#include "ipw/tools/mcp_server.h"

namespace {

using namespace ipw::tools;
using namespace ipw::tools::mcp;

class Echo final : public Tool {
 public:
  const ToolSpec& spec() const override { return spec_; }
  ToolResult call(const std::string& arguments, const ToolContext&) const override {
    return {arguments, false};
  }

 private:
  ToolSpec spec_{"echo", "Repeat.", R"({"type":"object"})"};
};

void require(bool holds) {
  if (!holds) std::abort();
}

void check_message(const Message& message) {
  if (message.kind == Message::Kind::Invalid) return;
  const auto line = to_line(message);
  require(line.find('\n') == line.npos);
  const auto again = parse_packet(line).messages.front();
  require(again.kind == message.kind && again.id == message.id && again.method == message.method);
  require(to_line(again) == line);
}

void check_server(const Packet& packet) {
  ToolSet tools;
  tools.push_back(std::make_unique<Echo>());
  ServerSession session(tools);
  for (const auto& message : packet.messages) {
    const auto step = session.take(message);
    auto reply = step.reply;
    if (step.call) reply = reply_to(*step.call, step.call->tool->call(step.call->arguments, {}));
    if (!reply.empty()) require(ipw::parse_json(reply).has_value());
  }
}

void check_client(std::string_view line) {
  Dialog dialog(nullptr);
  const auto id = dialog.open();
  dialog.take(line);
  const auto answer = dialog.await(id, {ipw::Seconds(0), {}});
  require((answer.trouble == Trouble::None) == answer.why.empty());
}

void check_listing(std::string_view text) {
  require(read_result(text, 100).text.size() < 200);
  for (const bool http : {false, true}) {
    try {
      auto page = parse_tools(text, http);
      make_names(page.tools);
      for (const auto& tool : page.tools) {
        require(!tool.spec.name.empty() && tool.spec.name.size() <= 64);
        require(ipw::parse_json(tool.spec.parameters_json)->is_object());
        for (const auto& [name, value] : headers_of(tool, text))
          require(value.find_first_of("\r\n") == value.npos);
      }
    } catch (const ipw::Error&) {
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ipw::log::set_level(ipw::log::Level::Off);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto packet = parse_packet(bytes);
  for (const auto& message : packet.messages) check_message(message);
  check_server(packet);
  check_client(bytes);
  check_listing(bytes);
  from_header_value(bytes);
  require(from_header_value(header_value(bytes)) == bytes);
  return 0;
}
