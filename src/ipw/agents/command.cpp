// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/base/subprocess.h"
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
    try {
      return end_of(run_process(request(task, model, std::move(stop))), task);
    } catch (const Error& error) {
      return {{}, "agent", clients::Failure{"agent", error.what()}, "{}"};
    }
  }

 private:
  ProcessRequest request(const Task& task, const ModelAccess& model, std::stop_token stop) const {
    ProcessRequest out;
    for (const auto& word : settings_.argv) out.argv.push_back(filled(word, task, model));
    out.timeout = limits_.wall;
    out.most_output = kMostOutput;
    out.folder = task.workspace.string();
    out.stop = std::move(stop);
    if (settings_.prompt == "stdin") out.input = task.prompt;
    if (settings_.prompt == "file") write_file_atomic(task.workspace / kPromptFile, task.prompt);
    out.environment = environment(task, model);
    return out;
  }

  /// The names that the field's libraries read: OpenAI's, Anthropic's (whose base has no /v1), and our own.
  std::vector<std::string> environment(const Task& task, const ModelAccess& model) const {
    const auto root = model.base_url.substr(0, model.base_url.rfind("/v1"));
    std::vector<std::string> out = {"OPENAI_BASE_URL=" + model.base_url,
                                    "OPENAI_API_BASE=" + model.base_url,
                                    "OPENAI_API_KEY=" + model.key,
                                    "ANTHROPIC_BASE_URL=" + root,
                                    "ANTHROPIC_API_KEY=" + model.key,
                                    "IPW_BASE_URL=" + model.base_url,
                                    "IPW_API_KEY=" + model.key,
                                    "IPW_MODEL=" + model.model,
                                    "IPW_TASK_ID=" + task.id,
                                    "IPW_WORKSPACE=" + task.workspace.string()};
    if (settings_.prompt == "environment") out.push_back("IPW_PROMPT=" + task.prompt);
    for (const auto& [name, value] : settings_.environment)
      out.push_back(name + "=" + filled(value, task, model));
    return out;
  }

  static std::string filled(std::string text, const Task& task, const ModelAccess& model) {
    text = replace_all(std::move(text), "{base_url}", model.base_url);
    text = replace_all(std::move(text), "{key}", model.key);
    text = replace_all(std::move(text), "{model}", model.model);
    text = replace_all(std::move(text), "{workspace}", task.workspace.string());
    return replace_all(std::move(text), "{prompt}", task.prompt);  // last: it may hold the others' names
  }

  TaskEnd end_of(const ProcessResult& result, const Task& task) const {
    TaskEnd end;
    end.answer = std::string(trim(to_valid_utf8(result.out)));
    end.metadata_json = dump_json({{"exit_status", result.exit_status}, {"stderr_tail", tail(result.err)}});
    end.stop_reason = result.timed_out ? "timeout"
                      : result.stopped ? "cancelled"
                      : result.flooded ? "output"
                                       : "ended";
    if (result.timed_out)
      end.failure =
          clients::Failure{"timeout", fmt::format("the agent did not end within {} s", limits_.wall.count())};
    else if (result.stopped)
      end.failure = clients::Failure{"cancelled", "the run was stopped"};
    else if (result.flooded)
      end.failure =
          clients::Failure{"agent", fmt::format("the agent printed more than {}", human_bytes(kMostOutput))};
    else if (result.exit_status != 0)
      end.failure = clients::Failure{
          "agent", fmt::format("the agent ended with status {}: {}", result.exit_status, tail(result.err))};
    if (!end.failure && !settings_.answer.empty()) read_answer(task, end);
    return end;
  }

  void read_answer(const Task& task, TaskEnd& end) const {
    const auto path = task.workspace / settings_.answer;
    if (std::filesystem::is_regular_file(path))
      end.answer = std::string(trim(to_valid_utf8(read_file(path))));
    else
      end.failure = clients::Failure{"agent", fmt::format("the agent wrote no {}", settings_.answer)};
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
  if (options.sandbox != "none")
    throw Error(
        ErrorCode::Usage,
        fmt::format("agent command cannot run in the sandbox '{}' yet: the program would need the model's "
                    "address in there",
                    options.sandbox),
        "--sandbox none runs it on this machine with all that is on it: only for programs that you trust");
  return std::make_unique<CommandAgent>(read_settings(options.kwargs_json), options.limits);
}

}  // namespace ipw::agents
