// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/presets.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/agents/command.h"
#include "ipw/base/error.h"
#include "ipw/base/json.h"

namespace ipw::agents {
namespace {

struct Preset {
  const char* name;
  const char* program;
  const char* install;
  const char* script;  ///< $0 is the program, its further arguments are the user's
  Json environment;
};

/// Says how to get the program where it is missing. It runs in the task's place, so only there can be seen
/// whether it is.
std::string checked(const Preset& preset) {
  return fmt::format(
      "command -v \"$0\" >/dev/null 2>&1 || {{ echo \"$0 is not there, where the task runs: install it with "
      "{} (or give its path as 'program')\" >&2; exit 127; }}; {}",
      preset.install, preset.script);
}

[[noreturn]] void fail(const Preset& preset, const std::string& what) {
  throw Error(ErrorCode::Usage, fmt::format("agent {}: {}", preset.name, what),
              R"(--agent-kwargs '{"program": "/path/to/it", "args": ["--flag"], "env": {"NAME": "value"}}')");
}

void check(const Preset& preset, const Json& kwargs) {
  for (const auto& [key, value] : kwargs.items()) {
    const bool known = (key == "program" && value.is_string()) || (key == "args" && value.is_array()) ||
                       (key == "env" && value.is_object());
    if (!known) fail(preset, fmt::format("'{}' is no argument of it, or of another type", key));
  }
}

std::unique_ptr<Agent> make(const Preset& preset, const AgentOptions& options) {
  const auto kwargs = parse_json(options.kwargs_json);
  if (!kwargs || !kwargs->is_object()) fail(preset, "the arguments are no JSON object");
  check(preset, *kwargs);
  Json argv = {"sh", "-c", checked(preset), kwargs->value("program", std::string(preset.program))};
  const Json more = kwargs->value("args", Json::array());
  for (const auto& word : more) argv.push_back(word);
  Json environment = preset.environment;
  const Json own = kwargs->value("env", Json::object());
  environment.update(own);
  AgentOptions out = options;
  out.kwargs_json = dump_json({{"argv", argv}, {"env", environment}, {"prompt", "environment"}});
  return make_command(out);
}

}  // namespace

std::unique_ptr<Agent> make_mini_swe_agent(const AgentOptions& options) {
  // Its answer is in the file of its trajectory; what it prints on the way is not.
  return make(
      {"mini-swe-agent",
       "mini",
       "pip install 'mini-swe-agent==2.*'",
       "\"$0\" -t \"$IPW_PROMPT\" -m \"openai/$IPW_MODEL\" -y --exit-immediately -l 0 -o run.traj.json "
       "\"$@\" >&2 || exit; exec python3 -c 'import json; "
       "print(json.load(open(\"run.traj.json\"))[\"info\"].get(\"submission\") or \"\")'",
       {{"MSWEA_CONFIGURED", "true"},
        {"MSWEA_COST_TRACKING", "ignore_errors"},
        {"MSWEA_SILENT_STARTUP", "1"},
        {"HOME", "{workspace}"}}},
      options);
}

std::unique_ptr<Agent> make_openhands(const AgentOptions& options) {
  // It streams its events as lines of JSON between other lines; the last text of the agent is the answer.
  return make({"openhands",
               "openhands",
               "uv tool install openhands --python 3.12",
               R"("$0" --headless --json --override-with-envs -t "$IPW_PROMPT" "$@" >events.jsonl || exit; )"
               "exec python3 -c '\n"
               "import json\n"
               "answer = \"\"\n"
               "for line in open(\"events.jsonl\"):\n"
               "    try: event = json.loads(line)\n"
               "    except ValueError: continue\n"
               "    if not isinstance(event, dict) or event.get(\"source\") != \"agent\": continue\n"
               "    action, message = event.get(\"action\") or {}, event.get(\"llm_message\") or {}\n"
               "    if isinstance(action, dict) and action.get(\"message\"): answer = action[\"message\"]\n"
               "    for part in message.get(\"content\") or []:\n"
               "        if part.get(\"text\"): answer = part[\"text\"]\n"
               "print(answer)'",
               {{"LLM_MODEL", "openai/{model}"},
                {"LLM_BASE_URL", "{base_url}"},
                {"LLM_API_KEY", "{key}"},
                {"HOME", "{workspace}"}}},
              options);
}

}  // namespace ipw::agents
