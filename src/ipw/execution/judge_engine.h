// SPDX-License-Identifier: Apache-2.0
// A judge over any client: cache, retries, bound on concurrency, and its own account of tokens and time.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "ipw/base/clock.h"
#include "ipw/clients/client.h"
#include "ipw/evaluation/grader.h"
#include "ipw/prices/prices.h"

namespace ipw::execution {

struct JudgeConfig {
  std::string client = "openai", base_url, model, api_key;
  double temperature = 0;
  std::optional<int> max_tokens;               ///< absent: what the rule asks for
  int concurrency = 64;                        ///< a further ask() waits
  int attempts = 5;                            ///< per question, the first included
  Seconds timeout{120};                        ///< per attempt
  Seconds first_wait{1};                       ///< before the second attempt; doubles, at most 60 s
  std::filesystem::path cache;                 ///< file of replies, only appended to; empty: no cache
  std::map<std::string, std::string> rubrics;  ///< rule -> the user's instructions in place of ours
  std::stop_token stop;                        ///< ends waits and calls; what was not answered by then fails
  prices::Quote price = Unexpected<std::string>("nobody looked for a price");
};

/// Name and version of the wording that a rule's rubric "RULE/VERSION" really has: for the user's
/// "RULE/sha256:" and twelve digits of its hash.
std::string worded(const JudgeConfig& config, std::string_view rubric);

/// One judgement, for whoever attributes energy and money. `sent` to `done` spans all attempts and waits;
/// both are zero for a cached reply, which cost nothing now.
struct JudgeRecord {
  std::string rubric, key, error;
  Instant sent{}, done{};
  int attempts = 0;
  std::int64_t prompt_tokens = 0, completion_tokens = 0;  ///< over all attempts, where the server told them
  bool cached = false;
};

/// Hear of each judgement, on the thread that asked. Thread-safe.
class JudgeSink {
 public:
  virtual ~JudgeSink() = default;
  virtual void judged(const JudgeRecord& record) = 0;
};

/// Totals of an engine so far.
struct JudgeUsage {
  std::int64_t judgements = 0, cached = 0, failed = 0, attempts = 0, prompt_tokens = 0, completion_tokens = 0;
};

class JudgeEngine : public evaluation::Judge {
 public:
  virtual JudgeUsage usage() const = 0;
};

/// Make a judge over a client that is already there. `clock` and `sink` (may be null) outlive it.
std::unique_ptr<JudgeEngine> make_judge(const JudgeConfig& config, std::unique_ptr<clients::Client> client,
                                        Clock& clock, JudgeSink* sink = nullptr);
/// Make a judge over the registry's client config.client and check that its server and model are there.
/// Throws Error.
std::unique_ptr<JudgeEngine> make_judge(const JudgeConfig& config, Clock& clock, JudgeSink* sink = nullptr);

}  // namespace ipw::execution
