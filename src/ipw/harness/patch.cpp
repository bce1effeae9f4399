// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/patch.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "ipw/base/text.h"

namespace ipw::harness {
namespace {

constexpr std::array<std::string_view, 16> kHeaders = {
    "diff --git ",   "index ",           "old mode ",    "new mode ",  "deleted file mode ", "new file mode ",
    "similarity ",   "dissimilarity ",   "rename from ", "rename to ", "copy from ",         "copy to ",
    "Binary files ", "GIT binary patch", "--- ",         "+++ "};

bool is_header(std::string_view line) {
  return std::ranges::any_of(kHeaders, [&](auto h) { return line.starts_with(h); });
}

/// Which lines belong to a hunk: as many as its heading says.
class HunkCounter {
 public:
  bool heading(std::string_view line) {
    static const RE2 kHeading(R"(@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@)", RE2::Latin1);
    std::string before, after;
    if (!line.starts_with("@@ ") ||
        !RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), kHeading, &before, &after))
      return false;
    old_ = before.empty() ? 1 : parse_int(before).value_or(0);
    new_ = after.empty() ? 1 : parse_int(after).value_or(0);
    return true;
  }
  bool takes(std::string_view line) {
    if (old_ <= 0 && new_ <= 0) return false;
    const char kind = line.empty() ? ' ' : line.front();
    if (kind == '\\') return true;
    if (kind != ' ' && kind != '+' && kind != '-') {  // the model's count was wrong
      old_ = new_ = 0;
      return false;
    }
    old_ -= kind != '+' ? 1 : 0;
    new_ -= kind != '-' ? 1 : 0;
    return true;
  }

 private:
  std::int64_t old_ = 0, new_ = 0;
};

/// Copies the lines of a diff and drops all others.
class DiffLines {
 public:
  void add(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (hunk_.takes(line)) return keep(line.empty() ? std::string_view(" ") : line);
    if (take_binary_line(line)) return;
    if (line.starts_with("\\ ") && in_file_) return keep(line);
    if (in_file_ && hunk_.heading(line)) {
      has_change_ = true;
      return keep(line);
    }
    if (!is_header(line) || (!in_file_ && !line.starts_with("diff --git ") && !line.starts_with("--- "))) {
      in_file_ = false;
      return;
    }
    in_file_ = true;
    binary_ = line == "GIT binary patch";
    keep(line);
  }
  std::string text() && { return has_change_ ? std::move(out_) : std::string(); }

 private:
  void keep(std::string_view line) { out_.append(line) += '\n'; }

  bool take_binary_line(std::string_view line) {
    if (!binary_) return false;
    if (line.starts_with("diff --git ")) return binary_ = false;
    const bool text = !line.empty() && line.find(' ') != std::string_view::npos &&
                      !line.starts_with("literal ") && !line.starts_with("delta ");
    if (text) return binary_ = in_file_ = false;
    has_change_ = true;
    keep(line);
    return true;
  }

  std::string out_;
  HunkCounter hunk_;
  bool in_file_ = false, binary_ = false, has_change_ = false;
};

std::string diff_of(const std::vector<std::string_view>& lines) {
  DiffLines diff;
  for (const auto line : lines) diff.add(line);
  return std::move(diff).text();
}

/// The lines inside fences that say diff or patch.
std::vector<std::string_view> fenced(const std::vector<std::string_view>& lines) {
  std::vector<std::string_view> out;
  bool inside = false, ours = false;
  for (const auto line : lines) {
    const auto text = inside && ours ? line : trim(line);  // a line of context may hold a fence
    if (text.starts_with("```")) {
      const auto language = to_lower_ascii(trim(text.substr(3)));
      ours = !inside && (language == "diff" || language == "patch");
      inside = !inside;
    } else if (inside && ours) {
      out.push_back(line);
    }
  }
  return out;
}

/// The path behind "--- a/", or nothing for /dev/null. A tab begins the time stamp of plain diff.
std::string path_of(std::string_view line, std::string_view prefix) {
  auto path =
      trim(line.substr(4, line.find('\t') == std::string_view::npos ? line.npos : line.find('\t') - 4));
  if (path == "/dev/null") return {};
  if (path.starts_with(prefix)) path.remove_prefix(prefix.size());
  return std::string(path);
}

}  // namespace

std::string patch_in(std::string_view answer) {
  const auto lines = split(answer, '\n');
  const auto inside = fenced(lines);
  if (auto patch = diff_of(inside); !patch.empty()) return patch;
  return diff_of(lines);
}

PatchedFiles files_of(std::string_view patch) {
  static const RE2 kGit(R"(diff --git a/.* b/(.*))", RE2::Latin1);
  PatchedFiles out;
  std::string_view before;
  HunkCounter hunk;
  for (const auto line : split(patch, '\n')) {
    std::string name;
    if (hunk.takes(line) || hunk.heading(line)) continue;
    if (RE2::FullMatch(re2::StringPiece(line.data(), line.size()), kGit, &name)) out.after.push_back(name);
    if (line.starts_with("--- ")) before = line;
    if (!line.starts_with("+++ ") || before.empty()) continue;
    const auto from = path_of(before, "a/"), to = path_of(line, "b/");
    if (!from.empty())
      out.changed.push_back(from);
    else if (!to.empty())
      out.added.push_back(to);
    before = {};
  }
  return out;
}

std::string introspection_in(std::string_view patch) {
  static const RE2 kUse(
      R"((\.(?:f_back|tb_frame|gi_frame|cr_frame|ag_frame)\b)"
      R"(|\binspect\.(?:currentframe|stack|getsource|getsourcefile|getouterframes|getinnerframes|trace|getframeinfo)\s*\()"
      R"(|\btraceback\.(?:extract_stack|format_stack|print_stack|walk_stack)\s*\()"
      R"(|\bsys\.(?:_getframe|settrace|setprofile)\s*\(|\bgc\.(?:get_referrers|get_objects)\s*\()"
      R"(|^\+\s*(?:import|from)\s+(?:inspect|traceback|ctypes|cffi)\b)"
      R"(|(?:__import__|import_module)\(\s*['"]inspect['"]))",
      RE2::Latin1);
  bool python = false;
  for (const auto line : split(patch, '\n')) {
    if (line.starts_with("+++ ")) python = trim(line).ends_with(".py");
    if (!python || !line.starts_with("+") || line.starts_with("+++")) continue;
    if (line.find("stackguard: allow") != std::string_view::npos) continue;
    std::string use;
    if (RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), kUse, &use))
      return std::string(trim(line.substr(1)));
  }
  return {};
}

}  // namespace ipw::harness
