// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/deliverables.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/sandbox/sandbox.h"
#include "ipw/tools/office.h"
#include "ipw/tools/pdf.h"

namespace ipw::execution {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 200;
constexpr std::size_t kMostText = std::size_t{1} << 20;
constexpr std::size_t kMostBytes = std::size_t{32} << 20;  ///< of a document
constexpr Seconds kMostPdfTime{30};

/// Read what is a file and stays one while it is read. None where it cannot be opened.
std::optional<std::string> read_regular(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  struct stat facts {};
  std::optional<std::string> out;
  if (::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode)) {
    out.emplace(std::min<std::size_t>(static_cast<std::size_t>(facts.st_size), kMostBytes + 1), '\0');
    const auto got = ::pread(fd, out->data(), out->size(), 0);
    out->resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  }
  ::close(fd);
  return out;
}

/// What a document holds; the bytes themselves where they are none.
std::string text_of(std::string bytes) {
  if (bytes.starts_with("PK\x03\x04")) return tools::office_text(bytes);
  if (bytes.starts_with("%PDF-"))
    return tools::pdf_text(*sandbox::first_sandbox_that_works(), std::move(bytes), kMostPdfTime);
  return bytes;
}

evaluation::Deliverable read_deliverable(const fs::path& path, std::string name) {
  evaluation::Deliverable out{to_valid_utf8(name), {}, {}};
  auto bytes = read_regular(path);
  if (!bytes || bytes->size() > kMostBytes) {
    out.unread = bytes ? "larger than " + human_bytes(kMostBytes) : "it cannot be opened";
    return out;
  }
  try {
    const auto text = text_of(std::move(*bytes));
    if (text.find('\0') != std::string::npos)
      out.unread = "no text";
    else if (text.size() > kMostText)
      out.unread = "more text than " + human_bytes(kMostText);
    else
      out.text = to_valid_utf8(text);
  } catch (const Error& error) {
    out.unread = error.what();
  }
  return out;
}

bool is_hidden(const fs::path& path) {
  return path.filename().native().starts_with('.');
}

/// Names below the workspace of the files that count.
std::vector<std::string> names_in(const fs::path& workspace) {
  std::vector<std::string> out;
  std::error_code error;
  fs::recursive_directory_iterator at(workspace, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && at != end; at.increment(error)) {
    const bool brought = at.depth() == 0 && at->path().filename() == "inputs";
    if (brought || is_hidden(at->path())) {
      at.disable_recursion_pending();
      continue;
    }
    if (fs::is_regular_file(at->symlink_status(error)))
      out.push_back(at->path().lexically_relative(workspace).generic_string());
  }
  std::ranges::sort(out);
  if (out.size() > kMostFiles) out.resize(kMostFiles);
  return out;
}

}  // namespace

std::vector<evaluation::Deliverable> read_deliverables(const fs::path& workspace) {
  std::vector<evaluation::Deliverable> out;
  if (workspace.empty()) return out;
  for (auto& name : names_in(workspace)) out.push_back(read_deliverable(workspace / name, name));
  return out;
}

}  // namespace ipw::execution
