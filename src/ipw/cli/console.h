// SPDX-License-Identifier: Apache-2.0
// What a person watches while a run goes on: one line that renews itself on a terminal, a line now and then
// in a log.
#pragma once
#include <string>

#include "ipw/execution/profile.h"

namespace ipw::cli {

/// Write one progress line: a pure function of the numbers.
std::string progress_line(const execution::Progress& progress, int width);

/// Show a run on standard error.
class Console final : public execution::Observer {
 public:
  Console(bool quiet, bool terminal, int width) : quiet_(quiet), terminal_(terminal), width_(width) {}
  ~Console() override;
  void stage(std::string_view what) override;
  void progress(const execution::Progress& progress) override;
  void note(std::string_view text) override;

 private:
  void clear_line();
  bool quiet_, terminal_;
  int width_;
  bool line_shown_ = false;
  double next_seconds_ = 0;
};

}  // namespace ipw::cli
