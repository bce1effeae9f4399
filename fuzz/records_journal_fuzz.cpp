// SPDX-License-Identifier: Apache-2.0
// Any bytes as a journal: they are read and finished, or refused with an Error; nothing else may happen.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string_view>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/records/run_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fs = std::filesystem;
  using namespace ipw::records;
  static const fs::path folder =
      fs::temp_directory_path() / ("ipw-journal-fuzz-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "journal.jsonl", std::ios::binary)
      << std::string_view(reinterpret_cast<const char*>(data), size);
  try {
    read_journal_state(folder);
    const auto run = open_run(folder);
    for (QueryRecord record; run->next(record);) to_json(record);
    repair_journal(folder);
  } catch (const ipw::Error&) {
  }
  return 0;
}
