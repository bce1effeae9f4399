// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/judge_options.h"

#include <cstdlib>

namespace ipw::cli {

void take_judge_options(const Values& values, execution::ProfileConfig& config) {
  for (const char* name : {"IPW_EVAL_API_KEY", "OPENAI_API_KEY"})
    if (const char* key = std::getenv(name); key != nullptr && config.eval_api_key.empty())
      config.eval_api_key = key;
  config.eval_client = values.text("--eval-client").value_or(config.eval_client);
  config.eval_base_url = values.text("--eval-base-url").value_or(config.eval_base_url);
  config.eval_model = values.text("--eval-model").value_or(config.eval_model);
  const Params rubrics = values.params("--rubric");
  for (const auto& [rule, file] : rubrics.all()) config.eval_rubrics.set(rule, file);
}

}  // namespace ipw::cli
