// SPDX-License-Identifier: Apache-2.0
// Containers by the Docker Engine API, as docker and podman serve it.
#pragma once
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/sandbox/workplace.h"

namespace ipw::sandbox {

struct ContainerLimits {
  double cpus = 0;                 ///< 0: no limit
  std::uint64_t memory_bytes = 0;  ///< 0: no limit
  int processes = 512;
};

struct Mount {
  std::filesystem::path host;
  std::string place;
  bool writable = false;
};

/// A volume of the engine.
struct VolumeMount {
  std::string name;
  std::string place;
  bool writable = true;
};

struct ContainerRequest {
  std::string image;
  std::string folder = "/";  ///< working folder; empty: the image's
  std::string user;          ///< empty: the image's
  std::map<std::string, std::string> environment;
  std::vector<Mount> mounts;
  std::vector<VolumeMount> volumes;
  std::vector<std::pair<std::filesystem::path, std::string>> files;  ///< copied before it starts: from, to
  std::vector<std::string> hold = {"sleep", "infinity"};             ///< what keeps it alive
  /// Run the image's own program in place of `hold`, or what these say where they are not empty.
  bool own_program = false;
  std::vector<std::string> entrypoint, command;
  bool network = false;                      ///< the engine's default network; else none
  std::string joins;                         ///< a network of make_network() instead
  std::vector<std::string> names;            ///< in that network, where the engine has a service of names
  std::map<std::string, std::string> hosts;  ///< more names and their addresses, whatever the engine has
  ContainerLimits limits;
};

/// Something of an engine's that is removed when it goes.
class EngineObject {
 public:
  virtual ~EngineObject() = default;
  virtual const std::string& name() const = 0;
};

struct BuildRequest {
  std::filesystem::path context;   ///< a folder
  std::vector<std::string> files;  ///< of it, and folders, relative to it: what the build sees
  std::string dockerfile;          ///< one of them
  std::string tag;                 ///< the image's name from then on
};

/// A running container. It is killed and removed when it goes.
class Container : public Workplace {
 public:
  virtual const std::string& id() const = 0;
  /// Its address in the network that it has joined; empty where it has none or has ended. Throws Error.
  virtual std::string address() = 0;
  /// Copy a file or a folder with all below it to the path in the container, which is made. Throws Error.
  virtual void copy_in(const std::filesystem::path& from, const std::string& to) = 0;
  /// The text of a file in the container; absent where there is none. Throws Error, also for more than
  /// `most` bytes.
  virtual std::optional<std::string> read(const std::string& path, std::size_t most) = 0;
};

/// A container engine. Thread-safe; each method throws Error with what to do.
class ContainerEngine {
 public:
  virtual ~ContainerEngine() = default;
  virtual std::string version() = 0;  ///< "podman 4.3.1"
  virtual bool has_image(const std::string& image) = 0;
  virtual void pull(const std::string& image, std::stop_token stop) = 0;
  /// Build an image. The end of the build's log is in the error.
  virtual void build(const BuildRequest& request, std::stop_token stop) = 0;
  virtual std::unique_ptr<Container> start(const ContainerRequest& request) = 0;
  /// A network without a way out, for containers that find each other. They have to go before it.
  virtual std::unique_ptr<EngineObject> make_network() = 0;
  /// An empty volume. Containers that have it have to go before it.
  virtual std::unique_ptr<EngineObject> make_volume() = 0;
};

/// `endpoint`: "unix:///PATH"; empty: DOCKER_HOST, else the first socket of docker or podman that is there.
/// Throws Error(Unavailable) with how to start one.
std::unique_ptr<ContainerEngine> connect_engine(const std::string& endpoint = "");

/// Remove the containers, networks and volumes of runs of this machine that were killed before they could.
/// Returns how many containers. Throws as connect_engine().
std::size_t remove_left_containers(const std::string& endpoint = "");

}  // namespace ipw::sandbox
