// SPDX-License-Identifier: Apache-2.0
// A benchmark as a stream of questions.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/params.h"
#include "ipw/base/registry.h"
#include "ipw/http/hub.h"

namespace ipw::datasets {

struct Question {
  std::int64_t index = 0;  ///< position in the dataset before any limit, shard or sample
  std::string id;
  std::string problem;  ///< the text that is sent to the model
  std::string answer;
  std::string subject;   ///< "general" when the data has none
  std::string metadata;  ///< JSON object text
  std::string scorer;    ///< a row of evaluation's registries (scorers or graders)
  std::vector<std::string> choices;
  std::string question;             ///< the bare question, for judges; empty where it equals `problem`
  std::vector<std::string> images;  ///< data: URLs, for clients that see
  std::vector<std::string> files;   ///< attachments, as local paths
};

struct DatasetInfo {
  std::string id, name;
  std::optional<std::size_t> size;
  std::string source, revision, licence;
  int max_tokens = 0;  ///< what an answer needs; 0 leaves it to the client
  std::string system_prompt;
};

/// Give the questions one after another, always in the same order. One thread at a time.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual const DatasetInfo& info() const = 0;
  virtual bool next(Question& question) = 0;  ///< false at the end
};

struct DatasetOptions {
  Params params;  ///< --dataset-param; unknown keys throw Error(Usage)
  std::uint64_t seed = 0;
  http::HubOptions hub;
  std::string data_dir;  ///< where bundled data lies (share/ipw or the source tree)
  bool files = false;    ///< load the files of a question too, for agents, which can open any
};

using DatasetEntry = Entry<Dataset, const DatasetOptions&>;
/// The registry: datasets.cpp.
std::span<const DatasetEntry> datasets();

/// Open a registered dataset, or with any other name the file that the parameter `path` names (as `local`
/// does). Throws Error(Usage) for an unknown name without `path`.
std::unique_ptr<Dataset> open_dataset(std::string_view id, const DatasetOptions& options);

/// Draw `count` questions evenly over the subjects, with a fixed seed, in dataset order. Count 0 or too large
/// gives all. A subject with too few questions leaves its share to the others. With the same seed a larger
/// sample holds the smaller one, as long as no share shrinks. Keeps at most `count` questions per subject in
/// memory.
std::unique_ptr<Dataset> sample_evenly(std::unique_ptr<Dataset> dataset, std::size_t count,
                                       std::uint64_t seed);
/// Leave the first `count` questions out; the others keep their indices.
std::unique_ptr<Dataset> skip(std::unique_ptr<Dataset> dataset, std::size_t count);
/// Keep the first `count` questions.
std::unique_ptr<Dataset> first(std::unique_ptr<Dataset> dataset, std::size_t count);
/// Look at the first question, which the dataset still gives afterwards; absent where it has none.
std::optional<Question> look_at_first(std::unique_ptr<Dataset>& dataset);
/// Keep the questions whose index modulo n is i - 1 (shard i of n, 1-based).
std::unique_ptr<Dataset> shard(std::unique_ptr<Dataset> dataset, std::size_t i, std::size_t n);

}  // namespace ipw::datasets
