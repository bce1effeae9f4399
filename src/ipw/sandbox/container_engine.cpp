// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/sandbox/container.h"
#include "ipw/sandbox/engine_api.h"
#include "ipw/sandbox/engine_container.h"
#include "ipw/sandbox/tar.h"

namespace ipw::sandbox {
namespace {

constexpr Seconds kTransfer{3600};  ///< a pull or a build
constexpr std::size_t kMostContext = std::size_t{2} << 30;

/// Docker tells its version at the top, podman in the first component.
std::string version_of(const Json& json) {
  const auto parts = json.find("Components");
  if (parts != json.end() && parts->is_array() && !parts->empty() &&
      text_at(parts->front(), "Name") == "Podman Engine")
    return "podman " + text_at(parts->front(), "Version");
  return "docker " + text_at(json, "Version");
}

/// A name in a path: the slashes, colons and the digest's sign of an image stay.
std::string path_of(const std::string& image) {
  std::string out;
  for (const char c : image)
    out +=
        c == '/' || c == ':' || c == '@' ? std::string(1, c) : http::percent_encode(std::string_view(&c, 1));
  return out;
}

class Engine final : public ContainerEngine {
 public:
  explicit Engine(std::shared_ptr<const EngineApi> api) : api_(std::move(api)) {}

  std::string version() override {
    return version_of(api_->must_json({.path = "/version"}, "cannot ask for the version"));
  }

  bool has_image(const std::string& image) override {
    const auto found = api_->ask({.path = fmt::format("/images/{}/json", path_of(image))});
    if (found.ok()) return true;
    if (found.result.status == 404) return false;
    throw Error(ErrorCode::Unavailable,
                fmt::format("cannot look for the image {}: {}", image, engine_message(found.body)));
  }

  void pull(const std::string& image, std::stop_token stop) override {
    const auto name = with_tag(image);
    EngineCall call{.method = "POST",
                    .path = "/images/create?fromImage=" + http::percent_encode(name),
                    .timeout = kTransfer,
                    .stop = std::move(stop)};
    api_->follow(call, fmt::format("cannot pull the image {}", name));
  }

  void build(const BuildRequest& request, std::stop_token stop) override {
    EngineCall call{
        .method = "POST",
        .path = fmt::format("/build?t={}&dockerfile={}&rm=true&forcerm=true",
                            http::percent_encode(request.tag), http::percent_encode(request.dockerfile)),
        .body = tar_of_some(request.context, request.files, kMostContext),
        .content_type = "application/x-tar",
        .timeout = kTransfer,
        .stop = std::move(stop)};
    api_->follow(call, fmt::format("cannot build the image {} of {}", request.tag, request.context.string()));
  }

  std::unique_ptr<Container> start(const ContainerRequest& request) override {
    return start_container(api_, request);
  }
  std::unique_ptr<EngineObject> make_network() override { return make_engine_network(api_); }
  std::unique_ptr<EngineObject> make_volume() override { return make_engine_volume(api_); }

 private:
  std::shared_ptr<const EngineApi> api_;
};

}  // namespace

std::string with_tag(const std::string& image) {
  const auto name = image.rfind('/') == image.npos ? 0 : image.rfind('/');
  return image.find_first_of(":@", name) == image.npos ? image + ":latest" : image;
}

std::unique_ptr<ContainerEngine> connect_engine(const std::string& endpoint) {
  auto api = std::make_shared<const EngineApi>(find_endpoint(endpoint));
  api->must({.path = "/_ping", .timeout = Seconds(20)}, "the container engine is not well");
  return std::make_unique<Engine>(std::move(api));
}

std::size_t remove_left_containers(const std::string& endpoint) {
  const EngineApi api(find_endpoint(endpoint));
  const auto containers = remove_left(api, "containers");  // first: they use the others
  remove_left(api, "networks");
  remove_left(api, "volumes");
  return containers;
}

}  // namespace ipw::sandbox
