// SPDX-License-Identifier: Apache-2.0
// How soon the first question of a large local table is there, and whether memory stays flat over all rows.
// Usage: bench_datasets_stream DATASET FILE, such as wildchat and a Parquet file of 1 GB in its schema
// (bench/datasets_table.py writes one).
#include <fmt/format.h>
#include <sys/resource.h>

#include <exception>

#include "ipw/base/clock.h"
#include "ipw/datasets/dataset.h"

namespace {

using namespace ipw;

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void measure(const char* id, const char* file) {
  SystemClock clock;
  datasets::DatasetOptions options;
  options.params.set("path", file);
  const auto start = clock.now();
  const auto dataset = datasets::open_dataset(id, options);
  datasets::Question question;
  if (!dataset->next(question)) return;
  const auto first = to_seconds(clock.now() - start);
  const auto first_peak = peak_mib();
  std::size_t rows = 1;
  double early_peak = 0;
  for (; dataset->next(question); ++rows)
    if (rows == 100'000) early_peak = peak_mib();
  const auto all = to_seconds(clock.now() - start);
  fmt::print(
      "{{\"first_question_s\":{:.3f},\"questions\":{},\"all_s\":{:.1f},\"peak_mib_first\":{:.0f},"
      "\"peak_mib_100000\":{:.0f},\"peak_mib_all\":{:.0f}}}\n",
      first, rows, all, first_peak, early_peak, peak_mib());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: bench_datasets_stream DATASET FILE\n");
    return 2;
  }
  try {
    measure(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
