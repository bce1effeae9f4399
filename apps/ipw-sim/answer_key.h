// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

#include "ipw/sim/pace.h"

namespace ipw::sim {

/// The answers to the questions of ipw-mini and of ipw-tiny (its default count, with seed 0), from the
/// bundled data.
AnswerKey bundled_answers(const std::filesystem::path& data_dir);

/// An answer that is not the right one: another choice, the next number, another word.
std::string wrong_answer(const std::string& right, std::size_t choices);

}  // namespace ipw::sim
