// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/docker_ignore.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/text.h"

namespace ipw::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIgnoreFile = ".dockerignore";

/// "/a/./b/" is "a/b".
std::string cleaned(std::string_view pattern) {
  auto out = fs::path(pattern).lexically_normal().generic_string();
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  while (out.size() > 1 && out.starts_with('/')) out.erase(0, 1);
  return out;
}

/// A pattern as a regular expression, in one pass.
class Translation {
 public:
  explicit Translation(std::string_view pattern) : rest_(pattern) {}

  std::string expression() {
    while (!rest_.empty()) out_ += next();
    return out_;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string next() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (in_class_) {
      in_class_ = c != ']';
      return c == '\\' && !rest_.empty() ? escaped() : std::string(1, c);
    }
    if (c == '*') return star();
    if (c == '?') return "[^/]";
    if (c == '\\' && !rest_.empty()) return escaped();
    in_class_ = c == '[';
    return in_class_ ? "[" : RE2::QuoteMeta(std::string_view(&c, 1));
  }

  std::string escaped() {
    const auto c = rest_.substr(0, 1);
    rest_.remove_prefix(1);
    return RE2::QuoteMeta(c);
  }

  /// "**" stands for any number of folders, none included; at the end for everything.
  std::string star() {
    if (!take('*')) return "[^/]*";
    take('/');
    return rest_.empty() ? ".*" : "(?:.*/)?";
  }

  std::string_view rest_;
  std::string out_;
  bool in_class_ = false;
};

/// The patterns for a Dockerfile; `name` is the file they are from, empty where there is none.
DockerIgnore patterns_of(const fs::path& folder, const std::string& dockerfile, std::string& name) {
  for (const auto& candidate : {dockerfile + std::string(kIgnoreFile), std::string(kIgnoreFile)}) {
    if (!fs::is_regular_file(folder / candidate)) continue;
    name = candidate;
    return {read_file(folder / candidate), (folder / candidate).string()};
  }
  return {"", ""};
}

}  // namespace

DockerIgnore::DockerIgnore(std::string_view text, const std::string& name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  int number = 0;
  for (const auto line : split(text, '\n')) add(line, fmt::format("{}:{}", name, ++number));
}

void DockerIgnore::add(std::string_view line, const std::string& where) {
  if (line.starts_with('#')) return;
  auto pattern = trim(line);
  if (pattern.empty()) return;
  const bool exception = pattern.starts_with('!');
  if (exception) pattern = trim(pattern.substr(1));
  RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  auto expression = std::make_shared<const RE2>(Translation(cleaned(pattern)).expression(), options);
  if (pattern.empty() || !expression->ok())
    throw Error(ErrorCode::Format, fmt::format("{}: '{}' is no pattern", where, trim(line)),
                "patterns have *, ?, ** and [classes]; an exception begins with !");
  patterns_.push_back({std::move(expression), exception});
}

bool DockerIgnore::ignores(std::string_view path) const {
  bool ignored = false;
  for (const auto& [expression, exception] : patterns_) {
    if (ignored != exception) continue;  // it could change nothing
    bool matches = RE2::FullMatch(path, *expression);
    for (auto slash = path.find('/'); !matches && slash != path.npos; slash = path.find('/', slash + 1))
      matches = RE2::FullMatch(path.substr(0, slash), *expression);
    if (matches) ignored = !exception;
  }
  return ignored;
}

bool DockerIgnore::has_exceptions() const {
  return std::ranges::any_of(patterns_, &Pattern::exception);
}

std::vector<std::string> build_context(const fs::path& folder, const std::string& dockerfile) {
  std::string ignore_file;
  const auto ignore = patterns_of(folder, dockerfile, ignore_file);
  const auto wanted = fs::path(dockerfile).lexically_normal().generic_string();
  std::vector<std::string> out;
  for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator(); ++it) {
    auto path = it->path().lexically_relative(folder).generic_string();
    // The engine would follow the general file where the Dockerfile has one of its own.
    const bool other_ignore_file = path == kIgnoreFile && ignore_file != kIgnoreFile;
    if (path == wanted || path == ignore_file || (!other_ignore_file && !ignore.ignores(path))) {
      out.push_back(std::move(path));
    } else if (it->is_directory() && !it->is_symlink() && !ignore.has_exceptions() &&
               !wanted.starts_with(path + "/")) {
      it.disable_recursion_pending();
    }
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace ipw::harness
