// SPDX-License-Identifier: Apache-2.0
// What Terminus says to its model. The words are ours; the protocol is that of Terminus 2.
#pragma once
#include <string>
#include <string_view>

namespace ipw::agents {

enum class TerminusForm : std::uint8_t { Json, Xml };

/// The first prompt. `custom` replaces ours where it is not empty; {instruction} and {terminal_state} in it
/// are filled in.
std::string terminus_task(TerminusForm form, std::string_view custom, std::string_view instruction,
                          std::string_view terminal);
/// After a reply that could not be read.
std::string terminus_mend(TerminusForm form, std::string_view feedback);
/// After the first `task_complete`.
std::string terminus_confirm(TerminusForm form, std::string_view terminal);

std::string terminus_summary_request(std::string_view instruction);
std::string terminus_questions_request(std::string_view instruction, std::string_view summary,
                                       std::string_view screen);
std::string terminus_answers_request(std::string_view questions);
std::string terminus_handoff(std::string_view answers);
/// Where a summary in three calls failed: its last resorts, from one call's summary and from none.
std::string terminus_short_handoff(std::string_view instruction, std::string_view summary,
                                   std::string_view screen);

}  // namespace ipw::agents
