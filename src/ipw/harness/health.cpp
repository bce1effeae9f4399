// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/health.h"

#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::harness {

void await_health(sandbox::Workplace& place, const HealthCheck& check, const std::string& what,
                  const std::stop_token& stop) {
  sandbox::Command command;
  command.argv = check.argv;
  command.wall = check.wait;
  command.stop = stop;
  std::string last;
  for (int i = 0; i < std::max(1, check.attempts); ++i) {
    if (i > 0)
      run_script(place, fmt::format("sleep {:g}", check.pause.count()), {check.pause + Seconds(60), stop});
    const auto end = place.run(command);
    if (!end.error.empty()) throw Error(ErrorCode::Unavailable, fmt::format("{}: {}", what, end.error));
    if (end.limit == "stopped") throw Error(ErrorCode::Cancelled, "stopped");
    if (end.exit_status == 0) return;
    last = end.limit == "wall" ? fmt::format("no answer within {:g} s", check.wait.count())
                               : tail(to_valid_utf8(trim(end.output + end.errors)), 300);
  }
  throw Error(ErrorCode::Unavailable,
              fmt::format("{}: the health check '{}' failed: {}", what, check.argv.back(), last));
}

}  // namespace ipw::harness
