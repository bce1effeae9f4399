// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "ipw/base/say.h"
#include "ipw/base/text.h"

namespace ipw::cli {
namespace {

constexpr double kTerminalEvery = 0.1, kLogEvery = 10;
constexpr int kBar = 24;

std::string bar(double share) {
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * kBar);
  return fmt::format("[{:=<{}}{:{}}]", "", filled, "", kBar - filled);
}

}  // namespace

std::string progress_line(const execution::Progress& p, int width) {
  std::string line =
      p.total ? fmt::format("{} {}/{}",
                            bar(static_cast<double>(p.done) / std::max(1.0, static_cast<double>(*p.total))),
                            p.done, *p.total)
              : fmt::format("{} queries", p.done);
  if (p.scored > 0)
    line += fmt::format("  accuracy {:.1f} %",
                        100.0 * static_cast<double>(p.correct) / static_cast<double>(p.scored));
  if (p.joules_count > 0)
    line += fmt::format("  {}/query", human_quantity(p.joules / static_cast<double>(p.joules_count), "J"));
  if (p.failed > 0) line += fmt::format("  {} failed", p.failed);
  const auto done_now = p.done - p.done_before;
  line += fmt::format("  {}", human_duration(p.elapsed_seconds));
  if (p.total && done_now > 0 && p.done < *p.total)
    line += fmt::format("  ETA {}", human_duration(p.elapsed_seconds / static_cast<double>(done_now) *
                                                   static_cast<double>(*p.total - p.done)));
  return line.substr(0, static_cast<std::size_t>(std::max(width - 1, 20)));
}

Console::~Console() {
  clear_line();
}

void Console::clear_line() {
  if (line_shown_) std::fputs("\r\x1b[K", stderr);
  line_shown_ = false;
}

void Console::stage(std::string_view what) {
  if (quiet_) return;
  clear_line();
  say("{} ...\n", what);
}

void Console::note(std::string_view text) {
  if (quiet_) return;
  clear_line();
  say("note: {}\n", text);
}

void Console::progress(const execution::Progress& progress) {
  const bool last = progress.total && progress.done == *progress.total;
  if (quiet_ || (progress.elapsed_seconds < next_seconds_ && !(last && terminal_))) return;
  next_seconds_ = progress.elapsed_seconds + (terminal_ ? kTerminalEvery : kLogEvery);
  if (progress.done == progress.done_before && !terminal_) return;
  const auto line = progress_line(progress, width_);
  if (terminal_)
    say("\r\x1b[K{}", line);
  else
    say("{}\n", line);
  line_shown_ = terminal_;
}

}  // namespace ipw::cli
