// SPDX-License-Identifier: Apache-2.0
// How rules word their verdicts, so that every rule counts the same classes.
#pragma once
#include <string>
#include <string_view>

#include "ipw/base/json.h"
#include "ipw/evaluation/scorer.h"

namespace ipw::evaluation {

/// The rule cannot decide: the question is at fault, not the answer.
Verdict unscored(std::string reason);

/// An answer was found. metadata: {"class":"parsed"}, with "truncated":true when the token limit ended the
/// response.
Verdict decided(const Task& task, bool correct, std::string extracted, std::string reason = {});

/// Add a key to the metadata of a verdict, a JSON object.
void add_metadata(Verdict& verdict, const char* key, Json value);

/// No answer was found, which is wrong. The class is "empty" without any text, "truncated" when the token
/// limit ended the response (it may have been on its way to an answer), else "unparsed".
Verdict no_answer(const Task& task, std::string_view response, std::string_view sought);

/// Name the class of a response without an answer: "empty", "truncated" or "unparsed".
std::string_view no_answer_class(const Task& task, std::string_view response);

}  // namespace ipw::evaluation
