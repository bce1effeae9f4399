// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"

namespace ipw::agents {
namespace {

constexpr std::size_t kMostOutput = std::size_t{8} << 20;
constexpr std::array<std::string_view, 4> kKnown = {"answer", "argv", "env", "prompt"};
constexpr std::string_view kExample =
    R"(--agent-kwargs '{"argv": ["my-agent", "--task", "{prompt}"], "prompt": "argument"}')";

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::Usage, "agent command: " + what, std::string(kExample));
}

struct Settings {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string prompt = "argument";  ///< argument, stdin, environment or file
  std::string answer;               ///< a file in the workspace; empty: standard output
};

std::string text_of(const Json& kwargs, const char* key, const std::string& fallback) {
  const auto it = kwargs.find(key);
  if (it == kwargs.end()) return fallback;
  if (!it->is_string()) fail(fmt::format("'{}' is no text", key));
  return it->get<std::string>();
}

Settings read_settings(const std::string& json) {
  const auto parsed = parse_json(json);
  if (!parsed || !parsed->is_object()) fail("the arguments are no JSON object");
  const Json& kwargs = *parsed;
  for (const auto& [key, value] : kwargs.items())
    if (std::ranges::find(kKnown, key) == kKnown.end())
      fail(fmt::format("unknown argument '{}'; it knows answer, argv, env and prompt", key));
  Settings out;
  const auto argv = kwargs.find("argv");
  if (argv == kwargs.end() || !argv->is_array() || argv->empty())
    fail("'argv' is missing: the program and its arguments");
  for (const auto& word : *argv) {
    if (!word.is_string()) fail("'argv' holds something else than texts");
    out.argv.push_back(word.get<std::string>());
  }
  out.prompt = text_of(kwargs, "prompt", out.prompt);
  if (out.prompt != "argument" && out.prompt != "stdin" && out.prompt != "environment" &&
      out.prompt != "file")
    fail(fmt::format("'prompt' is argument, stdin, environment or file, not '{}'", out.prompt));
  out.answer = text_of(kwargs, "answer", "");
  const Json environment = kwargs.value("env", Json::object());
  for (const auto& [name, value] : environment.items()) {
    if (!value.is_string()) fail(fmt::format("'env' has no text for {}", name));
    out.environment.emplace_back(name, value.get<std::string>());
  }
  return out;
}

constexpr std::string_view kPromptFile = "PROMPT.md";

class CommandAgent final : public Agent {
 public:
  CommandAgent(Settings settings, Limits limits) : settings_(std::move(settings)), limits_(limits) {}

  TaskEnd run(const Task& task, const ModelAccess& model, ToolWatch&, std::stop_token stop) const override {
    if (task.place == nullptr) return sandbox_failure("there is no place to run the agent in");
    if (settings_.prompt == "file")
      if (const auto why = write_prompt(task); !why.empty()) return sandbox_failure(why);
    return end_of(task.place->run(command(task, model, std::move(stop))), task);
  }

 private:
  sandbox::Command command(const Task& task, const ModelAccess& model, std::stop_token stop) const {
    sandbox::Command out;
    for (const auto& word : settings_.argv) out.argv.push_back(filled(word, task, model));
    out.wall = limits_.wall;
    out.most_output = kMostOutput;
    out.stop = std::move(stop);
    if (settings_.prompt == "stdin") out.input = task.prompt;
    out.environment = environment(task, model);
    return out;
  }

  /// Written and read in the place itself: it knows who its files belong to, and a link in there leads
  /// nowhere else.
  static std::string write_prompt(const Task& task) {
    sandbox::Command write;
    write.argv = {"sh", "-c", R"(cat >"$0")", std::string(kPromptFile)};
    write.input = task.prompt;
    const auto end = task.place->run(write);
    if (end.exit_status == 0) return {};
    return fmt::format("cannot write {}: {}", kPromptFile, end.error.empty() ? tail(end.errors) : end.error);
  }

  static TaskEnd sandbox_failure(const std::string& why) {
    return {{}, "sandbox", clients::Failure{"sandbox", why}, "{}"};
  }

  /// The names that the field's libraries read: OpenAI's, Anthropic's (whose base has no /v1), and our own.
  std::map<std::string, std::string> environment(const Task& task, const ModelAccess& model) const {
    const auto root = model.base_url.substr(0, model.base_url.rfind("/v1"));
    std::map<std::string, std::string> out = {{"OPENAI_BASE_URL", model.base_url},
                                              {"OPENAI_API_BASE", model.base_url},
                                              {"OPENAI_API_KEY", model.key},
                                              {"ANTHROPIC_BASE_URL", root},
                                              {"ANTHROPIC_API_KEY", model.key},
                                              {"IPW_BASE_URL", model.base_url},
                                              {"IPW_API_KEY", model.key},
                                              {"IPW_MODEL", model.model},
                                              {"IPW_TASK_ID", task.id},
                                              {"IPW_WORKSPACE", task.place->folder()}};
    if (settings_.prompt == "environment") out["IPW_PROMPT"] = task.prompt;
    for (const auto& [name, value] : settings_.environment) out[name] = filled(value, task, model);
    return out;
  }

  static std::string filled(std::string text, const Task& task, const ModelAccess& model) {
    text = replace_all(std::move(text), "{base_url}", model.base_url);
    text = replace_all(std::move(text), "{key}", model.key);
    text = replace_all(std::move(text), "{model}", model.model);
    text = replace_all(std::move(text), "{workspace}", task.place->folder());
    return replace_all(std::move(text), "{prompt}", task.prompt);  // last: it may hold the others' names
  }

  TaskEnd end_of(const sandbox::CommandEnd& result, const Task& task) const {
    TaskEnd end;
    end.answer = std::string(trim(to_valid_utf8(result.output)));
    end.metadata_json =
        dump_json({{"exit_status", result.exit_status ? Json(*result.exit_status) : Json(nullptr)},
                   {"stderr_tail", tail(result.errors)}});
    end.stop_reason = !result.error.empty()       ? "sandbox"
                      : result.limit == "wall"    ? "timeout"
                      : result.limit == "stopped" ? "cancelled"
                      : result.limit == "output"  ? "output"
                                                  : "ended";
    end.failure = failure_of(result);
    if (!end.failure && !settings_.answer.empty()) read_answer(task, end);
    return end;
  }

  std::optional<clients::Failure> failure_of(const sandbox::CommandEnd& result) const {
    using clients::Failure;
    if (!result.error.empty()) return Failure{"sandbox", result.error};
    if (result.limit == "wall")
      return Failure{"timeout", fmt::format("the agent did not end within {} s", limits_.wall.count())};
    if (result.limit == "stopped") return Failure{"cancelled", "the run was stopped"};
    if (result.limit == "output")
      return Failure{"agent", fmt::format("the agent printed more than {}", human_bytes(kMostOutput))};
    if (result.exit_status == 0) return std::nullopt;
    return Failure{"agent", fmt::format("the agent ended with status {}: {}", result.exit_status.value_or(-1),
                                        tail(result.errors))};
  }

  void read_answer(const Task& task, TaskEnd& end) const {
    sandbox::Command read;
    read.argv = {"cat", "--", settings_.answer};
    read.most_output = kMostOutput;
    const auto file = task.place->run(read);
    if (file.exit_status == 0)
      end.answer = std::string(trim(to_valid_utf8(file.output)));
    else
      end.failure = clients::Failure{"agent", fmt::format("the agent wrote no {} that can be read: {}",
                                                          settings_.answer, file.error + tail(file.errors))};
  }

  static std::string tail(const std::string& text) {
    constexpr std::size_t kKept = 500;
    return std::string(trim(to_valid_utf8(text.substr(text.size() - std::min(text.size(), kKept)))));
  }

  Settings settings_;
  Limits limits_;
};

}  // namespace

std::unique_ptr<Agent> make_command(const AgentOptions& options) {
  return std::make_unique<CommandAgent>(read_settings(options.kwargs_json), options.limits);
}

}  // namespace ipw::agents
