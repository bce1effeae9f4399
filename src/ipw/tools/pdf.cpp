// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/pdf.h"

#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/tools/shorten.h"

namespace ipw::tools {
namespace {

constexpr int kNoProgram = 127;
constexpr std::uint64_t kMostText = std::uint64_t{8} << 20;

[[noreturn]] void refuse(const sandbox::JobEnd& end) {
  const auto has = [&](std::string_view words) { return end.errors.find(words) != std::string::npos; };
  if (has("Incorrect password"))
    throw Error(ErrorCode::Format, "the PDF is encrypted and needs a password", "decrypt it first");
  if (has("Copying of text from this document is not allowed"))
    throw Error(ErrorCode::Format, "the PDF forbids to take out its text");
  throw Error(
      ErrorCode::Format,
      fmt::format("pdftotext cannot read the PDF: {}",
                  trim(end.errors).empty() ? "it gave no reason" : shorten_middle(trim(end.errors), 300)));
}

}  // namespace

std::string pdf_text(const sandbox::Sandbox& sandbox, std::string bytes, Seconds wall) {
  sandbox::Job job;
  job.argv = {"pdftotext", "-enc", "UTF-8", "-nopgbrk", "/program/file.pdf", "-"};
  job.files.emplace("file.pdf", std::move(bytes));
  job.limits.wall = wall;
  job.limits.output_bytes = kMostText;
  auto end = sandbox.run(job);
  if (!end.error.empty())
    throw Error(ErrorCode::Unavailable, fmt::format("the sandbox for pdftotext failed: {}", end.error));
  if (end.limit == "wall")
    throw Error(ErrorCode::Timeout, fmt::format("pdftotext did not end within {:g} s", wall.count()));
  if (end.limit == "output")
    throw Error(ErrorCode::Format, fmt::format("the PDF's text is larger than {}", human_bytes(kMostText)),
                "split the file first");
  if (end.exit_status == kNoProgram)
    throw Error(ErrorCode::Unavailable, "the program pdftotext is not installed on this machine",
                "apt-get install poppler-utils");
  if (end.exit_status != 0) refuse(end);
  return std::move(end.output);
}

}  // namespace ipw::tools
