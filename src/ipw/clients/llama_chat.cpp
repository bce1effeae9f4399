// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/llama_chat.h"

#include <stdexcept>

#ifdef IPW_LLAMA_JINJA
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <jinja/value.h>
#endif

namespace ipw::clients {

#ifdef IPW_LLAMA_JINJA

namespace {

jinja::value messages_value(const std::vector<Message>& messages) {
  auto list = jinja::mk_val<jinja::value_array>();
  for (const auto& message : messages) {
    auto object = jinja::mk_val<jinja::value_object>();
    object->insert("role", jinja::mk_val<jinja::value_string>(message.role));
    object->insert("content", jinja::mk_val<jinja::value_string>(message.content));
    list->push_back(object);
  }
  return list;
}

}  // namespace

bool can_render_chat() {
  return true;
}

std::string render_chat(const ChatTemplate& chat_template, const std::vector<Message>& messages) {
  jinja::lexer lexer;
  const auto tokens = lexer.tokenize(chat_template.source);
  const jinja::program program = jinja::parse_from_tokens(tokens);
  jinja::context context(chat_template.source);
  context.set_val("messages", messages_value(messages));
  context.set_val("bos_token", jinja::mk_val<jinja::value_string>(chat_template.bos));
  context.set_val("eos_token", jinja::mk_val<jinja::value_string>(chat_template.eos));
  context.set_val("enable_thinking", jinja::mk_val<jinja::value_bool>(true));
  context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(true));
  jinja::runtime runtime(context);
  const auto result = runtime.execute(program);
  return jinja::runtime::gather_string_parts(result)->as_string().str();
}

#else

bool can_render_chat() {
  return false;
}

std::string render_chat(const ChatTemplate&, const std::vector<Message>&) {
  throw std::runtime_error("this build has no Jinja engine");
}

#endif

}  // namespace ipw::clients
