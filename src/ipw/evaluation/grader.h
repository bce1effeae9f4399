// SPDX-License-Identifier: Apache-2.0
// Rules that need more than the response: a judge (a language model) or a sandbox that runs code.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/base/registry.h"
#include "ipw/evaluation/scorer.h"

namespace ipw::evaluation {

/// One question to a judge.
struct JudgeRequest {
  std::string rubric;        ///< name and version of the wording, for the cache: "simpleqa/1"
  std::string instructions;  ///< what to judge by; a rubric of the user's replaces it
  std::string form;          ///< follows them: what stands between marks is data, and how to reply
  std::string text;
  std::string schema_json;  ///< JSON schema of the reply, empty where a rule reads plain text
  int max_tokens = 1024;
};

/// What came back. Exactly one of `text` and `error` is there.
struct JudgeReply {
  std::optional<std::string> text;
  std::string error;  ///< why there is no reply, after all retries
  bool cached = false;
};

/// Ask a language model. Thread-safe; never throws for what the model or the server does.
class Judge {
 public:
  virtual ~Judge() = default;
  virtual JudgeReply ask(const JudgeRequest& request) = 0;
};

/// One program to run without network, in an empty folder, under limits.
struct Program {
  std::string language = "python";
  std::string source, input;  ///< input: standard input
  Seconds wall{10};
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
};

/// How it ended. `error`: the sandbox itself failed, which says nothing about the program.
struct ProgramEnd {
  std::optional<int> exit_status;  ///< absent when a signal or a limit ended it
  std::string output, errors;      ///< the first 1 MiB of each
  std::string limit;               ///< "wall", "memory", "processes", "output", or empty
  std::string error;
};

/// Run a program in a sandbox. Thread-safe.
class CodeRunner {
 public:
  virtual ~CodeRunner() = default;
  virtual ProgramEnd run(const Program& program) = 0;
};

/// What a grader may use; null where the user gave none.
struct Help {
  Judge* judge = nullptr;
  CodeRunner* runner = nullptr;
};

/// Judge a response with help. Without the help it needs, and whenever the help fails, the verdict is
/// unscored with the reason. Thread-safe.
class Grader {
 public:
  virtual ~Grader() = default;
  virtual Verdict grade(const Task& task, std::string_view response, const Help& help) const = 0;
};

enum class Needs : std::uint8_t { Judge, Sandbox };

struct GraderEntry {
  std::string_view name, summary;
  Needs needs;
  std::unique_ptr<Grader> (*make)();
  bool reads_deliverables = false;  ///< the work may be files
};
/// The registry: graders.cpp. No name is also a scorer's.
std::span<const GraderEntry> graders();

}  // namespace ipw::evaluation
