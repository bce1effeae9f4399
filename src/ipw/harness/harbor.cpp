// SPDX-License-Identifier: Apache-2.0
// Tasks of Harbor (Terminal-Bench 2.0 and later): harbor 0.26.0, verifier/verifier.py, models/task/config.py.
#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ipw/base/bytes.h"
#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/harness/factories.h"
#include "ipw/harness/health.h"
#include "ipw/harness/reward.h"

namespace ipw::harness {
namespace {

namespace fs = std::filesystem;
using Variables = std::map<std::string, std::string>;

struct HarborTask {
  std::string image, folder, agent_user, verifier_user;
  Variables environment, verifier_environment;
  bool network = true;
  sandbox::ContainerLimits limits;
  Seconds verifier_wall{600};
  std::optional<HealthCheck> health;
};

class TaskFile {
 public:
  explicit TaskFile(fs::path file) : file_(std::move(file)) {}

  HarborTask read() {
    try {
      table_ = toml::parse_file(file_.string());
    } catch (const toml::parse_error& error) {
      throw Error(ErrorCode::Format, fmt::format("{}: line {}: {}", file_.string(), error.source().begin.line,
                                                 error.description()));
    }
    refuse_what_is_not_here();
    HarborTask out;
    const auto environment = seen_["environment"];
    out.image = environment["docker_image"].value_or(std::string());
    out.folder = environment["workdir"].value_or(std::string());
    out.network = network();
    out.limits.cpus = environment["cpus"].value_or(0.0);
    out.limits.memory_bytes = memory();
    out.environment = variables(environment["env"], "environment.env");
    out.agent_user = user(seen_["agent"]["user"]);
    out.verifier_user = user(seen_["verifier"]["user"]);
    out.verifier_wall = Seconds(seen_["verifier"]["timeout_sec"].value_or(600.0));
    out.verifier_environment = variables(seen_["verifier"]["env"], "verifier.env");
    const auto health = environment["healthcheck"];
    if (const auto command = health["command"].value_or(std::string()); !command.empty())
      out.health = HealthCheck{{"/bin/sh", "-c", command},
                               Seconds(health["interval_sec"].value_or(5.0)),
                               Seconds(health["timeout_sec"].value_or(30.0)),
                               static_cast<int>(health["retries"].value_or(std::int64_t{3}))};
    return out;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorCode::Unavailable, fmt::format("{}: {} not supported", file_.string(), what),
                "take the task out of the folder, or run it with the benchmark's own harness");
  }

  void refuse_what_is_not_here() const {
    const auto environment = seen_["environment"];
    const auto verifier = seen_["verifier"];
    if (to_lower_ascii(environment["os"].value_or(std::string("linux"))) != "linux")
      refuse("another system than Linux is");
    if (environment["gpus"].value_or(std::int64_t{0}) > 0) refuse("GPUs in the container are");
    if (environment["tpu"]) refuse("a TPU is");
    if (const auto* servers = environment["mcp_servers"].as_array(); servers != nullptr && !servers->empty())
      refuse("MCP servers of a task are");
    if (const auto* steps = seen_["steps"].as_array(); steps != nullptr && !steps->empty())
      refuse("tasks of several steps are");
    if (verifier["environment"] || verifier["environment_mode"].value_or(std::string("shared")) == "separate")
      refuse("a container of the verifier's own is");
    if (const auto file = file_.parent_path() / "environment" / "docker-compose.yaml"; fs::exists(file))
      refuse("environment/docker-compose.yaml is");
  }

  bool network() const {
    const auto environment = seen_["environment"];
    const auto mode = environment["network_mode"].value_or(std::string());
    if (mode == "allowlist") refuse("network_mode 'allowlist' is");
    if (!mode.empty()) return mode != "no-network";
    return environment["allow_internet"].value_or(true);
  }

  std::uint64_t memory() const {
    const auto environment = seen_["environment"];
    if (const auto mb = environment["memory_mb"].value<double>())
      return static_cast<std::uint64_t>(*mb * 1024 * 1024);
    const auto old = environment["memory"].value_or(std::string());
    const auto bytes = parse_bytes(old).value_or(0);
    if (!old.empty() && bytes == 0) refuse(fmt::format("the size of memory '{}' is", old));
    return bytes;
  }

  Variables variables(toml::node_view<const toml::node> node, const std::string& where) const {
    Variables out;
    const auto* table = node.as_table();
    if (table == nullptr) return out;
    for (const auto& [key, value] : *table) {
      const auto text = value.value_or(std::string());
      out[std::string(key.str())] = literal(text, fmt::format("{}.{}", where, key.str()));
    }
    return out;
  }

  /// "${NAME:-default}" gives its default: a task gets nothing of this machine's environment.
  std::string literal(const std::string& text, const std::string& where) const {
    const auto open = text.find("${");
    if (open == std::string::npos) return text;
    const auto dash = text.find(":-", open), close = text.find('}', open);
    if (open != 0 || close != text.size() - 1 || dash == std::string::npos)
      refuse(fmt::format("{}, which is taken from this machine's environment, is", where));
    return text.substr(dash + 2, close - dash - 2);
  }

  static std::string user(toml::node_view<const toml::node> node) {
    if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
    return node.value_or(std::string());
  }

  fs::path file_;
  toml::table table_;
  const toml::table& seen_ = table_;
};

class HarborTrial final : public Trial {
 public:
  HarborTrial(std::unique_ptr<sandbox::Container> container, fs::path tests, HarborTask task)
      : container_(std::move(container)), tests_(std::move(tests)), task_(std::move(task)) {}

  sandbox::Workplace& place() override { return *container_; }

  evaluation::Verdict verify(std::string_view, std::stop_token stop) override {
    return guarded([&] { return tested(stop); });
  }

 private:
  evaluation::Verdict tested(const std::stop_token& stop) {
    must("mkdir -p /logs/verifier && rm -f -- /logs/verifier/reward.txt /logs/verifier/reward.json", stop);
    container_->copy_in(tests_, "/tests");
    must("chmod +x /tests/test.sh && chmod 777 /logs/verifier", stop);
    const auto end = run_script(*container_, "/tests/test.sh",
                                {task_.verifier_wall, stop, task_.verifier_environment, task_.verifier_user});
    Json metadata = {{"harness", "harbor"}, {"log_tail", tail(end.output)}};
    if (end.late) {
      metadata["timeout"] = true;
      return unscored(fmt::format("the verifier did not end within {:g} s", task_.verifier_wall.count()),
                      dump_json(metadata));
    }
    metadata["verifier_exit_status"] = end.exit_status;
    constexpr std::size_t kMost = std::size_t{1} << 20;
    return judge_reward(container_->read("/logs/verifier/reward.json", kMost),
                        container_->read("/logs/verifier/reward.txt", kMost), dump_json(metadata));
  }

  void must(const std::string& script, const std::stop_token& stop) {
    const auto end = run_script(*container_, script, {Seconds(60), stop, {}, "root"});
    if (end.late || end.exit_status != 0)
      throw Error(ErrorCode::Unavailable,
                  fmt::format("'{}' failed in the container: {}", script, tail(end.output, 300)));
  }

  std::unique_ptr<sandbox::Container> container_;
  fs::path tests_;
  HarborTask task_;
};

}  // namespace

std::unique_ptr<Trial> open_harbor(Images& images, const datasets::Question& question, const Json& metadata,
                                   const std::stop_token& stop) {
  const fs::path folder = text_at(metadata, "task_path");
  auto task = TaskFile(folder / "task.toml").read();
  const auto tests = folder / "tests";
  if (!fs::exists(tests / "test.sh"))
    throw Error(ErrorCode::NotFound, fmt::format("{} does not exist", (tests / "test.sh").string()),
                "a task of Harbor says by tests/test.sh whether it is solved");
  sandbox::ContainerRequest request;
  if (task.image.empty())
    request.image = images.built(folder / "environment", "Dockerfile", question.id, stop);
  else
    images.need(request.image = task.image, stop);
  request.folder = task.folder;
  request.user = task.agent_user;
  request.environment = task.environment;
  request.network = task.network;
  request.limits = task.limits;
  request.limits.processes = std::max(request.limits.processes, 4096);
  auto container = images.engine().start(request);
  const auto made = run_script(
      *container,
      "mkdir -p /logs/verifier /logs/agent /logs/artifacts && chmod 777 /logs/agent /logs/artifacts",
      {Seconds(60), stop, {}, "root"});
  if (made.exit_status != 0)
    throw Error(ErrorCode::Unavailable,
                fmt::format("the container of {} cannot be used: {}", question.id, made.output));
  if (task.health) await_health(*container, *task.health, "the task " + question.id, stop);
  return std::make_unique<HarborTrial>(std::move(container), tests, std::move(task));
}

}  // namespace ipw::harness
