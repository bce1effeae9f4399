// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/react.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/agents/react_mcp.h"
#include "ipw/agents/react_messages.h"
#include "ipw/agents/react_model.h"
#include "ipw/agents/react_reply.h"
#include "ipw/agents/react_settings.h"
#include "ipw/agents/react_tools.h"
#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"

namespace ipw::agents {
namespace {

/// A call that the server has not taken out of the text: its tool-call parser is not that of the model.
bool holds_unparsed_call(const std::string& text) {
  constexpr std::array<std::string_view, 4> kMarks = {"<tool_call>", "[TOOL_CALLS]",
                                                      "<function=", "<|tool_call"};
  return std::ranges::any_of(kMarks, [&](auto mark) { return text.find(mark) != std::string::npos; });
}

/// What all tasks share.
struct Equipment {
  Equipment(ReactSettings s, const Limits& l, Toolbox t, Clock& c)
      : settings(std::move(s)), limits(l), tools(std::move(t)), clock(c), link(c) {}
  const ReactSettings settings;
  const Limits limits;
  const Toolbox tools;
  Clock& clock;
  ModelLink link;
};

/// One task, from its first turn to its end. One thread.
class Session {
 public:
  Session(Equipment& equipment, const Task& task, const ModelAccess& model, ToolWatch& watch,
          std::stop_token stop)
      : with_(equipment),
        task_(task),
        model_(model),
        stop_(std::move(stop)),
        begun_(equipment.clock.now()),
        runner_(equipment.tools, watch, equipment.settings) {
    conversation_.prompt = task.prompt;
  }

  TaskEnd run() {
    while (end_.stop_reason.empty()) turn();
    end_.metadata_json = metadata();
    return std::move(end_);
  }

 private:
  Seconds left() const { return with_.limits.wall - Seconds(to_seconds(with_.clock.now() - begun_)); }
  bool is_last() const { return used_ + 1 >= with_.limits.turns; }

  void turn() {
    if (is_over()) return;
    const bool last = is_last();
    const auto reply = ask();
    if (reply.failure) return fail(reply);
    ++turns_;
    if (reply.finish_reason == "length") ++cut_replies_;
    last_text_ = without_reasoning(reply.content);
    with_.settings.text_protocol ? take_text(reply, last) : take_native(reply, last);
  }

  /// End where the user or the clock says so.
  bool is_over() {
    if (stop_.stop_requested())
      finish("cancelled", clients::Failure{"cancelled", "the run was stopped"});
    else if (left() <= Seconds(0))
      finish("timeout", clients::Failure{"timeout", fmt::format("the agent did not end within {:g} s",
                                                                with_.limits.wall.count())});
    return !end_.stop_reason.empty();
  }

  ModelReply ask() {
    auto reply = ask_once();
    if (!reply.too_long || is_last() || !shorten_oldest(conversation_)) return reply;
    ++shortenings_;
    return ask_once();
  }

  ModelReply ask_once() {
    const auto body =
        request_json(model_.model, conversation_, with_.tools, with_.settings, used_ + 1, with_.limits.turns);
    auto reply = with_.link.ask(model_, body,
                                {left(), with_.settings.model_timeout, with_.settings.max_retries}, stop_);
    used_ += reply.attempts;
    retries_ += reply.attempts - 1;
    return reply;
  }

  void fail(const ModelReply& reply) {
    if (is_over()) return;
    if (reply.out_of_turns) return answer(last_text_, "turns");
    finish("model_error", clients::Failure{"agent", "the model failed: " + reply.failure->message,
                                           reply.failure->http_status});
  }

  void take_native(const ModelReply& reply, bool last) {
    if (!reply.calls.empty()) {
      if (last) return answer(last_text_, "turns");
      return act(reply, reply.calls);
    }
    const bool unparsed = holds_unparsed_call(last_text_) && !with_.tools.empty();
    if (unparsed) ++runner_.counts.unparsable;
    if (!unparsed && !last_text_.empty()) return answer(last_text_, "answered");
    if (last) return answer(last_text_, "turns");
    remark(unparsed ? "A tool call stands in your text, and the server did not understand it. Call the tool "
                      "through its interface, or give your final answer."
                    : "Your reply was empty. Call a tool or give your final answer.");
  }

  void take_text(const ModelReply& reply, bool last) {
    auto read = read_text_reply(reply.content);
    if (read.final_answer && !read.final_answer->empty()) return answer(*read.final_answer, "answered");
    if (last) {
      if (read.calls.empty()) ++runner_.counts.unparsable;
      return answer(last_text_, "turns");
    }
    if (!read.calls.empty()) return act(reply, read.calls);
    ++runner_.counts.unparsable;
    remark(
        "Your reply had neither an ACTION nor a FINAL_ANSWER. Write ACTION: and INPUT: to call a tool, or "
        "FINAL_ANSWER: and the answer.");
  }

  /// Run the calls in their order. Those for which no time is left are not begun.
  void act(const ModelReply& reply, const std::vector<ToolCall>& calls) {
    Turn turn{with_.settings.text_protocol ? without_reasoning(reply.content) : last_text_, {}, {}};
    for (const auto& call : calls) {
      if (is_over()) return;
      turn.observations.push_back(runner_.run(call, task_.place, left(), stop_));
    }
    conversation_.turns.push_back(std::move(turn));
  }

  void remark(std::string text) { conversation_.turns.push_back({last_text_, {}, std::move(text)}); }

  void answer(std::string text, std::string reason) {
    end_.answer = std::move(text);
    end_.stop_reason = std::move(reason);
  }

  void finish(std::string reason, clients::Failure failure) {
    end_.answer = last_text_;
    end_.stop_reason = std::move(reason);
    end_.failure = std::move(failure);
  }

  std::string metadata() const {
    const auto& counts = runner_.counts;
    return dump_json({{"protocol", with_.settings.text_protocol ? "text" : "native"},
                      {"turns", turns_},
                      {"model_retries", retries_},
                      {"cut_replies", cut_replies_},
                      {"shortened_conversations", shortenings_},
                      {"tool_calls", {{"attempted", counts.attempted}, {"succeeded", counts.succeeded}}},
                      {"unparsable_calls", counts.unparsable},
                      {"unknown_tools", counts.unknown},
                      {"repeated_calls", counts.repeated},
                      {"tools", *parse_json(runner_.by_tool_json())},
                      {"sub_models", parse_json(runner_.sub_models_json()).value_or(Json::array())}});
  }

  Equipment& with_;
  const Task& task_;
  const ModelAccess& model_;
  std::stop_token stop_;
  Instant begun_;
  ToolRunner runner_;
  Conversation conversation_;
  TaskEnd end_;
  std::string last_text_;
  int used_ = 0;  ///< requests, those that were sent again too: so the proxy counts
  int turns_ = 0, retries_ = 0, cut_replies_ = 0, shortenings_ = 0;
};

class React final : public Agent {
 public:
  React(ReactSettings settings, const Limits& limits, Toolbox tools, Clock& clock)
      : with_(std::make_unique<Equipment>(std::move(settings), limits, std::move(tools), clock)) {}

  TaskEnd run(const Task& task, const ModelAccess& model, ToolWatch& tools,
              std::stop_token stop) const override {
    try {
      return Session(*with_, task, model, tools, std::move(stop)).run();
    } catch (const std::exception& error) {
      return {{}, "agent", clients::Failure{"agent", error.what()}, "{}"};
    }
  }

 private:
  std::unique_ptr<Equipment> with_;  ///< its link is thread-safe, all else is read only
};

}  // namespace

std::unique_ptr<Agent> make_react(const AgentOptions& options) {
  auto settings = read_react_settings(options.kwargs_json, options.dataset);
  auto& clock = clock_of(options);
  Toolbox tools(settings.tools, {.clock = &clock, .stop = options.stop, .tell = options.tell});
  add_mcp_servers(tools, settings.mcp_servers_json, options.stop);
  return std::make_unique<React>(std::move(settings), options.limits, std::move(tools), clock);
}

}  // namespace ipw::agents
