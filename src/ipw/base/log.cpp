// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace ipw::log {
namespace {

std::atomic<Level> lowest{Level::Warning};

spdlog::logger& logger() {
  static const auto kInstance = [] {
    auto made =
        std::make_shared<spdlog::logger>("ipw", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%H:%M:%S.%e %^%l%$ %v");
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *kInstance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warning:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
    case Level::Off:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

}  // namespace

void set_level(Level level) {
  lowest = level;
}
bool enabled(Level level) {
  return level >= lowest.load();
}
void write(Level level, std::string_view message) {
  logger().log(to_spdlog(level), message);
}

}  // namespace ipw::log
