// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/swe_script.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "ipw/base/error.h"
#include "ipw/harness/swe_log.h"

namespace ipw::harness {
namespace {

const std::string kData = IPW_SOURCE_DIR "/data";
const std::string kTestPatch =
    "diff --git a/tests/app/test_a.py b/tests/app/test_a.py\n--- a/tests/app/test_a.py\n+++ "
    "b/tests/app/test_a.py\n@@ -1 +1 @@\n-1\n+2\n"
    "diff --git a/tests/app/data.json b/tests/app/data.json\nnew file mode 100644\n--- /dev/null\n+++ "
    "b/tests/app/data.json\n@@ -0,0 +1 @@\n+{}\n";

TEST(SweScript, S8_the_recipes_are_those_of_each_repository_s_versions) {
  EXPECT_EQ(recipe_of(kData, "django/django", "3.0").test_cmd,
            "./tests/runtests.py --verbosity 2 --settings=test_sqlite --parallel 1");
  EXPECT_EQ(recipe_of(kData, "sympy/sympy", "1.4").log_parser, "parse_log_sympy");
  EXPECT_EQ(recipe_of(kData, "astropy/astropy", "1.3").test_cmd,
            "pytest -rA -vv -o console_output_style=classic --tb=no");
  EXPECT_EQ(recipe_of(kData, "django/django", "2.2").before.size(), 4U);
}
TEST(SweScript, each_recipe_has_a_parser_and_each_version_one_recipe) {
  const auto table = read_json_file(kData + "/swebench-specs.json");
  EXPECT_NE(table.at("source").get<std::string>().find("726c5461"), std::string::npos);
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& row : table.at("rows")) {
    EXPECT_NE(swebench_parser(row.at("log_parser").get<std::string>()), nullptr) << row.at("log_parser");
    EXPECT_FALSE(row.at("test_cmd").get<std::string>().empty());
    for (const auto& version : row.at("versions"))
      EXPECT_TRUE(seen.emplace(row.at("repo"), version.get<std::string>()).second)
          << row.at("repo") << version;
  }
  EXPECT_EQ(seen.size(), 282U);
}
TEST(SweScript, S11_an_unknown_version_is_said) {
  try {
    recipe_of(kData, "django/django", "99");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("django/django version '99'"), std::string::npos);
  }
}
TEST(SweScript, gives_django_names_of_modules) {
  EXPECT_EQ(test_directives("django/django", kTestPatch), std::vector<std::string>{"app.test_a"});
  EXPECT_EQ(test_directives("pallets/flask", kTestPatch), std::vector<std::string>{"tests/app/test_a.py"});
}
TEST(SweScript, S11_puts_the_benchmark_s_tests_in_place_and_back) {
  const auto script = evaluation_script(recipe_of(kData, "pallets/flask", "2.0"),
                                        {"pallets/flask", "abc123", kTestPatch, "/testbed"});
  const auto at = [&](const std::string& part, std::size_t from = 0) {
    const auto found = script.find(part, from);
    EXPECT_NE(found, std::string::npos) << part << " in\n" << script;
    return found;
  };
  const auto install = at("python -m pip install -e .");
  const auto checkout = at("git checkout 'abc123' 'tests/app/test_a.py'", install);
  const auto remove = at("rm -f -- 'tests/app/data.json'", checkout);
  const auto patch = at("git apply -v /tmp/test.patch", remove);
  const auto start = at(": '>>>>> Start Test Output'", patch);
  const auto run = at("pytest -rA 'tests/app/test_a.py'\n", start);
  const auto code = at("IPW_TESTS=$?", run);
  const auto end = at(": '>>>>> End Test Output'", code);
  at("git checkout 'abc123' 'tests/app/test_a.py'", end);
}
TEST(SweScript, of_the_data_s_own_notes_the_status_of_its_tests) {
  EXPECT_EQ(with_exit_code("pytest\n: '>>>>> End Test Output'\ngit checkout x"),
            "pytest\nIPW_TESTS=$?\n: '>>>>> End Test Output'\necho \">>>>> Test Exit Code: $IPW_TESTS\"\ngit "
            "checkout x\n");
  EXPECT_EQ(with_exit_code("pytest"), "pytest\n");
}

}  // namespace
}  // namespace ipw::harness
