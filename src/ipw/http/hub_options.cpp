// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>

#include "ipw/base/files.h"
#include "ipw/base/text.h"
#include "ipw/http/hub.h"

namespace ipw::http {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

fs::path home_of_hub() {
  if (const auto set = variable("HF_HOME"); !set.empty()) return set;
  if (const auto xdg = variable("XDG_CACHE_HOME"); !xdg.empty()) return fs::path(xdg) / "huggingface";
  return fs::path(variable("HOME")) / ".cache" / "huggingface";
}

std::string find_token(const fs::path& home) {
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})
    if (const auto token = variable(name); !token.empty()) return token;
  std::error_code ignored;
  return fs::is_regular_file(home / "token", ignored) ? std::string(trim(read_file(home / "token"))) : "";
}

}  // namespace

HubOptions hub_options_from_environment() {
  HubOptions options;
  const auto home = home_of_hub();
  const auto endpoint = variable("HF_ENDPOINT"), cache = variable("HF_HUB_CACHE"), offline = to_lower_ascii(variable("HF_HUB_OFFLINE"));
  options.endpoint = endpoint.empty() ? "https://huggingface.co" : endpoint;
  options.cache = cache.empty() ? home / "hub" : fs::path(cache);
  options.offline = offline == "1" || offline == "true" || offline == "yes" || offline == "on";
  options.token = find_token(home);
  return options;
}

}  // namespace ipw::http
