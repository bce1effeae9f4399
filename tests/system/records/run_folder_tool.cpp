// SPDX-License-Identifier: Apache-2.0
// Write a run folder of N synthetic queries, or print the sums of any run folder as JSON:
//   run_folder_tool write FOLDER N | run_folder_tool read FOLDER
#include <fmt/core.h>

#include <cstdlib>
#include <string_view>

#include "ipw/base/error.h"
#include "ipw/records/run_folder.h"

namespace {

using namespace ipw::records;

QueryRecord synthetic(std::int64_t index) {
  QueryRecord r;
  r.index = index;
  r.query_id = fmt::format("q{:04}", index);
  r.problem = fmt::format("Question {} {}", index, std::string(400, 'p'));
  r.answer = "42";
  r.subject = "maths";
  r.dataset_metadata =
      index % 2 == 0 ? R"({"level":1,"tags":["a"],"none":{}})" : R"({"level":2.5,"note":"x"})";
  r.response = std::string(1200, 'r');
  r.finish_reason = "stop";
  r.latency = {2.0, 0.25, std::vector<double>(100, 0.0175), std::nullopt, std::nullopt, "client"};
  r.tokens = {10, 20, std::nullopt, std::nullopt, "server"};
  r.energy = {{"package-0", "package", 30.0, 1.0, "counter", "edge-aware", 1.0, std::nullopt, ""}};
  if (index % 10 == 9) r.failure = RecordFailure{"timeout", "no answer within 60 s", 0};
  return r;
}

void write(const std::filesystem::path& folder, std::int64_t rows) {
  Journal journal(folder);
  for (std::int64_t i = 0; i < rows; ++i) journal.append_query(synthetic(i));
  FinishOptions options;
  options.model = "org/llama3.2:1b";
  options.machine = {"Debian", "12", "6.1", "host", "Some CPU", 8, {}, {}, {}, "UNKNOWN_HW"};
  fmt::print("{}\n", finish_dataset(folder, options));
}

void read(const std::filesystem::path& folder) {
  const auto run = open_run(folder);
  double joules = 0, seconds = 0;
  std::int64_t rows = 0, tokens = 0;
  for (QueryRecord r; run->next(r); ++rows) {
    joules += headline_energy(r.energy).joules.value_or(0);
    seconds += r.latency.total_seconds;
    tokens += r.tokens.output.value_or(0);
  }
  fmt::print(R"({{"model":"{}","rows":{},"joules":{},"seconds":{},"output_tokens":{}}})", run->model(), rows,
             joules, seconds, tokens);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string_view command = argc > 2 ? argv[1] : "";
    if (command == "write" && argc > 3) return write(argv[2], std::atoll(argv[3])), 0;
    if (command == "read") return read(argv[2]), 0;
    fmt::print(stderr, "usage: run_folder_tool write FOLDER N | run_folder_tool read FOLDER\n");
    return 2;
  } catch (const ipw::Error& e) {
    fmt::print(stderr, "{} {}\n", e.what(), e.hint());
    return 1;
  }
}
