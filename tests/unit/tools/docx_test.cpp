// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/docx.h"

#include <gmock/gmock.h>

#include "ipw/base/error.h"
#include "support/zip_of.h"

namespace ipw::tools {
namespace {

using ::testing::HasSubstr;

/// A document with this body.
std::string document(const std::string& body) {
  return R"(<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>)" +
         body + "<w:sectPr/></w:body></w:document>";
}

std::string paragraph(const std::string& text) {
  return "<w:p><w:r><w:t>" + text + "</w:t></w:r></w:p>";
}

template <class Read>
std::string problem(Read read) {
  try {
    read();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Format);
    return error.what();
  }
  return {};
}

TEST(WordText, a_paragraph_is_a_line) {
  EXPECT_EQ(word_text(document(paragraph("one") + "<w:p/>" + paragraph("thr&#233;e &lt;&amp;"))),
            "one\n\nthrée <&\n");
}

TEST(WordText, runs_join_and_spaces_between_them_stay) {
  EXPECT_EQ(
      word_text(document(R"(<w:p><w:r><w:t>in</w:t></w:r><w:r><w:t>side</w:t></w:r>)"
                         R"(<w:r><w:t xml:space="preserve"> </w:t></w:r><w:r><w:t>out</w:t></w:r></w:p>)")),
      "inside out\n");
}

TEST(WordText, tabs_and_breaks_are_text_but_tab_stops_are_not) {
  EXPECT_EQ(word_text(document(
                "<w:p><w:pPr><w:tabs><w:tab w:val=\"left\"/></w:tabs></w:pPr><w:r><w:t>a</w:t><w:tab/>"
                "<w:t>b</w:t><w:br/><w:t>c</w:t><w:cr/><w:t>d</w:t><w:noBreakHyphen/><w:t>e</w:t>"
                "</w:r></w:p>")),
            "a\tb\nc\nd-e\n");
}

TEST(WordText, deleted_and_moved_away_text_is_no_text_and_inserted_text_is) {
  EXPECT_EQ(
      word_text(document("<w:p><w:del><w:r><w:delText>old</w:delText><w:t>old</w:t></w:r></w:del>"
                         "<w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:moveFrom><w:r><w:t>gone</w:t></w:r>"
                         "</w:moveFrom><w:moveTo><w:r><w:t> here</w:t></w:r></w:moveTo></w:p>")),
      "new here\n");
}

TEST(WordText, a_table_s_row_is_a_line_with_tabs_between_its_cells) {
  const auto cell = [](const std::string& inside) { return "<w:tc><w:tcPr/>" + inside + "</w:tc>"; };
  const std::string inner = "<w:tbl><w:tr>" + cell(paragraph("x")) + cell(paragraph("y")) + "</w:tr></w:tbl>";
  EXPECT_EQ(
      word_text(document("<w:tbl><w:tblPr/><w:tr>" + cell(paragraph("a") + paragraph("b")) + cell("<w:p/>") +
                         cell(paragraph("c")) + "</w:tr><w:tr>" + cell(inner + "<w:p/>") +
                         cell("<w:p><w:r><w:t>d</w:t><w:br/><w:tab/><w:t>e</w:t></w:r></w:p>") +
                         "</w:tr></w:tbl>" + paragraph("after"))),
      "a b\t\tc\nx y\td  e\nafter\n");
}

TEST(WordText, a_text_box_is_read_once_though_it_is_there_in_two_forms) {
  EXPECT_EQ(
      word_text(document("<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>" + paragraph("box") +
                         "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>" + paragraph("box") +
                         "</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r></w:p>")),
      "box\n\n");
}

TEST(WordText, the_prefix_of_names_is_for_the_writer_to_choose) {
  EXPECT_EQ(word_text("<document><body><p><r><t>a</t></r></p></body></document>"), "a\n");
  EXPECT_EQ(word_text("<n:document xmlns:n='x'><n:p><n:t>a</n:t></n:p></n:document>"), "a\n");
}

TEST(WordText, other_xml_and_damaged_xml_are_refused) {
  EXPECT_THAT(problem([] { word_text("<html/>"); }), HasSubstr("no Word document"));
  EXPECT_THAT(problem([] { word_text(""); }), HasSubstr("damaged"));
  EXPECT_THAT(problem([] { word_text(document(paragraph("a")).substr(0, 200)); }),
              HasSubstr("damaged at byte"));
}

TEST(WordText, a_document_that_nests_deep_needs_no_stack) {
  std::string open, close;
  for (int i = 0; i < 500'000; ++i) {
    open += "<w:r>";
    close += "</w:r>";
  }
  EXPECT_EQ(word_text(document("<w:p>" + open + "<w:t>deep</w:t>" + close + "</w:p>")), "deep\n");
}

TEST(WordText, entities_of_the_document_s_own_are_not_expanded) {
  const auto text = word_text(
      "<!DOCTYPE d [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>"
      "<w:document><w:p><w:t>&b;</w:t></w:p></w:document>");
  EXPECT_EQ(text, "&b;\n");
}

TEST(Docx, is_read_out_of_its_zip) {
  EXPECT_EQ(docx_text(zip_of(
                {{"[Content_Types].xml", "<Types/>"}, {"word/document.xml", document(paragraph("a"))}})),
            "a\n");
}

TEST(Docx, other_zips_bombs_and_what_is_no_zip_are_refused) {
  EXPECT_THAT(problem([] {
                docx_text(zip_of({{"xl/workbook.xml", "<x/>"}}));
              }),
              HasSubstr("without word/document.xml"));
  EXPECT_THAT(problem([] { docx_text("PK\003\004 and no more"); }), HasSubstr("zip"));
  EXPECT_THAT(problem([] {
                docx_text(zip_of({{"word/document.xml", std::string(std::size_t{40} << 20, ' ')}}));
              }),
              HasSubstr("more than 300 times"));
}

}  // namespace
}  // namespace ipw::tools
