// SPDX-License-Identifier: Apache-2.0
// Look at a dataset as a whole: its files, its faults, a sample to keep.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ipw/datasets/benchmark.h"

namespace ipw::datasets {

struct LoadedFile {
  std::string path;            ///< in the repository
  std::filesystem::path file;  ///< on this machine
  std::uint64_t bytes = 0;
  std::string sha256;
};

/// Load every file of the chosen config, worked examples included; what is in the cache stays, what broke off
/// goes on. Sets `revision` to the commit. Throws Error.
std::vector<LoadedFile> load_files(const Benchmark& benchmark, const DatasetOptions& options,
                                   std::string& revision);

struct Validation {
  std::size_t questions = 0, duplicate_ids = 0;
  std::map<std::string, std::size_t> subjects;
  std::vector<std::string> faults;  ///< the first 20, each with the id of its question
  bool ok() const { return faults.empty() && duplicate_ids == 0 && questions > 0; }
};

/// Read all questions: different ids, letters that name an option, and the number that was published (info).
/// A broken row throws Error(Format) that names file, row and column.
Validation validate(Dataset& dataset);

/// Write a question as a row that the dataset `local` reads.
std::string sample_row(const Question& question);

}  // namespace ipw::datasets
