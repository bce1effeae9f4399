// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/terminus_prompts.h"

#include <fmt/format.h>

#include "ipw/base/text.h"

namespace ipw::agents {
namespace {

constexpr std::string_view kRules =
    R"(You work in a Linux terminal to solve the task below. You see what the terminal shows, and you answer with keystrokes for it.

{form}

How keystrokes work:
- They are typed as they stand, character by character. A command only runs when a newline follows it.
- A single key can be named the way tmux names it: C-c for Ctrl+C, C-d for Ctrl+D. It then stands alone.
- After each command the terminal is left alone for its duration in seconds (1 when you give none). Take 0.1 for what ends at once (cd, ls, cat), 1 for compilers and searches, more for builds and downloads, and never more than 60: send empty keystrokes with a duration to wait longer.
- No commands at all is allowed: you then see the terminal again.

When the task is solved, say so in the reply. You will be asked once more before your work is judged.

Task:
{instruction}

The terminal now:
{terminal_state}
)";

constexpr std::string_view kJsonForm = R"(Reply with one JSON object and nothing else:

{
  "analysis": "what the terminal shows, what is done, what is left",
  "plan": "what you do next, and what you expect of it",
  "commands": [
    {"keystrokes": "ls -la\n", "duration": 0.1},
    {"keystrokes": "make\n", "duration": 20}
  ],
  "task_complete": false
}

"analysis", "plan" and "commands" are required; "task_complete" may be left out. Quotes and newlines in texts are escaped as JSON asks.)";

constexpr std::string_view kXmlForm = R"(Reply with one response element and nothing else:

<response>
<analysis>what the terminal shows, what is done, what is left</analysis>
<plan>what you do next, and what you expect of it</plan>
<commands>
<keystrokes duration="0.1">ls -la
</keystrokes>
<keystrokes duration="20">make
</keystrokes>
</commands>
<task_complete>false</task_complete>
</response>

analysis, plan and commands are required; task_complete may be left out. Keystrokes are taken literally: escape nothing.)";

constexpr std::string_view name(TerminusForm form) {
  return form == TerminusForm::Json ? "JSON" : "XML";
}

}  // namespace

std::string terminus_task(TerminusForm form, std::string_view custom, std::string_view instruction,
                          std::string_view terminal) {
  std::string text(custom.empty() ? kRules : custom);
  text =
      replace_all(std::move(text), "{form}", std::string(form == TerminusForm::Json ? kJsonForm : kXmlForm));
  text = replace_all(std::move(text), "{terminal_state}", std::string(terminal));
  return replace_all(std::move(text), "{instruction}",
                     std::string(instruction));  // last: it may hold the other
}

std::string terminus_mend(TerminusForm form, std::string_view feedback) {
  return fmt::format(
      "Your last reply could not be read:\n{}\n\nSend it again as proper {} in the form that was asked for.",
      feedback, name(form));
}

std::string terminus_confirm(TerminusForm form, std::string_view terminal) {
  const auto again =
      form == TerminusForm::Json ? R"("task_complete": true)" : "<task_complete>true</task_complete>";
  return fmt::format(
      "Current terminal state:\n{}\n\nYou say that the task is complete. Once it is confirmed your work is "
      "judged, and "
      "nothing can be changed any more. To confirm, reply with {} again; otherwise go on.",
      terminal, again);
}

std::string terminus_summary_request(std::string_view instruction) {
  return fmt::format(
      "Another agent will take over from you, without this conversation. Write down all that it has to "
      "know.\n\nTask: {}\n\n"
      "Cover, with details:\n1. what you have done: each command that mattered and what it showed;\n2. what "
      "you have found "
      "out: files, settings, errors, the state of the machine;\n3. what was difficult and how you got around "
      "it;\n4. where "
      "exactly the task stands now.",
      instruction);
}

std::string terminus_questions_request(std::string_view instruction, std::string_view summary,
                                       std::string_view screen) {
  return fmt::format(
      "You take over a task from another agent.\n\nTask: {}\n\nIts summary:\n{}\n\nThe terminal "
      "now:\n{}\n\nAsk it what you "
      "need to know and the summary does not say, five questions at least. You cannot ask again later.",
      instruction, summary, screen);
}

std::string terminus_answers_request(std::string_view questions) {
  return fmt::format(
      "The agent that takes over asks you the following. Answer each question in detail.\n\n{}", questions);
}

std::string terminus_handoff(std::string_view answers) {
  return fmt::format(
      "The agent before you answers:\n\n{}\n\nGo on with the task from where it stands. Questions are no "
      "longer answered; "
      "reply in the form that was asked for.",
      answers);
}

std::string terminus_short_handoff(std::string_view instruction, std::string_view summary,
                                   std::string_view screen) {
  if (summary.empty()) return fmt::format("Task: {}\n\nThe terminal now:\n{}", instruction, screen);
  return fmt::format("Task: {}\n\nWhat has been done so far:\n{}\n\nThe terminal now:\n{}", instruction,
                     summary, screen);
}

}  // namespace ipw::agents
