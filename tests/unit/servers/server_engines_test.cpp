// SPDX-License-Identifier: Apache-2.0
#include "ipw/servers/server_engines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ipw/base/error.h"
#include "ipw/base/registry.h"

namespace ipw::servers {
namespace {

using testing::ElementsAre;
using Words = std::vector<std::string>;

ServerSpec spec_of(const Engine& engine) {
  ServerSpec spec;
  spec.engine = engine.name;
  spec.model = "org/model";
  spec.file = "/models/m.gguf";
  spec.port = 9000;
  return spec;
}

CommandLine command_of(const ServerSpec& spec) {
  check(spec);
  return engine_of(spec).command(spec);
}

std::string refusal(const ServerSpec& spec) {
  try {
    check(spec);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Usage);
    return error.what();
  }
  return "";
}

ServerSpec spec_named(std::string_view name) {
  return spec_of(*find(engines(), name));
}

TEST(ServerEngines, llama_server_gets_a_file_an_alias_and_the_context_of_all_its_slots) {
  auto spec = spec_named("llama-server");
  EXPECT_THAT(command_of(spec).argv,
              ElementsAre("llama-server", "--model", "/models/m.gguf", "--alias", "org/model", "--host",
                          "127.0.0.1", "--port", "9000", "--jinja"));
  spec.parallel = 4;
  spec.context = 2048;
  spec.arguments = {"--no-webui"};
  EXPECT_THAT(
      command_of(spec).argv,
      ElementsAre("llama-server", "--model", "/models/m.gguf", "--alias", "org/model", "--host", "127.0.0.1",
                  "--port", "9000", "--parallel", "4", "--ctx-size", "8192", "--jinja", "--no-webui"));
}

TEST(ServerEngines, vllm_gets_only_what_was_given) {
  auto spec = spec_named("vllm");
  EXPECT_THAT(command_of(spec).argv, ElementsAre("vllm", "serve", "org/model", "--host", "127.0.0.1",
                                                 "--port", "9000", "--gpu-memory-utilization", "0.9"));
  spec.gpu_memory_utilization = 0.45;
  spec.tensor_parallel_size = 2;
  spec.context = 32768;
  spec.parallel = 8;
  spec.arguments = {"--enforce-eager"};
  EXPECT_THAT(command_of(spec).argv,
              ElementsAre("vllm", "serve", "org/model", "--host", "127.0.0.1", "--port", "9000",
                          "--gpu-memory-utilization", "0.45", "--tensor-parallel-size", "2",
                          "--max-model-len", "32768", "--max-num-seqs", "8", "--enforce-eager"));
}

TEST(ServerEngines, sglang_is_a_module_of_python) {
  auto spec = spec_named("sglang");
  EXPECT_THAT(command_of(spec).argv, ElementsAre("python3", "-m", "sglang.launch_server", "--model-path",
                                                 "org/model", "--host", "127.0.0.1", "--port", "9000"));
  spec.gpu_memory_utilization = 0.8;
  spec.tensor_parallel_size = 2;
  spec.context = 4096;
  spec.parallel = 8;
  const auto argv = command_of(spec).argv;
  EXPECT_THAT(Words(argv.begin() + 9, argv.end()),
              ElementsAre("--mem-fraction-static", "0.8", "--tensor-parallel-size", "2", "--context-length",
                          "4096", "--max-running-requests", "8"));
}

TEST(ServerEngines, ollama_is_told_by_its_environment) {
  auto spec = spec_named("ollama");
  spec.parallel = 3;
  spec.context = 8192;
  const auto line = command_of(spec);
  EXPECT_THAT(line.argv, ElementsAre("ollama", "serve"));
  EXPECT_THAT(line.environment, ElementsAre("OLLAMA_HOST=127.0.0.1:9000", "OLLAMA_NUM_PARALLEL=3",
                                            "OLLAMA_CONTEXT_LENGTH=8192"));
  spec.host = "::1";
  EXPECT_EQ(command_of(spec).environment.front(), "OLLAMA_HOST=[::1]:9000");
}

TEST(ServerEngines, Z8_every_server_listens_on_loopback_unless_asked_otherwise) {
  for (const auto& engine : engines()) {
    const auto line = command_of(spec_of(engine));
    auto all = line.argv;
    all.insert(all.end(), line.environment.begin(), line.environment.end());
    EXPECT_THAT(all, testing::Contains(testing::HasSubstr("127.0.0.1"))) << engine.name;
    EXPECT_THAT(all, testing::Not(testing::Contains(testing::HasSubstr("0.0.0.0")))) << engine.name;
  }
}

TEST(ServerEngines, C7_every_engine_has_a_port_of_its_own) {
  std::vector<int> ports;
  for (const auto& engine : engines()) ports.push_back(engine.port);
  EXPECT_THAT(ports, ElementsAre(8080, 11434, 30000, 8000));
}

TEST(ServerEngines, is_asked_on_this_machine_where_it_listens_on_all_interfaces) {
  auto spec = spec_named("vllm");
  EXPECT_EQ(root_url(spec), "http://127.0.0.1:9000");
  spec.host = "0.0.0.0";
  EXPECT_EQ(root_url(spec), "http://127.0.0.1:9000");
  spec.host = "::";
  EXPECT_EQ(root_url(spec), "http://[::1]:9000");
}

TEST(ServerEngines, what_cannot_hold_is_refused) {
  auto spec = spec_named("vllm");
  spec.model = "";
  EXPECT_EQ(refusal(spec), "vllm: a server needs a model");
  spec.model = "--trust-remote-code";
  EXPECT_EQ(refusal(spec), "vllm: '--trust-remote-code' is no model");
  spec = spec_named("vllm");
  spec.port = 70000;
  EXPECT_EQ(refusal(spec), "vllm: 70000 is no port");
  spec.port = 9000;
  spec.gpu_memory_utilization = 1.5;
  EXPECT_EQ(refusal(spec), "vllm: --gpu-memory-utilization 1.5 is no share");
  spec.gpu_memory_utilization.reset();
  spec.host = "";
  EXPECT_EQ(refusal(spec), "vllm: '' is no host");
  spec = spec_named("ollama");
  spec.model = "";
  EXPECT_EQ(refusal(spec), "");
  spec.tensor_parallel_size = 2;
  EXPECT_EQ(refusal(spec), "ollama: it takes no --gpu-memory-utilization and no --tensor-parallel-size");
  spec.engine = "mlx";
  EXPECT_EQ(refusal(spec), "unknown engine 'mlx'");
  spec = spec_named("llama-server");
  spec.model = "a,b";
  EXPECT_EQ(refusal(spec), "llama-server: the model 'a,b' has a comma in its name");
}

TEST(ServerEngines, Z10_keys_on_the_command_line_are_masked) {
  const Words argv = {"vllm", "serve",       "m",     "--api-key",       "sk-1",
                      "sk-2", "--tokenizer", "org/t", "--hf-token=hf_x", "--max-num-batched-tokens",
                      "10"};
  EXPECT_THAT(without_secrets(argv),
              ElementsAre("vllm", "serve", "m", "--api-key", "***", "***", "--tokenizer", "org/t",
                          "--hf-token=***", "--max-num-batched-tokens", "10"));
}

}  // namespace
}  // namespace ipw::servers
