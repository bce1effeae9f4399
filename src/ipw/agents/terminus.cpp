// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/terminus.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <nlohmann/json.hpp>

#include "ipw/agents/terminal.h"
#include "ipw/agents/terminus_chat.h"
#include "ipw/agents/terminus_prompts.h"
#include "ipw/agents/terminus_reply.h"
#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"

namespace ipw::agents {
namespace {

constexpr Seconds kLongest{60};
constexpr std::array<std::string_view, 6> kKnown = {"context_limit", "max_tokens", "parser",
                                                    "prompt_file",   "summarize",  "temperature"};

struct Settings {
  TerminusForm form = TerminusForm::Json;
  std::string prompt;  ///< in place of ours
  ChatSettings chat;
};

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::Usage, "agent terminus: " + what,
              R"(--agent-kwargs '{"parser": "json", "context_limit": 32768}')");
}

template <class T>
std::optional<T> number(const Json& kwargs, const char* key) {
  const auto it = kwargs.find(key);
  if (it == kwargs.end()) return std::nullopt;
  if (!it->is_number() || it->get<double>() < 0) fail(fmt::format("'{}' is no number of 0 or more", key));
  return it->get<T>();
}

TerminusForm form_of(const std::string& name) {
  if (name == "json") return TerminusForm::Json;
  if (name == "xml") return TerminusForm::Xml;
  fail(fmt::format("'parser' is json or xml, not '{}'", name));
}

Settings read_settings(const std::string& json) {
  const auto parsed = parse_json(json);
  if (!parsed || !parsed->is_object()) fail("the arguments are no JSON object");
  const Json& kwargs = *parsed;
  for (const auto& [key, value] : kwargs.items())
    if (std::ranges::find(kKnown, key) == kKnown.end())
      fail(fmt::format(
          "unknown argument '{}'; it knows context_limit, max_tokens, parser, prompt_file, summarize "
          "and temperature",
          key));
  Settings out;
  try {
    out.form = form_of(kwargs.value("parser", "json"));
    out.chat.summarize = kwargs.value("summarize", true);
    if (const auto file = kwargs.value("prompt_file", ""); !file.empty()) out.prompt = read_file(file);
  } catch (const Json::exception&) {
    fail("'parser' and 'prompt_file' are texts, 'summarize' is true or false");
  }
  out.chat.context_limit = number<std::int64_t>(kwargs, "context_limit");
  out.chat.max_tokens = number<int>(kwargs, "max_tokens");
  out.chat.temperature = number<double>(kwargs, "temperature").value_or(out.chat.temperature);
  return out;
}

/// One attempt at one task.
class Attempt {
 public:
  Attempt(const Settings& settings, const Task& task, const ModelAccess& model, Clock& clock, Seconds wall,
          ToolWatch& tools, const std::stop_token& stop)
      : settings_(settings),
        tools_(tools),
        stop_(stop),
        deadline_(clock.now() + from_seconds(wall.count())),
        clock_(clock),
        terminal_(*task.place, clock, server_name(), task.judged_there, stop),
        chat_(settings.chat, model, clock, task.prompt),
        prompt_(
            terminus_task(settings.form, settings.prompt, task.prompt, limit_output(terminal_.observe()))) {}

  TaskEnd run() {
    while (!end_) turn();
    end_->metadata_json = dump_json({{"turns", turns_},
                                     {"replies_that_could_not_be_read", unread_},
                                     {"replies_with_warnings", warned_},
                                     {"summaries", chat_.summaries()}});
    return std::move(*end_);
  }

 private:
  static std::string server_name() {
    static std::atomic<int> count{0};
    return fmt::format("ipw-{}-{}", getpid(), count++);
  }

  void turn() {
    if (stop_.stop_requested()) return finish("cancelled", "cancelled", "the run was stopped");
    if (clock_.now() >= deadline_) return finish("timeout", "timeout", "the task's time was over");
    if (!terminal_.alive()) return finish("terminal", "agent", "the terminal has ended");
    const auto response = chat_.ask(prompt_, terminal_, deadline_, stop_);
    if (response.failure) return fail_by(*response.failure);
    ++turns_;
    const auto reply = settings_.form == TerminusForm::Json ? parse_terminus_json(response.content)
                                                            : parse_terminus_xml(response.content);
    if (!reply.error.empty()) {
      ++unread_;
      prompt_ = terminus_mend(settings_.form, feedback(reply));
      return;
    }
    warned_ += reply.warnings.empty() ? 0 : 1;
    answer_ = reply.analysis;
    act(reply);
  }

  void act(const TerminusReply& reply) {
    std::string seen;
    try {
      seen = limit_output(execute(reply.commands));
    } catch (const Error& error) {
      return finish("terminal", "agent", error.what());
    }
    const bool confirmed = reply.task_complete && pending_;
    pending_ = reply.task_complete;
    if (confirmed) return finish("answered");
    if (reply.task_complete)
      prompt_ = terminus_confirm(settings_.form, seen);
    else
      prompt_ = reply.warnings.empty() ? seen : "About your last reply:\n" + feedback(reply) + "\n\n" + seen;
  }

  /// A span of a tool for each command; what they have shown together belongs to the last.
  std::string execute(const std::vector<TerminusCommand>& commands) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const auto& command = commands[i];
      const auto duration = std::clamp(command.duration, Seconds(0), kLongest);
      const auto call = tools_.begin("terminal", dump_json({{"keystrokes", command.keystrokes},
                                                            {"duration", command.duration.count()}}));
      try {
        terminal_.send(command.keystrokes, std::min<Seconds>(duration, deadline_ - clock_.now()));
        auto seen = i + 1 == commands.size() ? terminal_.observe() : std::string();
        tools_.end(call, seen, "");
        if (i + 1 == commands.size()) return seen;
      } catch (const Error& error) {
        tools_.end(call, "", error.what());
        throw;
      }
    }
    return terminal_.observe();
  }

  static std::string feedback(const TerminusReply& reply) {
    std::string out = reply.error.empty() ? "" : "ERROR: " + reply.error;
    for (const auto& warning : reply.warnings) out += (out.empty() ? "" : "\n") + ("WARNING: " + warning);
    return out;
  }

  void finish(std::string reason, std::string kind = {}, std::string message = {}) {
    end_.emplace();
    end_->answer = answer_;
    end_->stop_reason = std::move(reason);
    if (!kind.empty()) end_->failure = clients::Failure{std::move(kind), std::move(message)};
  }

  /// A refusal of the proxy is a limit that was reached: no failure, the task is judged as it stands.
  void fail_by(const clients::Failure& failure) {
    const bool of_ours = failure.message.find("the task has ") != std::string::npos;
    if (failure.http_status == 403 && of_ours) return finish("limit");
    finish(failure.kind == "timeout" || failure.kind == "cancelled" ? failure.kind : "model", failure.kind,
           failure.message);
  }

  const Settings& settings_;
  ToolWatch& tools_;
  const std::stop_token stop_;
  const Instant deadline_;
  Clock& clock_;
  Terminal terminal_;
  TerminusChat chat_;
  std::string prompt_, answer_;
  bool pending_ = false;  ///< the last reply said that the task is complete
  int turns_ = 0, unread_ = 0, warned_ = 0;
  std::optional<TaskEnd> end_;
};

class Terminus final : public Agent {
 public:
  Terminus(Settings settings, const AgentOptions& options)
      : settings_(std::move(settings)), clock_(clock_of(options)), wall_(options.limits.wall) {}

  TaskEnd run(const Task& task, const ModelAccess& model, ToolWatch& tools,
              std::stop_token stop) const override {
    try {
      if (!task.place) throw Error(ErrorCode::Internal, "the task has no place for a terminal");
      return Attempt(settings_, task, model, clock_, wall_, tools, stop).run();
    } catch (const Error& error) {
      const auto hint = error.hint().empty() ? std::string() : "; " + error.hint();
      return {{}, "agent", clients::Failure{"agent", error.what() + hint}, "{}"};
    }
  }

 private:
  const Settings settings_;
  Clock& clock_;
  const Seconds wall_;
};

}  // namespace

std::unique_ptr<Agent> make_terminus(const AgentOptions& options) {
  return std::make_unique<Terminus>(read_settings(options.kwargs_json), options);
}

}  // namespace ipw::agents
