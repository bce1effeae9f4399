// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/tools/arguments.h"
#include "ipw/tools/builtin.h"
#include "ipw/tools/in_place.h"
#include "ipw/tools/office.h"
#include "ipw/tools/pdf.h"
#include "ipw/tools/shorten.h"

namespace ipw::tools {
namespace {

constexpr std::array kArguments = {
    Argument{"path", ArgumentType::Text, "The file; a relative path starts at the task's folder.", true},
    Argument{"start_line", ArgumentType::Integer, "First line to read, from 1. Default 1."},
    Argument{"end_line", ArgumentType::Integer, "Last line to read. Default: the file's last."},
    Argument{"max_chars", ArgumentType::Integer, "Most characters to read."},
};
constexpr std::array kOptions = {
    Argument{"max_chars", ArgumentType::Integer, "Most characters of a call."},
};
constexpr std::size_t kMostBytes = std::size_t{8} << 20;
constexpr std::size_t kMostDocument = std::size_t{32} << 20;
constexpr Seconds kMostPdfTime{30};
constexpr std::int64_t kMostOption = 1'000'000;  ///< four bytes each stay below kMostBytes
constexpr int kNoFile = 21, kNoText = 22, kPdf = 23, kZip = 24, kOldOffice = 25;
/// The size is bounded where the file is, so that reading a piece of a large file is no flood.
constexpr const char* kScript =
    "LC_ALL=C; export LC_ALL; "
    "if [ -d \"$1\" ]; then echo 'it is a folder' >&2; exit 21; fi; "
    "if [ ! -f \"$1\" ]; then echo 'there is no such file' >&2; exit 21; fi; "
    "case \"$(head -c 5 \"$1\" | tr -d '\\000')\" in "
    "%PDF-) exit 23;; \"$(printf 'PK\\003\\004')\"*) exit 24;; \"$(printf '\\320\\317\\021\\340')\"*) exit "
    "25;; esac; "
    "all=$(head -c 4096 \"$1\" | wc -c) || exit 1; text=$(head -c 4096 \"$1\" | tr -d '\\000' | wc -c); "
    "if [ \"$all\" -ne \"$text\" ]; then exit 22; fi; "
    "if [ -n \"$3\" ]; then tail -n \"+$2\" \"$1\" | head -n \"$3\" | head -c \"$4\"; "
    "else tail -n \"+$2\" \"$1\" | head -c \"$4\"; fi";

struct Piece {
  std::int64_t first = 1;
  std::optional<std::int64_t> last;
  std::size_t most = 0;
};

class FileRead final : public CheckedTool {
 public:
  explicit FileRead(std::size_t most)
      : CheckedTool("file_read",
                    "Read a file of the task, whole or from one line to another: text, PDF, Word (docx), "
                    "sheets (xlsx) or slides (pptx). Other files such as images are refused: turn them into "
                    "text with a program first.",
                    kArguments),
        most_(most) {}

 private:
  ToolResult work(const Json& arguments, const ToolContext& context) const override {
    const auto path = arguments.at("path").get<std::string>();
    if (path.empty() || path.find('\0') != std::string::npos)
      return failed("file_read: 'path' must name a file");
    Piece piece{arguments.value("start_line", std::int64_t{1}), {}, most_};
    if (arguments.contains("end_line")) piece.last = arguments.at("end_line").get<std::int64_t>();
    if (piece.first < 1 || (piece.last && *piece.last < piece.first))
      return failed("file_read: lines count from 1, and 'end_line' is not before 'start_line'");
    if (const auto most = arguments.value("max_chars", std::int64_t(most_)); most < 1)
      return failed("file_read: 'max_chars' must be at least 1");
    else
      piece.most = std::min(most_, static_cast<std::size_t>(most));
    return read(path, piece, context);
  }

  static ToolResult read(const std::string& path, const Piece& piece, const ToolContext& context) {
    const auto place = path.starts_with('/') ? path : "./" + path;
    sandbox::Command command;
    command.argv = {"sh",
                    "-c",
                    kScript,
                    "sh",
                    place,
                    std::to_string(piece.first),
                    piece.last ? std::to_string(*piece.last - piece.first + 1) : "",
                    std::to_string(std::min(kMostBytes, 4 * piece.most + 4))};
    command.most_output = kMostBytes + 1;
    const auto end = run_in_place(command, {}, context);
    if (end.exit_status == 0) return shown(end.output, piece);
    if (end.exit_status == kPdf || end.exit_status == kZip)
      return read_document(path, place, *end.exit_status, piece, context);
    return problem(path, end, context);
  }

  static ToolResult problem(const std::string& path, const sandbox::CommandEnd& end,
                            const ToolContext& context) {
    if (!end.error.empty()) return failed("file_read: the place of the task failed: " + end.error);
    if (end.exit_status == kNoText)
      return failed(fmt::format("file_read: {} is no text file; turn it into text with a program", path));
    if (end.exit_status == kOldOffice)
      return failed(
          fmt::format("file_read: {} is an old or an encrypted office document; turn it into text with "
                      "a program",
                      path));
    if (end.exit_status == kNoFile) return failed(fmt::format("file_read: {}: {}", path, trim(end.errors)));
    return failed(fmt::format("file_read: {}: {} {}", path, limit_text(end, context.wall),
                              shorten_middle(trim(end.errors), 500)));
  }

  /// The bytes leave the place, for what makes text of them is here.
  static ToolResult read_document(const std::string& path, const std::string& place, int kind,
                                  const Piece& piece, const ToolContext& context) {
    sandbox::Command command;
    command.argv = {"head", "-c", std::to_string(kMostDocument + 1), place};
    command.most_output = kMostDocument + 2;
    auto end = run_in_place(command, {}, context);
    if (end.exit_status != 0) return problem(path, end, context);
    if (end.output.size() > kMostDocument)
      return failed(fmt::format("file_read: {} is larger than {}", path, human_bytes(kMostDocument)));
    try {
      const auto text = kind == kZip ? office_text(end.output)
                                     : pdf_text(*sandbox::first_sandbox_that_works(), std::move(end.output),
                                                allowed(kMostPdfTime, context));
      if (trim(text).empty())
        return failed(fmt::format("file_read: {} holds no text; its pages may be images", path));
      return shown(lines_of(text, piece), piece);
    } catch (Error& error) {
      return failed(fmt::format("file_read: {}: {}{}", path, error.what(),
                                error.hint().empty() ? "" : fmt::format(" ({})", error.hint())));
    }
  }

  static std::string lines_of(std::string_view text, const Piece& piece) {
    std::int64_t line = 1;
    std::size_t begin = 0;
    for (; line < piece.first && begin < text.size(); ++line)
      begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
    std::size_t end = begin;
    for (; end < text.size() && (!piece.last || line <= *piece.last); ++line)
      end = std::min(text.find('\n', end), text.size() - 1) + 1;
    return std::string(text.substr(begin, end - begin));
  }

  static ToolResult shown(const std::string& bytes, const Piece& piece) {
    const auto text = to_valid_utf8(bytes);
    std::size_t characters = 0, at = 0;
    for (; at < text.size(); ++at)
      if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U && characters++ == piece.most) break;
    ToolResult out;
    out.text = text.substr(0, at);
    if (at < text.size()) {
      const auto lines = std::count(out.text.begin(), out.text.end(), '\n');
      out.text += fmt::format("\n[cut after {} characters, in line {}; go on with start_line]", piece.most,
                              piece.first + lines);
    }
    if (text.empty()) out.text = "[nothing is there]";
    return out;
  }

  std::size_t most_;
};

}  // namespace

std::unique_ptr<Tool> make_file_read(const ToolOptions& options) {
  const Json given = read_options("file_read", options.options_json, kOptions);
  const auto most = given.value("max_chars", std::int64_t{20000});
  if (most < 1 || most > kMostOption)
    throw Error(ErrorCode::Usage,
                fmt::format("options of the tool file_read: 'max_chars' is 1 to {}", kMostOption));
  return std::make_unique<FileRead>(static_cast<std::size_t>(most));
}

}  // namespace ipw::tools
