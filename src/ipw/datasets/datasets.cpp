// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/datasets/dataset.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {

std::span<const DatasetEntry> datasets() {
  static constexpr std::array kDatasets = {
      DatasetEntry{"arc", "ARC, science questions of school exams, challenge or easy", &make_benchmark<arc>},
      DatasetEntry{"arena-hard", "Arena-Hard-Auto v2.0, hard prompts or creative writing; needs a judge",
                   &make_benchmark<arena_hard>},
      DatasetEntry{"browsecomp", "BrowseComp, answers that are hard to find: its encrypted table (path=FILE)",
                   &make_benchmark<browsecomp>},
      DatasetEntry{"deepresearchbench", "DeepResearch Bench, research tasks judged against a report",
                   &make_benchmark<deepresearchbench>},
      DatasetEntry{"fixed-length", "synthetic prompts of one length, for speed and energy; unscored",
                   &make_fixed_length},
      DatasetEntry{"frames", "FRAMES, questions over several articles, closed book or with their links",
                   &make_benchmark<frames>},
      DatasetEntry{"gaia", "GAIA, questions to assistants in three levels (gated)", &make_benchmark<gaia>},
      DatasetEntry{"gdpval", "GDPval, tasks of occupations with rubrics", &make_benchmark<gdpval>},
      DatasetEntry{"gpqa",
                   "GPQA, graduate-level questions with four options: diamond, main, extended (gated)",
                   &make_benchmark<gpqa>},
      DatasetEntry{"gsm8k", "GSM8K, word problems of school arithmetic", &make_benchmark<gsm8k>},
      DatasetEntry{"hle", "Humanity's Last Exam, texts, or with images for models that see (gated)",
                   &make_benchmark<hle>},
      DatasetEntry{"humaneval", "HumanEval, Python functions, run in the sandbox",
                   &make_benchmark<humaneval>},
      DatasetEntry{"ifeval", "IFEval, instructions that a program can check", &make_benchmark<ifeval>},
      DatasetEntry{"ipw",
                   "1,000 questions out of WildChat, NaturalReasoning, MMLU-Pro and SuperGPQA; needs a judge",
                   &make_ipw_mix},
      DatasetEntry{"ipw-mini", "short questions of eight families for small chat models, bundled",
                   &make_ipw_mini},
      DatasetEntry{"ipw-tiny", "generated questions that the bundled tiny models can answer", &make_ipw_tiny},
      DatasetEntry{"livecodebench",
                   "LiveCodeBench, programs run against public and private tests in the sandbox",
                   &make_benchmark<livecodebench>},
      DatasetEntry{"local", "your own questions: JSONL, CSV, Parquet or Arrow (path=FILE)", &make_local},
      DatasetEntry{"math500", "MATH-500, competition mathematics", &make_benchmark<math500>},
      DatasetEntry{"mmlu", "MMLU, 57 subjects with four options", &make_benchmark<mmlu>},
      DatasetEntry{"mmlu-pro", "MMLU-Pro, multiple choice with up to ten options, from the Hugging Face hub",
                   &make_benchmark<mmlu_pro>},
      DatasetEntry{"natural-reasoning", "NaturalReasoning, questions out of web texts; needs a judge",
                   &make_benchmark<natural_reasoning>},
      DatasetEntry{"simpleqa", "SimpleQA, short factual questions; needs a judge", &make_benchmark<simpleqa>},
      DatasetEntry{"supergpqa", "SuperGPQA, 285 graduate disciplines with up to ten options",
                   &make_benchmark<supergpqa>},
      DatasetEntry{"swebench", "SWE-bench, issues of Python projects: verified-mini, verified, lite, full",
                   &make_benchmark<swebench>},
      DatasetEntry{"swefficiency", "SWEfficiency, projects to be made faster", &make_benchmark<swefficiency>},
      DatasetEntry{"terminalbench",
                   "Terminal-Bench, tasks in a terminal: a folder of v1 or Harbor tasks (path=DIR)",
                   &make_terminalbench},
      DatasetEntry{"wildchat", "WildChat, first messages of real chats; needs a judge",
                   &make_benchmark<wildchat>},
  };
  return kDatasets;
}

std::unique_ptr<Dataset> open_dataset(std::string_view id, const DatasetOptions& options) {
  if (!find(datasets(), id) && options.params.get("path")) return make_local_as(id, options);
  return require("dataset", datasets(), id).make(options);
}

}  // namespace ipw::datasets
