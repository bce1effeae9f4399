// SPDX-License-Identifier: Apache-2.0
// Open a dataset and read it whole, in one line.
#pragma once
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/datasets/dataset.h"

namespace ipw::datasets {

inline DatasetOptions with_params(std::initializer_list<std::pair<const char*, std::string>> params) {
  DatasetOptions options;
  options.data_dir = std::string(IPW_SOURCE_DIR) + "/data";
  for (const auto& [key, value] : params) options.params.set(key, value);
  return options;
}

inline std::vector<Question> read_all(Dataset& dataset) {
  std::vector<Question> out;
  for (Question question; dataset.next(question);) out.push_back(question);
  return out;
}

inline std::vector<Question> questions(
    std::string_view id, std::initializer_list<std::pair<const char*, std::string>> params = {}) {
  return read_all(*open_dataset(id, with_params(params)));
}

/// A file with this content that goes away with the object.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& extension, std::string_view content) {
    std::string pattern = (std::filesystem::temp_directory_path() / "ipw-XXXXXX").string() + extension;
    close(mkstemps(pattern.data(), static_cast<int>(extension.size())));
    path_ = pattern;
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The message of the error that an action throws, or "".
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace ipw::datasets
