// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/office.h"

#include <gmock/gmock.h>

#include "ipw/base/error.h"
#include "support/zip_of.h"

namespace ipw::tools {
namespace {

using ::testing::HasSubstr;
using Members = std::vector<std::pair<std::string, std::string>>;

constexpr auto kBook =
    R"(<workbook xmlns:r="r"><sheets><sheet name="Plan" sheetId="2" r:id="rId2"/><sheet name="Costs &amp; more" sheetId="1" r:id="rId1"/></sheets></workbook>)";
constexpr auto kBookRelations =
    R"(<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>)";

Members book(const std::string& first, const std::string& second = "<worksheet><sheetData/></worksheet>") {
  return {{"xl/workbook.xml", kBook},
          {"xl/_rels/workbook.xml.rels", kBookRelations},
          {"xl/worksheets/sheet1.xml", first},
          {"xl/worksheets/sheet2.xml", second}};
}

std::string problem(const std::string& bytes) {
  try {
    office_text(bytes);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Format);
    return error.what();
  }
  return {};
}

TEST(Xlsx, sheets_come_in_the_book_s_order_with_rows_and_gaps) {
  auto members = book(
      R"(<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>1</v></c><c r="C1"><v>2.5</v></c></row><row r="2"><c r="B2" t="b"><v>1</v></c></row></sheetData></worksheet>)",
      R"(<worksheet><sheetData><row><c t="inlineStr"><is><r><t>one</t></r><r><t> two</t></r></is></c><c t="str"><f>A1&amp;"x"</f><v>reckoned</v></c></row></sheetData></worksheet>)");
  members.emplace_back(
      "xl/sharedStrings.xml",
      "<sst><si><t>zero</t></si><si><r><t>a</t></r><r><t>\nb</t></r><rPh><t>phonetic</t></rPh></si></sst>");
  EXPECT_EQ(office_text(zip_of(members)),
            "# Plan\none two\treckoned\n\n# Costs & more\na b\t\t2.5\n\tTRUE\n");
}

TEST(Xlsx, what_names_nothing_is_empty_and_no_crash) {
  EXPECT_EQ(
      xlsx_text(zip_of(book(
          R"(<worksheet><sheetData><row><c r="?" t="s"><v>9</v></c><c t="s"><v>-1</v></c><c r="ZZZ1"><v>1</v></c></row></sheetData></worksheet>)"))),
      "# Plan\n\n# Costs & more\n" + std::string(512, '\t') + "1\n");
}

TEST(Xlsx, a_missing_or_damaged_sheet_is_an_error) {
  auto members = book("<worksheet>");
  EXPECT_THAT(problem(zip_of(members)), HasSubstr("damaged"));
  members.erase(members.begin() + 2);
  EXPECT_THAT(problem(zip_of(members)), HasSubstr("xl/worksheets/sheet1.xml"));
}

TEST(Xlsx, a_long_text_that_many_cells_name_is_refused) {
  std::string cells;
  for (int i = 0; i < 100; ++i) cells += R"(<c t="s"><v>0</v></c>)";
  auto members = book("<worksheet><sheetData><row>" + cells + "</row></sheetData></worksheet>");
  std::string text(1U << 20U, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i * 7919 % 26);
  members.emplace_back("xl/sharedStrings.xml", "<sst><si><t>" + text + "</t></si></sst>");
  EXPECT_THAT(problem(zip_of(members)), HasSubstr("more than 32 MiB of text"));
}

TEST(Pptx, slides_come_in_the_order_of_the_show) {
  const auto slide = [](const std::string& text) {
    return R"(<p:sld xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree><p:sp><p:nvSpPr><p:t>no</p:t></p:nvSpPr><p:txBody><a:p><a:pPr/><a:r><a:t>)" +
           text + R"(</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>)";
  };
  const Members members = {
      {"ppt/presentation.xml",
       R"(<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="257" r:id="rId3"/><p:sldId id="256" r:id="rId2"/></p:sldIdLst></p:presentation>)"},
      {"ppt/_rels/presentation.xml.rels",
       R"(<Relationships><Relationship Id="rId2" Target="slides/slide1.xml"/><Relationship Id="rId3" Target="slides/slide2.xml"/></Relationships>)"},
      {"ppt/slides/slide1.xml", slide("last")},
      {"ppt/slides/slide2.xml", slide("first")}};
  EXPECT_EQ(office_text(zip_of(members)), "# Slide 1\nfirst\n\n# Slide 2\nlast\n");
}

TEST(Office, other_zips_and_no_zips_are_refused) {
  EXPECT_THAT(problem(zip_of({{"readme.txt", "x"}})), HasSubstr("no Word document"));
  EXPECT_THAT(problem("PK nothing"), HasSubstr("zip"));
}

}  // namespace
}  // namespace ipw::tools
