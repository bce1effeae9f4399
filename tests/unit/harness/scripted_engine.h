// SPDX-License-Identifier: Apache-2.0
// A container engine in memory: each container answers scripts by the rules of the test.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/harness/containers.h"

namespace ipw::harness {

/// What a container does with a script: the first rule whose words are in it.
struct Reply {
  std::string words;
  sandbox::CommandEnd end;
};
inline Reply reply(std::string words, std::string output, int status = 0) {
  return {std::move(words), {status, std::move(output), {}, {}, {}}};
}

struct ScriptedEngine : sandbox::ContainerEngine {
  std::vector<Reply> replies;                ///< of all containers
  std::map<std::string, std::string> files;  ///< that read() finds
  std::set<std::string> images;              ///< that are there
  std::vector<std::string> log;              ///< what was asked of it
  std::vector<std::string> built;            ///< files of the last build
  int running = 0;
  int dies_after = -1;  ///< commands of a container until it dies; -1: never

  std::string version() override { return "scripted 1"; }
  bool has_image(const std::string& image) override { return images.contains(image); }
  void pull(const std::string& image, std::stop_token) override {
    log.push_back("pull " + image);
    throw Error(ErrorCode::NotFound, "no such image");
  }
  void build(const sandbox::BuildRequest& request, std::stop_token) override {
    log.push_back("build " + request.dockerfile);
    built = request.files;
    images.insert(request.tag);
  }
  std::unique_ptr<sandbox::Container> start(const sandbox::ContainerRequest& request) override;
  std::unique_ptr<sandbox::EngineObject> make_network() override;
  std::unique_ptr<sandbox::EngineObject> make_volume() override;
  std::vector<sandbox::ContainerRequest> requests;  ///< of all containers, in the order of their start
  int networks = 0, volumes = 0;                    ///< that are there
};

class ScriptedObject final : public sandbox::EngineObject {
 public:
  ScriptedObject(int& count, const std::string& kind)
      : count_(count), name_(kind + std::to_string(++count)) {}
  ~ScriptedObject() override { --count_; }
  const std::string& name() const override { return name_; }

 private:
  int& count_;
  std::string name_;
};

class ScriptedContainer final : public sandbox::Container {
 public:
  explicit ScriptedContainer(ScriptedEngine& engine) : engine_(engine), left_(engine.dies_after) {
    number_ = ++engine_.running;
  }
  ~ScriptedContainer() override { --engine_.running; }
  const std::string& id() const override { return id_; }
  std::string address() override { return "10.0.0." + std::to_string(number_); }
  std::string folder() const override { return "/app"; }
  std::optional<int> listen(int) override { return std::nullopt; }
  void copy_in(const std::filesystem::path& from, const std::string& to) override {
    engine_.log.push_back("copy " + from.filename().string() + " " + to);
  }
  std::optional<std::string> read(const std::string& path, std::size_t) override {
    const auto it = engine_.files.find(path);
    return it == engine_.files.end() ? std::nullopt : std::optional(it->second);
  }
  sandbox::CommandEnd run(const sandbox::Command& command) override {
    if (left_ == 0) return {{}, {}, {}, {}, "the container has ended"};
    left_ -= left_ > 0 ? 1 : 0;
    auto script = command.argv.back();
    if (!command.input.empty()) script += "\n" + command.input;
    engine_.log.push_back(command.user.empty() ? script : command.user + ": " + script);
    for (const auto& [words, end] : engine_.replies)
      if (script.find(words) != std::string::npos) return end;
    return {0, {}, {}, {}, {}};
  }

 private:
  ScriptedEngine& engine_;
  int left_, number_;
  std::string id_ = "scripted";
};

inline std::unique_ptr<sandbox::Container> ScriptedEngine::start(const sandbox::ContainerRequest& request) {
  log.push_back("start " + request.image);
  requests.push_back(request);
  for (const auto& [from, to] : request.files) log.push_back("copy " + from.filename().string() + " " + to);
  return std::make_unique<ScriptedContainer>(*this);
}

inline std::unique_ptr<sandbox::EngineObject> ScriptedEngine::make_network() {
  return std::make_unique<ScriptedObject>(networks, "network");
}
inline std::unique_ptr<sandbox::EngineObject> ScriptedEngine::make_volume() {
  return std::make_unique<ScriptedObject>(volumes, "volume");
}

inline std::shared_ptr<Images> images_of(const std::shared_ptr<ScriptedEngine>& engine) {
  return std::make_shared<Images>([engine] { return engine; });
}

}  // namespace ipw::harness
