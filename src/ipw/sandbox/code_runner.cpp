// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/code_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <semaphore>
#include <thread>

#include "ipw/base/text.h"

namespace ipw::sandbox {
namespace {

/// Whether the program's own words say that it ran out of memory: Python's exception, C++'s, the system's.
bool out_of_memory(std::string_view errors) {
  for (const std::string_view words : {"MemoryError", "std::bad_alloc", "Cannot allocate memory"})
    if (errors.find(words) != std::string_view::npos) return true;
  return false;
}

class SandboxRunner final : public evaluation::CodeRunner {
 public:
  explicit SandboxRunner(std::unique_ptr<Sandbox> sandbox) : sandbox_(std::move(sandbox)) {}

  evaluation::ProgramEnd run(const evaluation::Program& program) override {
    if (program.language != "python")
      return {{}, {}, {}, {}, fmt::format("no way to run '{}' in the sandbox", program.language)};
    Job job;
    // -I: neither the folder nor the environment adds modules; -B: no attempt to write caches.
    job.argv = {"python3", "-I", "-B", "/program/main.py"};
    job.files = {{"main.py", program.source}};
    job.input = program.input;
    job.limits.wall = program.wall;
    job.limits.memory_bytes = program.memory_bytes;
    auto end = run_in_turn(job);
    const bool memory = end.limit.empty() && end.exit_status != 0 && out_of_memory(end.errors);
    return {end.exit_status, std::move(end.output), std::move(end.errors), memory ? "memory" : end.limit,
            std::move(end.error)};
  }

 private:
  /// No more programs at once than processors: their time limits are wall time.
  JobEnd run_in_turn(const Job& job) {
    slots_.acquire();
    try {
      auto end = sandbox_->run(job);
      slots_.release();
      return end;
    } catch (...) {
      slots_.release();
      throw;
    }
  }

  std::unique_ptr<Sandbox> sandbox_;
  std::counting_semaphore<> slots_{std::max(1U, std::thread::hardware_concurrency())};
};

}  // namespace

std::unique_ptr<evaluation::CodeRunner> make_code_runner(std::string_view sandbox) {
  return std::make_unique<SandboxRunner>(sandbox == "auto" ? first_sandbox_that_works()
                                                           : require("sandbox", sandboxes(), sandbox).make());
}

}  // namespace ipw::sandbox
