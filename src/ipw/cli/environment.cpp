// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/environment.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "ipw/base/text.h"

namespace ipw::cli {
namespace fs = std::filesystem;
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

fs::path cache_dir() {
  if (const auto set = variable("IPW_CACHE"); !set.empty()) return set;
  if (const auto xdg = variable("XDG_CACHE_HOME"); !xdg.empty()) return fs::path(xdg) / "ipw";
  return fs::path(variable("HOME").empty() ? "/tmp" : variable("HOME")) / ".cache" / "ipw";
}

fs::path config_dir() {
  if (const auto xdg = variable("XDG_CONFIG_HOME"); !xdg.empty()) return fs::path(xdg) / "ipw";
  return fs::path(variable("HOME").empty() ? "/tmp" : variable("HOME")) / ".config" / "ipw";
}

fs::path state_dir() {
  if (const auto xdg = variable("XDG_STATE_HOME"); !xdg.empty()) return fs::path(xdg) / "ipw";
  return fs::path(variable("HOME").empty() ? "/tmp" : variable("HOME")) / ".local" / "state" / "ipw";
}

/// Bundled questions and models: share/ipw beside the program, in the build tree as when installed.
fs::path data_dir() {
  if (const auto set = variable("IPW_DATA_DIR"); !set.empty()) return set;
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().parent_path() / "share" / "ipw";
}

int terminal_width() {
  if (const auto columns = parse_int(variable("COLUMNS")); columns && *columns > 20)
    return static_cast<int>(*columns);
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 120;
}

}  // namespace

Context make_context(Clock& clock, std::stop_token stop) {
  Context context{{clock, data_dir(), cache_dir(), http::hub_options_from_environment()}, std::move(stop)};
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES")) context.around.visible_devices = visible;
  context.around.config_dir = config_dir();
  context.around.state_dir = state_dir();
  context.around.helper = {"/proc/self/exe"};
  context.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  context.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  context.color = context.out_is_terminal && variable("NO_COLOR").empty();
  context.width = terminal_width();
  return context;
}

}  // namespace ipw::cli
