// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/terminus_reply.h"

#include <gmock/gmock.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"

namespace ipw::agents {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::pair<std::string, double>> commands(const TerminusReply& reply) {
  std::vector<std::pair<std::string, double>> out;
  for (const auto& command : reply.commands) out.emplace_back(command.keystrokes, command.duration.count());
  return out;
}

TerminusReply with_duration(std::string_view duration) {
  return parse_terminus_json(R"({"analysis":"","plan":"","commands":[{"keystrokes":"ls\n","duration":)" +
                             std::string(duration) + "}]}");
}

TerminusReply in_xml(std::string_view commands) {
  return parse_terminus_xml("<response><analysis>a</analysis><plan>p</plan><commands>" +
                            std::string(commands) + "</commands></response>");
}

void expect_as_published(const Json& row) {
  const auto text = row.at("reply").get<std::string>();
  const auto reply = row.at("format") == "xml" ? parse_terminus_xml(text) : parse_terminus_json(text);
  SCOPED_TRACE(text);
  const auto error = row.at("error").get<std::string>();
  EXPECT_EQ(reply.error.empty(), error.empty()) << reply.error;
  EXPECT_THAT(reply.error, HasSubstr(error));
  EXPECT_EQ(commands(reply), (row.at("commands").get<std::vector<std::pair<std::string, double>>>()));
  EXPECT_EQ(reply.task_complete, row.at("task_complete").get<bool>());
  EXPECT_EQ(reply.analysis, row.at("analysis").get<std::string>());
  EXPECT_EQ(reply.plan, row.at("plan").get<std::string>());
  const auto kinds = row.at("warnings").get<std::vector<std::string>>();
  ASSERT_EQ(reply.warnings.size(), kinds.size()) << ::testing::PrintToString(reply.warnings);
  for (std::size_t i = 0; i < kinds.size(); ++i) EXPECT_THAT(reply.warnings[i], HasSubstr(kinds[i]));
}

TEST(TerminusReply, replies_are_read_as_the_published_parsers_read_them) {
  std::ifstream file(IPW_SOURCE_DIR "/tests/fixtures/agents/terminus_replies.jsonl");
  std::size_t rows = 0;
  for (std::string line; std::getline(file, line); ++rows) expect_as_published(Json::parse(line));
  EXPECT_GE(rows, 200u);
}

TEST(TerminusJson, a_reply_gives_its_commands) {
  const auto reply = parse_terminus_json(
      R"({"analysis":"a","plan":"p","commands":[{"keystrokes":"ls\n","duration":0.1},{"keystrokes":"C-c","duration":2}],
          "task_complete":true})");
  EXPECT_EQ(reply.error, "");
  EXPECT_THAT(reply.warnings, IsEmpty());
  EXPECT_EQ(reply.analysis, "a");
  EXPECT_EQ(reply.plan, "p");
  EXPECT_TRUE(reply.task_complete);
  EXPECT_THAT(commands(reply), ElementsAre(std::pair("ls\n", 0.1), std::pair("C-c", 2.0)));
}
TEST(TerminusJson, missing_braces_are_added_and_named) {
  const auto reply = parse_terminus_json(R"({"analysis":"a","plan":"p","commands":[])");
  EXPECT_EQ(reply.error, "");
  EXPECT_THAT(reply.warnings, ElementsAre(HasSubstr("braces were added")));
}
TEST(TerminusJson, a_whole_object_is_taken_out_of_a_broken_text) {
  const auto reply = parse_terminus_json(R"(Say "so: {"analysis":"a","plan":"p","commands":[]})");
  EXPECT_EQ(reply.error, "");
  EXPECT_THAT(reply.warnings, ElementsAre(HasSubstr("taken out of the text")));
}
TEST(TerminusJson, missing_keys_are_named) {
  EXPECT_EQ(parse_terminus_json(R"({"plan":"p"})").error, "missing keys: analysis, commands");
}
TEST(TerminusJson, a_faulty_command_is_an_error_unless_the_task_is_complete) {
  const std::string text = R"({"analysis":"a","plan":"p","commands":[{"keystrokes":"ls\n","duration":1},{}])";
  EXPECT_EQ(parse_terminus_json(text + "}").error, "command 2 has no keystrokes");
  const auto reply = parse_terminus_json(text + R"(,"task_complete":"yes"})");
  EXPECT_EQ(reply.error, "");
  EXPECT_TRUE(reply.task_complete);
  EXPECT_THAT(reply.commands, IsEmpty());
  EXPECT_THAT(reply.warnings, ElementsAre("command 2 has no keystrokes"));
}
TEST(TerminusJson, durations_are_finite) {
  constexpr double kMost = std::numeric_limits<double>::max();
  EXPECT_THAT(commands(with_duration("Infinity")), ElementsAre(std::pair("ls\n", kMost)));
  EXPECT_THAT(commands(with_duration("-1e999")), ElementsAre(std::pair("ls\n", -kMost)));
  EXPECT_THAT(commands(with_duration("true")), ElementsAre(std::pair("ls\n", 1.0)));
  EXPECT_THAT(commands(with_duration("NaN")), ElementsAre(std::pair("ls\n", 1.0)));
  EXPECT_THAT(with_duration("NaN").warnings, ElementsAre(HasSubstr("not a number")));
  EXPECT_THAT(with_duration("1e999.5").error, HasSubstr("broken"));
  EXPECT_THAT(with_duration("01e999").error, HasSubstr("broken"));
}
TEST(TerminusJson, half_of_a_surrogate_pair_is_replaced) {
  const auto reply =
      parse_terminus_json(R"({"analysis":"\ud83d\ude00 \ud83d","plan":"\\ud83d","commands":[]})");
  EXPECT_EQ(reply.analysis, "\U0001F600 \uFFFD");
  EXPECT_EQ(reply.plan, "\\ud83d");
}
TEST(TerminusJson, bytes_that_are_no_text_are_replaced) {
  EXPECT_EQ(parse_terminus_json("{\"analysis\":\"\xFF\",\"plan\":\"\",\"commands\":[]}").analysis, "\uFFFD");
}

TEST(TerminusJson, deep_nesting_is_a_broken_reply) {
  const auto nested = [](std::size_t levels) {
    return "{\"analysis\":" + std::string(levels, '[') + std::string(levels, ']') +
           R"(,"plan":"p","commands":[]})";
  };
  EXPECT_EQ(parse_terminus_json(nested(900)).error, "");
  EXPECT_THAT(parse_terminus_json(nested(300'000)).error, HasSubstr("more than 1000 deep"));
}

TEST(TerminusXml, keystrokes_are_verbatim) {
  const auto reply = in_xml("<keystrokes duration=\"0.5\">cat <a >b && echo \"&\"\n</keystrokes>");
  EXPECT_EQ(reply.error, "");
  EXPECT_THAT(reply.warnings, IsEmpty());
  EXPECT_THAT(commands(reply), ElementsAre(std::pair("cat <a >b && echo \"&\"\n", 0.5)));
}
TEST(TerminusXml, entities_are_kept_with_a_warning) {
  const auto reply = in_xml("<keystrokes duration=\"1\">a &amp;&amp; b\n</keystrokes>");
  EXPECT_THAT(commands(reply), ElementsAre(std::pair("a &amp;&amp; b\n", 1.0)));
  EXPECT_THAT(reply.warnings, ElementsAre(HasSubstr("&amp;")));
}
TEST(TerminusXml, a_duration_that_is_no_number_is_one_second) {
  for (const auto* duration : {"soon", "nan", "1__0", "", "0x1"}) {
    const auto reply = in_xml("<keystrokes duration=\"" + std::string(duration) + "\">ls\n</keystrokes>");
    EXPECT_THAT(commands(reply), ElementsAre(std::pair("ls\n", 1.0)));
    EXPECT_THAT(reply.warnings, ElementsAre(HasSubstr("is not a number")));
  }
}
TEST(TerminusXml, a_reply_without_commands_is_an_error_unless_the_task_is_complete) {
  EXPECT_EQ(parse_terminus_xml("<response>x</response>").error, "no section <commands>");
  const auto reply = parse_terminus_xml("<response><task_complete> True</task_complete></response>");
  EXPECT_EQ(reply.error, "");
  EXPECT_TRUE(reply.task_complete);
}
TEST(TerminusXml, a_response_that_is_not_closed_is_read_to_its_end) {
  const auto reply =
      parse_terminus_xml("<response><analysis>a</analysis><plan>p</plan><commands></commands>");
  EXPECT_EQ(reply.error, "");
  EXPECT_THAT(reply.warnings, ElementsAre(HasSubstr("is empty")));
}
TEST(TerminusXml, a_tag_without_a_name_is_unknown) {
  const auto reply = parse_terminus_xml("<response>< ><commands></commands></response>");
  EXPECT_THAT(reply.warnings, ::testing::Contains("unknown tag <>"));
}

}  // namespace
}  // namespace ipw::agents
