// SPDX-License-Identifier: Apache-2.0
// The programs that serve models, and how each is started. Pure: nothing here runs anything.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::servers {

/// What a server shall be. What is absent is left to the program.
struct ServerSpec {
  std::string engine;
  std::string model;  ///< as requests name it; empty only where the engine may start without one
  std::string file;   ///< of the model, for an engine that takes files
  int port = 0;       ///< 1 to 65535
  std::string host = "127.0.0.1";
  std::optional<double> gpu_memory_utilization;  ///< share of a GPU's memory, above 0 to 1
  std::optional<std::int64_t> tensor_parallel_size, parallel;
  std::optional<std::int64_t> context;  ///< tokens of one request, prompt and answer
  std::vector<std::string> arguments;   ///< further ones, passed on as they are
  std::string key;                      ///< that the server asks for; sent by our probes, written nowhere
};

struct CommandLine {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  ///< "NAME=value", besides our own
};

struct Engine {
  std::string_view name, summary;
  std::string_view client;  ///< what `--client` and sub-models call it
  int port;                 ///< where it listens if nobody says otherwise
  std::string_view program, install_hint;
  std::string_view ready_path;  ///< answers 200 as soon as requests are served
  std::string_view key_variable;
  bool takes_file;    ///< its model is a GGUF file
  bool many_models;   ///< one server serves any model, and fetches it
  bool splits_a_gpu;  ///< it takes gpu_memory_utilization and tensor_parallel_size
  CommandLine (*command)(const ServerSpec&);
};

/// The registry, sorted by name.
std::span<const Engine> engines();

/// The row of a spec. Throws Error(Usage) for an unknown engine.
const Engine& engine_of(const ServerSpec& spec);

/// The row by what clients call it, or null.
const Engine* engine_of_client(std::string_view client);

/// Throws Error(Usage) where the spec cannot hold for its engine.
void check(const ServerSpec& spec);

/// Where its API is asked from this machine: http://HOST:PORT, the loopback for a host that is all
/// interfaces.
std::string root_url(const ServerSpec& spec);

/// The words of a command line as they may be shown and kept: values of options that name a key, a token, a
/// password or a secret become ***.
std::vector<std::string> without_secrets(std::span<const std::string> argv);

}  // namespace ipw::servers
