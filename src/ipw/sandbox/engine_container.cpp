// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/engine_container.h"

#include <fmt/format.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/sandbox/container_exec.h"
#include "ipw/sandbox/namespace_socket.h"
#include "ipw/sandbox/tar.h"

namespace ipw::sandbox {
namespace {

constexpr std::size_t kMostCopied = std::size_t{2} << 30;
constexpr int kMostLinks = 8;
constexpr Seconds kCopy{600};

Json texts(const std::map<std::string, std::string>& variables) {
  Json out = Json::array();
  for (const auto& [name, value] : variables) out.push_back(fmt::format("{}={}", name, value));
  return out;
}

Json mounts(const ContainerRequest& request) {
  Json out = Json::array();
  for (const auto& volume : request.volumes)
    out.push_back({{"Type", "volume"},
                   {"Source", volume.name},
                   {"Target", volume.place},
                   {"ReadOnly", !volume.writable}});
  for (const auto& mount : request.mounts)
    out.push_back({{"Type", "bind"},
                   {"Source", std::filesystem::absolute(mount.host).string()},
                   {"Target", mount.place},
                   {"ReadOnly", !mount.writable}});
  return out;
}

/// What the container runs. Something has to reap what ends in the background, since the dead count as
/// processes: the engine's init, which podman may not have, else a shell that waits.
std::vector<std::string> held(const ContainerRequest& request, bool init) {
  std::vector<std::string> out;
  if (!init) out = {"sh", "-c", R"("$@" & wait $!)", "sh"};
  out.insert(out.end(), request.hold.begin(), request.hold.end());
  return out;
}

/// What it runs, and with what.
Json program(const ContainerRequest& request, bool init) {
  Json out = {{"Image", request.image},
              {"WorkingDir", request.folder},
              {"Env", texts(request.environment)},
              {"Labels", engine_labels()}};
  if (!request.user.empty()) out["User"] = request.user;
  if (request.own_program) {
    if (!request.entrypoint.empty()) out["Entrypoint"] = request.entrypoint;
    if (!request.command.empty()) out["Cmd"] = request.command;
    return out;
  }
  if (request.hold.empty()) throw Error(ErrorCode::Usage, "a container needs a command that holds it");
  const auto hold = held(request, init);
  out["Entrypoint"] = {hold.front()};
  out["Cmd"] = std::vector<std::string>(hold.begin() + 1, hold.end());
  return out;
}

std::string network_mode(const ContainerRequest& request) {
  if (!request.joins.empty()) return request.joins;
  return request.network ? "default" : "none";
}

Json hosts(const std::map<std::string, std::string>& names) {
  Json out = Json::array();
  for (const auto& [name, address] : names) out.push_back(fmt::format("{}:{}", name, address));
  return out;
}

std::string description(const ContainerRequest& request, bool init) {
  Json host = {{"NetworkMode", network_mode(request)},
               {"PidsLimit", request.limits.processes},
               {"Mounts", mounts(request)},
               {"SecurityOpt", {"no-new-privileges"}}};
  if (init) host["Init"] = true;
  if (!request.hosts.empty()) host["ExtraHosts"] = hosts(request.hosts);
  if (request.limits.memory_bytes > 0) {
    host["Memory"] = request.limits.memory_bytes;
    host["MemorySwap"] = request.limits.memory_bytes;  // none on disk besides
  }
  if (request.limits.cpus > 0) host["NanoCpus"] = static_cast<std::int64_t>(request.limits.cpus * 1e9);
  auto out = program(request, init);
  out["HostConfig"] = std::move(host);
  if (!request.joins.empty())
    out["NetworkingConfig"] = {{"EndpointsConfig", {{request.joins, {{"Aliases", request.names}}}}}};
  return dump_json(out);
}

std::string relative(const std::string& to) {
  return std::filesystem::path(to).lexically_normal().relative_path().string();
}

/// Unpack a tar in a container, running or not.
void put(const EngineApi& api, const std::string& id, std::string tar, const std::string& to) {
  api.must({.method = "PUT",
            .path = fmt::format("/containers/{}/archive?path=%2F", id),
            .body = std::move(tar),
            .content_type = "application/x-tar",
            .timeout = kCopy},
           fmt::format("cannot write {} in the container", to));
}

/// A container that was made, and its end.
struct Made {
  std::string id;
  std::unique_ptr<Removal> removal;
};

class EngineContainer final : public Container {
 public:
  EngineContainer(std::shared_ptr<const EngineApi> api, Made made, std::string folder)
      : api_(std::move(api)), made_(std::move(made)), folder_(std::move(folder)), exec_(*api_, made_.id) {}

  const std::string& id() const override { return made_.id; }
  std::string address() override {
    const auto json =
        api_->must_json({.path = fmt::format("/containers/{}/json", id())}, "cannot ask for the container");
    const auto networks = json.value("/NetworkSettings/Networks"_json_pointer, Json::object());
    for (const auto& [name, network] : networks.items())
      if (auto address = network.value("IPAddress", ""); !address.empty()) return address;
    return {};
  }
  std::string folder() const override { return folder_; }

  CommandEnd run(const Command& command) override {
    CommandEnd end;
    try {
      if (command.argv.empty()) throw Error(ErrorCode::Usage, "a command without words");
      const auto input = keep_input(command.input);
      exec_.run(command, input, end);
    } catch (const std::exception& error) {
      end.exit_status.reset();
      end.error = error.what();
    }
    return end;
  }

  std::optional<int> listen(int port) override {
    const auto state = exec_.state();
    if (!state.running) throw Error(ErrorCode::Unavailable, "the container has ended");
    if (api_->request({.path = "/"}).unix_socket.empty())
      throw Error(ErrorCode::Unavailable, "the container runs on another machine: " + api_->where(),
                  "let it use the network (--sandbox-network)");
    if (!has_own_network(state.process)) return std::nullopt;
    return listen_in_network_of(state.process, port);
  }

  /// What its own layer has beyond the image; mounts and volumes are not in it.
  std::optional<std::uint64_t> disk_use(std::uint64_t) override {
    const auto json = api_->must_json({.path = fmt::format("/containers/{}/json?size=true", id())},
                                      "cannot ask for the size of the container");
    const auto size = json.find("SizeRw");
    if (size == json.end() || !size->is_number_unsigned()) return std::nullopt;
    return size->get<std::uint64_t>();
  }

  void copy_in(const std::filesystem::path& from, const std::string& to) override {
    put(*api_, id(), tar_of(from, relative(to), kMostCopied), to);
  }

  std::optional<std::string> read(const std::string& path, std::size_t most) override {
    auto place = std::filesystem::path("/") / path;
    for (int i = 0; i < kMostLinks; ++i) {
      const auto entry = get(place.lexically_normal().string(), most);
      if (!entry) return std::nullopt;
      if (entry->is_file) return entry->content;
      if (entry->link.empty())
        throw Error(ErrorCode::Format, fmt::format("{} in the container is no file", path));
      place = place.parent_path() / entry->link;
    }
    throw Error(ErrorCode::Format, fmt::format("{} in the container is a ring of links", path));
  }

 private:
  std::string archive_path(const std::string& path) const {
    return fmt::format("/containers/{}/archive?path={}", id(), http::percent_encode(path));
  }
  std::optional<TarEntry> get(const std::string& path, std::size_t most) const {
    constexpr std::size_t kHeads = std::size_t{64} << 10;
    const auto answer = api_->ask({.path = archive_path(path), .timeout = kCopy, .most = most + kHeads});
    if (answer.result.status == 404) {
      exec_.must_run();
      return std::nullopt;
    }
    if (!answer.ok())
      throw Error(ErrorCode::Unavailable,
                  fmt::format("cannot read {} in the container: {}", path, engine_message(answer.body)));
    return first_in_tar(answer.body, most);
  }
  /// Standard input as a file in the container: a stream to it would need a connection that changes its
  /// protocol, which not every way to an engine lets through.
  std::string keep_input(const std::string& input) {
    if (input.empty()) return {};
    const auto name = fmt::format(".ipw-input-{}", ++inputs_);
    put(*api_, id(), tar_of_text(name, input), name);
    return "/" + name;
  }

  std::shared_ptr<const EngineApi> api_;
  Made made_;
  std::string folder_;
  ContainerExec exec_;
  std::atomic<int> inputs_{0};
};

std::string create(const EngineApi& api, const ContainerRequest& request, bool init) {
  const auto made =
      api.must_json({.method = "POST", .path = "/containers/create", .body = description(request, init)},
                    fmt::format("cannot make a container of {}", request.image));
  return made.at("Id").get<std::string>();
}

Made start(const std::shared_ptr<const EngineApi>& api, const ContainerRequest& request, bool init) {
  Made made{create(*api, request, init), nullptr};
  made.removal = std::make_unique<Removal>(api, fmt::format("/containers/{}?force=true&v=true", made.id),
                                           "container " + made.id);
  for (const auto& [from, to] : request.files)
    put(*api, made.id, tar_of(from, relative(to), kMostCopied), to);
  api->must({.method = "POST", .path = fmt::format("/containers/{}/start", made.id)},
            fmt::format("cannot start a container of {}", request.image));
  return made;
}

/// The working folder that the image has given it.
std::string folder_of(const EngineApi& api, const std::string& id) {
  const auto json =
      api.must_json({.path = fmt::format("/containers/{}/json", id)}, "cannot ask for the container");
  const auto config = json.find("Config");
  const auto folder = config != json.end() && config->is_object() ? config->value("WorkingDir", "") : "";
  return folder.empty() ? "/" : folder;
}

}  // namespace

std::unique_ptr<Container> start_container(std::shared_ptr<const EngineApi> api,
                                           const ContainerRequest& request) {
  Made made;
  try {
    made = start(api, request, true);
  } catch (const Error& error) {
    // "container-init binary not found", "docker-init": the message names it in every engine.
    if (std::string_view(error.what()).find("init") == std::string_view::npos) throw;
    made = start(api, request, false);
  }
  auto folder = request.folder.empty() ? folder_of(*api, made.id) : request.folder;
  return std::make_unique<EngineContainer>(std::move(api), std::move(made), std::move(folder));
}

}  // namespace ipw::sandbox
