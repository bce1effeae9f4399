// SPDX-License-Identifier: Apache-2.0
// The makers of the harnesses, with the engine as an argument.
#pragma once
#include <filesystem>
#include <memory>

#include "ipw/base/json.h"
#include "ipw/harness/containers.h"
#include "ipw/harness/harness.h"

namespace ipw::harness {

/// `data`: the folder of data/swebench-specs.json.
std::unique_ptr<Harness> make_swebench(std::shared_ptr<Images> images, const std::filesystem::path& data);
std::unique_ptr<Harness> make_swefficiency(std::shared_ptr<Images> images);
std::unique_ptr<Harness> make_terminalbench(std::shared_ptr<Images> images);

/// The two kinds of Terminal-Bench's tasks; `metadata` is the question's. Throw Error.
std::unique_ptr<Trial> open_v1(Images& images, const datasets::Question& question, const Json& metadata,
                               const std::stop_token& stop);
std::unique_ptr<Trial> open_harbor(Images& images, const datasets::Question& question, const Json& metadata,
                                   const std::stop_token& stop);

/// The question's metadata, a JSON object. Throws Error(Format).
Json metadata_of(const datasets::Question& question);
/// The list of texts of a key, which may be JSON text; empty where it is absent.
std::vector<std::string> texts_at(const Json& json, std::string_view key);
/// The number of a key, or `fallback` where it is absent or not above zero.
double number_at(const Json& json, std::string_view key, double fallback);

}  // namespace ipw::harness
