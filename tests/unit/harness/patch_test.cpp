// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/patch.h"

#include <gtest/gtest.h>

namespace ipw::harness {
namespace {

const std::string kDiff =
    "diff --git a/src/a.py b/src/a.py\nindex 1..2 100644\n--- a/src/a.py\n+++ b/src/a.py\n@@ -1,3 +1,3 @@\n "
    "one\n-two\n+TWO\n three\n";
const std::string kNew =
    "diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+x = 1\n";

TEST(Patch, S9_prose_around_it_does_not_get_in) {
  EXPECT_EQ(
      patch_in("I changed it:\n\n" + kDiff + "\nThis makes it loud.\n- and a list\n" + kNew + "Done.\n"),
      kDiff + kNew);
}
TEST(Patch, of_fences_is_taken_before_anything_else) {
  EXPECT_EQ(patch_in("```diff\n" + kDiff +
                     "```\nand\n```python\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n```\n```patch\n" + kNew +
                     "```\n"),
            kDiff + kNew);
}
TEST(Patch, S9_that_only_adds_a_file_counts) {
  EXPECT_EQ(patch_in(kNew), kNew);
}
TEST(Patch, keeps_fences_that_its_files_have) {
  const std::string diff = "--- a/r.md\n+++ b/r.md\n@@ -1,2 +1,3 @@\n ```sh\n+ls\n ```\n";
  EXPECT_EQ(patch_in("```diff\n" + diff + "```\n"), diff);
}
TEST(Patch, keeps_lines_that_look_like_headings) {
  const std::string diff = "--- a/q.sql\n+++ b/q.sql\n@@ -1,2 +1,2 @@\n--- old\n+++ new\n same\n";
  EXPECT_EQ(patch_in(diff), diff);
  EXPECT_EQ(files_of(diff).changed, std::vector<std::string>{"q.sql"});
  EXPECT_TRUE(files_of(diff).added.empty());
}
TEST(Patch, keeps_binary_parts) {
  const std::string diff =
      "diff --git a/i.png b/i.png\nindex 1..2\nGIT binary patch\nliteral 3\nKcmZQzU|?i\n\nliteral "
      "0\nHcmV?d00001\n\n";
  EXPECT_EQ(patch_in(diff).substr(0, diff.size()), diff);
}
TEST(Patch, is_nothing_in_text_without_one) {
  EXPECT_EQ(patch_in(""), "");
  EXPECT_EQ(patch_in("--- a heading ---\ntext\n"), "");
  EXPECT_EQ(patch_in("diff --git a/x b/x\n"), "");
}
TEST(Patch, names_the_files_that_it_changes_and_makes) {
  const auto files = files_of(
      kDiff + kNew +
      "diff --git a/old b/old\ndeleted file mode 100644\n--- a/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n");
  EXPECT_EQ(files.changed, (std::vector<std::string>{"src/a.py", "old"}));
  EXPECT_EQ(files.added, (std::vector<std::string>{"n.py"}));
  EXPECT_EQ(files.after, (std::vector<std::string>{"src/a.py", "n.py", "old"}));
}
TEST(Patch, that_looks_at_its_callers_is_found) {
  const auto with = [](const std::string& line) {
    return "--- a/m.py\n+++ b/m.py\n@@ -1 +1,2 @@\n x\n+" + line + "\n";
  };
  EXPECT_EQ(introspection_in(with("    f = sys._getframe(1)")), "f = sys._getframe(1)");
  EXPECT_EQ(introspection_in(with("import inspect")), "import inspect");
  EXPECT_EQ(introspection_in(with("y = frame.f_back")), "y = frame.f_back");
  EXPECT_EQ(introspection_in(with("import inspect  # stackguard: allow")), "");
  EXPECT_EQ(introspection_in(with("return cached(x)")), "");
  EXPECT_EQ(introspection_in("--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-import inspect\n+x\n"), "");
}

}  // namespace
}  // namespace ipw::harness
