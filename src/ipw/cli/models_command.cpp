// SPDX-License-Identifier: Apache-2.0
// ipw models: the catalogue of models for the engine in this process.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/registry.h"
#include "ipw/base/say.h"
#include "ipw/base/text.h"
#include "ipw/cli/commands.h"
#include "ipw/clients/models.h"

namespace ipw::cli {
namespace {

constexpr Positional kPositionals[] = {
    {"ACTION", "Nothing to list them, or fetch.", false},
    {"NAME", "What to fetch: a name of the list or hf:OWNER/REPO/FILE.gguf[@REV].", false}};
constexpr Option kOptions[] = {{"--json", "", "", "Print JSON.", Kind::Flag}};

clients::ModelOptions model_options(const Context& context) {
  clients::ModelOptions options;
  options.cache_dir = context.around.cache_dir;
  options.data_dir = context.around.data_dir;
  options.hub = context.around.hub;
  options.announce = [](const std::string& text) { say("{}\n", text); };
  return options;
}

void print_list(const std::vector<clients::ModelState>& states) {
  for (const auto& s : states) {
    fmt::print("{:<24} {:>10}  {:<11} {}\n", s.row->name, human_bytes(s.row->size_bytes), s.row->licence,
               s.present ? "here" : "not here");
    fmt::print("  {}\n  from {}\n", s.row->summary, s.row->source);
  }
  fmt::print("\n`ipw models fetch NAME` gets one; `ipw profile --model NAME` does so at first use.\n");
}

void print_json(const std::vector<clients::ModelState>& states) {
  Json list = Json::array();
  for (const auto& s : states)
    list.push_back({{"name", s.row->name},
                    {"summary", s.row->summary},
                    {"size_bytes", s.row->size_bytes},
                    {"licence", s.row->licence},
                    {"source", s.row->source},
                    {"sha256", s.row->sha256},
                    {"present", s.present},
                    {"path", s.path.string()}});
  fmt::print("{}", pretty_json(list));
}

int run(const Values& values, Context& context) {
  const auto options = model_options(context);
  const auto action = values.text("ACTION").value_or("list");
  if (action == "fetch") {
    const auto name = values.text("NAME");
    if (!name) throw Error(ErrorCode::Usage, "fetch needs the NAME of a model", "ipw models lists them");
    fmt::print("{}\n", clients::resolve_model(*name, options).string());
    return 0;
  }
  if (action != "list")
    throw_unknown("action of models", action, std::vector<std::string_view>{"fetch", "list"});
  const auto states = clients::model_states(options);
  values.has("--json") ? print_json(states) : print_list(states);
  return 0;
}

}  // namespace

const Command kModels = {
    "models", "List the models of the catalogue, and fetch one.", {}, kPositionals, kOptions, run};

}  // namespace ipw::cli
