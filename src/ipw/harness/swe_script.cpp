// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/swe_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/harness/containers.h"
#include "ipw/harness/patch.h"

namespace ipw::harness {
namespace {

constexpr const char* kTable = "swebench-specs.json";
constexpr const char* kConda = "source /opt/miniconda3/bin/activate\nconda activate testbed\n";
constexpr std::string_view kEnd = ">>>>> End Test Output";

std::string words(const std::vector<std::string>& files) {
  std::string out;
  for (const auto& file : files) out += " " + shell_word(file);
  return out;
}

/// The tests' files as they were at the base commit; those that the test patch makes anew are taken away.
std::string reset(const PatchedFiles& files, const std::string& base) {
  std::string out;
  if (!files.changed.empty())
    out += fmt::format("git checkout {}{}\n", shell_word(base), words(files.changed));
  if (!files.added.empty()) out += "rm -f --" + words(files.added) + "\n";
  return out;
}

}  // namespace

SweRecipe recipe_of(const std::filesystem::path& data, const std::string& repository,
                    const std::string& version) {
  const auto table = read_json_file((data / kTable).string());
  for (const auto& row : table.at("rows")) {
    if (row.at("repo") != repository) continue;
    const auto& versions = row.at("versions");
    if (std::ranges::find(versions, Json(version)) == versions.end()) continue;
    SweRecipe out;
    out.test_cmd = row.at("test_cmd").get<std::string>();
    out.install = row.at("install").get<std::string>();
    out.log_parser = row.at("log_parser").get<std::string>();
    out.before = row.at("eval_commands").get<std::vector<std::string>>();
    return out;
  }
  throw Error(ErrorCode::NotFound,
              fmt::format("how the tests of {} version '{}' are run is not known", repository, version),
              "a field test_cmd or eval_script of the task's metadata says it");
}

std::vector<std::string> test_directives(const std::string& repository, const std::string& test_patch) {
  constexpr std::array<std::string_view, 11> kNoTests = {".json", ".png", "csv",  ".txt",  ".md",  ".jpg",
                                                         ".jpeg", ".pkl", ".yml", ".yaml", ".toml"};
  std::vector<std::string> out;
  for (auto file : files_of(test_patch).after) {
    if (std::ranges::any_of(kNoTests, [&](auto end) { return file.ends_with(end); })) continue;
    if (repository == "django/django") {  // names of modules
      if (file.ends_with(".py")) file.resize(file.size() - 3);
      if (file.starts_with("tests/")) file = file.substr(6);
      file = replace_all(file, "/", ".");
    }
    out.push_back(file);
  }
  return out;
}

std::string evaluation_script(const SweRecipe& recipe, const SweIssue& issue) {
  const auto files = files_of(issue.test_patch);
  const auto folder = shell_word(issue.folder), conda = std::string(recipe.conda ? kConda : "");
  auto tests = recipe.test_cmd;
  if (!recipe.whole) tests += words(test_directives(issue.repository, issue.test_patch));
  std::string out = "#!/bin/bash\nset -uxo pipefail\n" + conda + "cd " + folder + "\n";
  for (const auto& command : recipe.before) out += command + "\n";
  out += fmt::format(
      "git config --global --add safe.directory {0}\ncd {0}\ngit status\ngit show --stat\n"
      "git -c core.fileMode=false diff {1}\n",
      folder, shell_word(issue.base_commit));
  out += conda + recipe.install + "\n" + reset(files, issue.base_commit);
  if (!trim(issue.test_patch).empty())
    out += fmt::format("git apply -v {} || {{ set +x; echo '>>>>> Test Patch Failed'; exit 1; }}\n",
                       kTestPatchFile);
  out += fmt::format(
      ": '>>>>> Start Test Output'\n{}\nIPW_TESTS=$?\n: '{}'\necho \">>>>> Test Exit Code: $IPW_TESTS\"\n",
      tests, kEnd);
  return out + reset(files, issue.base_commit);
}

std::string with_exit_code(const std::string& script) {
  std::string out;
  bool noted = false;
  for (const auto line : split(script, '\n')) {
    const bool end = !noted && line.find(kEnd) != std::string_view::npos;
    if (end) out += "IPW_TESTS=$?\n";
    out.append(line) += '\n';
    if (end) out += "echo \">>>>> Test Exit Code: $IPW_TESTS\"\n";
    noted = noted || end;
  }
  return out;
}

}  // namespace ipw::harness
