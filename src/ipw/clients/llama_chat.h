// SPDX-License-Identifier: Apache-2.0
// Chat templates of models, rendered by llama.cpp's own Jinja engine.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ipw/clients/client.h"

namespace ipw::clients {

/// A template and the special tokens that it may name.
struct ChatTemplate {
  std::string source, bos, eos;
};

/// Tell whether this build can render Jinja.
bool can_render_chat();

/// Render messages up to the start of the answer. Throws std::exception with the template's own complaint.
std::string render_chat(const ChatTemplate& chat_template, const std::vector<Message>& messages);

}  // namespace ipw::clients
