// SPDX-License-Identifier: Apache-2.0
// Any bytes from a plug, a management controller, a program of the user or the log of a meter: what is
// understood is finite and not negative, what is not is told, and nothing crashes.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "ipw/base/error.h"
#include "ipw/telemetry/collectors/exec_lines.h"
#include "ipw/telemetry/collectors/meter_pages.h"
#include "ipw/telemetry/meter_log.h"

namespace {

using namespace ipw;
using namespace ipw::telemetry;

void require(bool holds) {
  if (!holds) std::abort();
}

bool sane(const std::optional<double>& value) {
  return !value || (std::isfinite(*value) && *value >= 0);
}

void check(const Result<MeterValue, std::string>& page) {
  require(page ? (page->watts || page->joules) && sane(page->watts) && sane(page->joules)
               : !page.error().empty());
}

void check_line(std::string_view text) {
  const auto line = parse_exec_line(text);
  require(line ? (line->watts || line->joules) && sane(line->watts) && sane(line->joules) &&
                     sane(line->age_seconds) && !line->domain.empty()
               : !line.error().empty());
}

void check_command(std::string_view text) {
  try {
    require(!split_command(text).empty());
  } catch (const Error&) {
  }
}

void check_log(std::string_view text) {
  try {
    const auto rows = parse_meter_log(text);
    for (std::size_t i = 0; i < rows.size(); ++i)
      require(std::isfinite(rows[i].watts) && std::isfinite(rows[i].unix_seconds) &&
              (i == 0 || rows[i].unix_seconds >= rows[i - 1].unix_seconds));
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(parse_shelly(text));
  check(parse_shelly_first(text, 0));
  check(parse_tasmota(text));
  check(parse_redfish(text));
  check(parse_dcmi(std::span(data, size)));
  for (const auto& path : redfish_members(text)) require(path.size() <= size);
  static_cast<void>(redfish_link(text, "Power"));
  check_line(text);
  check_command(text);
  check_log(text);
  return 0;
}
