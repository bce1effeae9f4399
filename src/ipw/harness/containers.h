// SPDX-License-Identifier: Apache-2.0
// What the harnesses share: images that are there, scripts in containers, and how to say that one could not
// find out.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "ipw/evaluation/scorer.h"
#include "ipw/sandbox/container.h"

namespace ipw::harness {

/// Connects to the engine when it is first needed, and makes each image once. Thread-safe.
class Images {
 public:
  using Connect = std::function<std::shared_ptr<sandbox::ContainerEngine>()>;
  explicit Images(Connect connect) : connect_(std::move(connect)) {}

  /// Throws Error(Unavailable) where there is no engine, at each call anew.
  sandbox::ContainerEngine& engine();
  /// Pull an image that is not here. Throws Error that names the image.
  void need(const std::string& image, const std::stop_token& stop);
  /// Build a folder with its Dockerfile and .dockerignore; the name of the image holds a hash of all files of
  /// the build, so that the same folder is built once and a changed one anew. Throws Error.
  std::string built(const std::filesystem::path& context, const std::string& dockerfile,
                    const std::string& task, const std::stop_token& stop);

 private:
  Connect connect_;
  std::mutex mutex_, making_;
  std::shared_ptr<sandbox::ContainerEngine> engine_;
};

/// A name that engines accept: lower case, other characters than a-z, 0-9, "." and "-" become "-".
std::string image_name(std::string_view task);

struct ScriptEnd {
  int exit_status = 0;
  std::string output;  ///< both streams in their order, valid UTF-8
  bool late = false;   ///< ended by its time limit; no exit status then
};
constexpr std::size_t kMostLog = std::size_t{32} << 20;

/// What a script needs besides its text.
struct ScriptLimits {
  Seconds wall{60};
  std::stop_token stop;
  std::map<std::string, std::string> environment = {};
  std::string user = {};  ///< empty: the place's
  std::string shell = "/bin/sh";
};
/// Run a script, as `SHELL -c`. Throws Error where the place fails, is stopped, or the script prints more
/// than 32 MiB: nothing is known then.
ScriptEnd run_script(sandbox::Workplace& place, const std::string& script, const ScriptLimits& limits);
/// Write a file, whatever its bytes. Throws Error.
void write_text(sandbox::Workplace& place, const std::string& path, const std::string& text,
                const std::stop_token& stop);

/// `text` as one word of a shell.
std::string shell_word(std::string_view text);
/// The last bytes of a log, whole lines where there are some.
std::string tail(std::string_view log, std::size_t most = 2000);

/// "harness error: ..." without a verdict (defect S11).
evaluation::Verdict unscored(std::string_view why, std::string metadata = {});
/// What a verdict says that is not solved, with the reason.
evaluation::Verdict unsolved(std::string why, std::string metadata = {});
/// What `find_out` finds, or why it could not.
evaluation::Verdict guarded(const std::function<evaluation::Verdict()>& find_out);

}  // namespace ipw::harness
