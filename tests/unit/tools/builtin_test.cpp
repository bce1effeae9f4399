// SPDX-License-Identifier: Apache-2.0
// Tools that work in the task's place, and how all of them take their arguments.
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/tools/shorten.h"
#include "ipw/tools/tools.h"
#include "support/local_place.h"
#include "support/zip_of.h"

namespace ipw::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class InPlace : public testing::Test {
 protected:
  ToolResult call(const char* tool, const Json& arguments, const char* options = "{}") {
    return make_tool(tool, {options, {}, nullptr})->call(dump_json(arguments), context());
  }
  ToolContext context() {
    ToolContext out;
    out.place = &place_;
    out.wall = Seconds(20);
    return out;
  }
  fs::path file(const char* name) const { return fs::path(place_.folder()) / name; }
  sandbox::LocalPlace place_{"tools"};
};

TEST_F(InPlace, bash_tells_the_status_and_both_streams) {
  const auto good = call("bash", {{"command", "echo out; echo err >&2; pwd"}});
  EXPECT_FALSE(good.failed);
  EXPECT_EQ(good.text, "exit status: 0\nstdout:\nout\n" + place_.folder() + "\n\nstderr:\nerr\n");
  const auto bad = call("shell", {{"command", "exit 3"}});
  EXPECT_TRUE(bad.failed);
  EXPECT_EQ(bad.text, "exit status: 3\nit printed nothing");
}

TEST_F(InPlace, bash_is_killed_at_its_time_limit_which_is_at_most_the_task_s) {
  const auto slow = call("bash", {{"command", "echo begun; sleep 30"}, {"timeout", 0.3}});
  EXPECT_TRUE(slow.failed);
  EXPECT_THAT(slow.text, StartsWith("killed: it did not end within 0.3 s\nstdout:\nbegun"));
  call("bash", {{"command", "true"}, {"timeout", 1000}});
  EXPECT_EQ(place_.last_wall, Seconds(20));
}

TEST_F(InPlace, bash_shows_the_first_and_the_last_of_a_long_output) {
  const auto out = call("bash", {{"command", "seq 1 2000"}}, R"({"max_output_length": 100})");
  EXPECT_THAT(out.text, HasSubstr("characters left out"));
  EXPECT_THAT(out.text, HasSubstr("stdout:\n1\n2\n"));
  EXPECT_THAT(out.text, HasSubstr("\n2000\n"));
  EXPECT_LT(out.text.size(), 200U);
}

TEST_F(InPlace, A22_code_interpreter_runs_the_fenced_block_and_is_charged_by_nothing_but_its_time) {
  const auto out = call("code_interpreter", {{"code", "Here:\n```python\nprint(6 * 7)\n```\nDone."}});
  EXPECT_FALSE(out.failed) << out.text;
  EXPECT_THAT(out.text, HasSubstr("stdout:\n42\n"));
  EXPECT_EQ(out.usage_json, "");
  const auto wrong = call("code_interpreter", {{"code", "1 / 0"}});
  EXPECT_TRUE(wrong.failed);
  EXPECT_THAT(wrong.text, HasSubstr("ZeroDivisionError"));
  EXPECT_TRUE(call("code_interpreter", {{"code", "``` \n```"}}).failed);
}

TEST_F(InPlace, file_read_gives_lines_and_says_where_it_was_cut) {
  write_file_atomic(file("a.txt"), "one\ntwo\nthree\nfour\n");
  EXPECT_EQ(call("file_read", {{"path", "a.txt"}}).text, "one\ntwo\nthree\nfour\n");
  EXPECT_EQ(call("file_read", {{"path", "a.txt"}, {"start_line", 2}, {"end_line", 3}}).text, "two\nthree\n");
  EXPECT_EQ(call("file_read", {{"path", "a.txt"}, {"max_chars", 5}}).text,
            "one\nt\n[cut after 5 characters, in line 2; go on with start_line]");
  EXPECT_EQ(call("file_read", {{"path", "a.txt"}, {"start_line", 9}}).text, "[nothing is there]");
  write_file_atomic(file("-n"), "named as an option");
  EXPECT_EQ(call("file_read", {{"path", "-n"}}).text, "named as an option");
}

TEST_F(InPlace, file_read_refuses_what_is_no_text) {
  write_file_atomic(file("a.bin"), std::string("ab\0cd", 5));
  write_file_atomic(file("a.doc"), "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
  EXPECT_THAT(call("file_read", {{"path", "a.bin"}}).text, HasSubstr("is no text file"));
  EXPECT_THAT(call("file_read", {{"path", "a.doc"}}).text,
              HasSubstr("an old or an encrypted office document"));
  EXPECT_THAT(call("file_read", {{"path", "none"}}).text, HasSubstr("there is no such file"));
  EXPECT_THAT(call("file_read", {{"path", "."}}).text, HasSubstr("it is a folder"));
  EXPECT_TRUE(call("file_read", {{"path", "a.bin"}, {"start_line", 0}}).failed);
  EXPECT_TRUE(call("file_read", {{"path", "a.bin"}, {"start_line", 3}, {"end_line", 2}}).failed);
}

/// A Word document with a paragraph for each text.
std::string docx(const std::vector<std::string>& texts) {
  std::string xml = "<w:document><w:body>";
  for (const auto& text : texts) xml += "<w:p><w:r><w:t>" + text + "</w:t></w:r></w:p>";
  return zip_of({{"word/document.xml", xml + "</w:body></w:document>"}});
}

TEST_F(InPlace, file_read_gives_lines_of_a_word_document_as_of_a_text) {
  write_file_atomic(file("a.docx"), docx({"one", "two", "three", "four"}));
  EXPECT_EQ(call("file_read", {{"path", "a.docx"}}).text, "one\ntwo\nthree\nfour\n");
  EXPECT_EQ(call("file_read", {{"path", "a.docx"}, {"start_line", 2}, {"end_line", 3}}).text, "two\nthree\n");
  EXPECT_EQ(call("file_read", {{"path", "a.docx"}, {"start_line", 4}}).text, "four\n");
  EXPECT_EQ(call("file_read", {{"path", "a.docx"}, {"max_chars", 5}}).text,
            "one\nt\n[cut after 5 characters, in line 2; go on with start_line]");
  EXPECT_EQ(call("file_read", {{"path", "a.docx"}, {"start_line", 9}}).text, "[nothing is there]");
}

TEST_F(InPlace, file_read_says_what_is_wrong_with_a_word_document) {
  const auto whole = docx({"one"});
  write_file_atomic(file("cut.docx"), whole.substr(0, whole.size() / 2));
  write_file_atomic(file("sheet.xlsx"), zip_of({{"xl/workbook.xml", "<x/>"}}));
  write_file_atomic(file("other.zip"), zip_of({{"readme.txt", "x"}}));
  write_file_atomic(file("empty.docx"), docx({" "}));
  fs::copy_file(file("cut.docx"), file("huge.docx"));
  fs::resize_file(file("huge.docx"), std::uintmax_t{33} << 20);
  const auto text = [&](const char* name) {
    const auto out = call("file_read", {{"path", name}});
    EXPECT_TRUE(out.failed) << name;
    EXPECT_THAT(out.text, StartsWith(std::string("file_read: ") + name)) << name;
    return out.text;
  };
  EXPECT_THAT(text("cut.docx"), HasSubstr("zip"));
  EXPECT_THAT(text("sheet.xlsx"), HasSubstr("no part xl/_rels/workbook.xml.rels"));
  EXPECT_THAT(text("other.zip"), HasSubstr("no Word document (turn it into text with a program)"));
  EXPECT_THAT(text("empty.docx"), HasSubstr("holds no text"));
  EXPECT_THAT(text("huge.docx"), HasSubstr("larger than 32.0 MiB"));
}

TEST_F(InPlace, file_write_writes_and_appends) {
  EXPECT_EQ(call("file_write", {{"path", "new/folder/a.txt"}, {"content", "one\n"}}).text,
            "Wrote 4 bytes into new/folder/a.txt");
  EXPECT_FALSE(
      call("file_write", {{"path", "new/folder/a.txt"}, {"content", "two\n"}, {"mode", "a"}}).failed);
  EXPECT_EQ(read_file(file("new/folder/a.txt")), "one\ntwo\n");
  EXPECT_FALSE(call("file_write", {{"path", "new/folder/a.txt"}, {"content", "$(id)`"}}).failed);
  EXPECT_EQ(read_file(file("new/folder/a.txt")), "$(id)`");
}

TEST_F(InPlace, Z2_a_write_that_is_refused_leaves_no_trace) {
  fs::create_directories(file("is_folder"));
  EXPECT_TRUE(call("file_write", {{"path", "is_folder"}, {"content", "x"}}).failed);
  EXPECT_TRUE(call("file_write", {{"path", "other/"}, {"content", "x"}}).failed);
  EXPECT_TRUE(call("file_write", {{"path", "other/a"}, {"content", "x"}, {"mode", "rw"}}).failed);
  EXPECT_TRUE(call("file_write", {{"path", "/proc/none/a"}, {"content", "x"}}).failed);
  EXPECT_FALSE(fs::exists(file("other")));
  EXPECT_TRUE(fs::is_empty(file("is_folder")));
}

TEST_F(InPlace, A23_a_tool_without_a_place_fails) {
  for (const auto& [tool, arguments] : {std::pair{"bash", R"({"command": "true"})"},
                                        {"code_interpreter", R"({"code": "1"})"},
                                        {"file_read", R"({"path": "a"})"},
                                        {"file_write", R"({"path": "a", "content": "b"})"}}) {
    const auto out = make_tool(tool, {})->call(arguments, {});
    EXPECT_TRUE(out.failed) << tool;
    EXPECT_THAT(out.text, HasSubstr("no place")) << tool;
  }
}

TEST(Arguments, A17_are_checked_against_the_schema_and_the_model_is_told_what_to_send) {
  const auto tool = make_tool("file_read", {});
  const auto text = [&](const char* arguments) {
    const auto out = tool->call(arguments, {});
    EXPECT_TRUE(out.failed) << arguments;
    return out.text;
  };
  EXPECT_THAT(text("{\"path\": \"a\""), HasSubstr("no JSON"));
  EXPECT_THAT(text("[1]"), HasSubstr("no JSON object"));
  EXPECT_THAT(text(""),
              HasSubstr("'path' is missing; send {\"path\": string, \"start_line\": integer (optional)"));
  EXPECT_THAT(text(R"({"path": null})"), HasSubstr("'path' is missing"));
  EXPECT_THAT(text(R"({"path": 3})"), HasSubstr("'path' must be of type string, not number"));
  EXPECT_THAT(text(R"({"path": "a", "line": 3})"), HasSubstr("there is no argument 'line'"));
  EXPECT_THAT(text(R"({"path": "a", "start_line": 1.5})"), HasSubstr("'start_line' must be of type integer"));
  EXPECT_THAT(text(R"({"path": "a", "start_line": 2.0})"), HasSubstr("no place"));
}

TEST(Arguments, of_users_are_checked_when_the_tool_is_made) {
  EXPECT_THROW(make_tool("bash", {R"({"max_output": 5})", {}, nullptr}), Error);
  EXPECT_THROW(make_tool("bash", {R"({"max_output_length": 5})", {}, nullptr}), Error);
  EXPECT_THROW(make_tool("think", {R"({"a": 1})", {}, nullptr}), Error);
  EXPECT_THROW(make_tool("bahs", {}), Error);
}

TEST(Arguments, think_does_nothing) {
  EXPECT_EQ(make_tool("think", {})->call(R"({"thought": "hm"})", {}).text, "Noted.");
}

TEST(Shorten, counts_characters_and_keeps_both_ends) {
  EXPECT_EQ(tools::shorten_middle("abc", 3), "abc");
  EXPECT_EQ(tools::shorten_middle("\u00e4\u00f6\u00fc\u00dfx", 3),
            "\u00e4\u00f6\n[... 2 characters left out ...]\nx");
  EXPECT_THAT(tools::shorten_middle(std::string("a\xff") + std::string(100, 'b'), 10),
              StartsWith("a\ufffdbbb\n[... 92"));
}

}  // namespace
}  // namespace ipw::tools
