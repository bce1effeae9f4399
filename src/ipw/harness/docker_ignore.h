// SPDX-License-Identifier: Apache-2.0
// Which files of a folder go into the build of its image, by the rules of .dockerignore
// (docs.docker.com/build/concepts/context, moby's patternmatcher).
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace ipw::harness {

/// The patterns of a .dockerignore. The last one that matches a path, or a folder above it, decides.
class DockerIgnore {
 public:
  /// Throws Error(Format) with `name` and the line of a pattern that cannot be read.
  DockerIgnore(std::string_view text, const std::string& name);
  /// `path`: relative to the folder, with slashes.
  bool ignores(std::string_view path) const;
  /// Whether something below an ignored folder may still be taken.
  bool has_exceptions() const;

 private:
  struct Pattern {
    std::shared_ptr<const re2::RE2> expression;
    bool exception = false;
  };
  void add(std::string_view line, const std::string& where);

  std::vector<Pattern> patterns_;
};

/// The files and folders of a folder that are sent to an engine, sorted, relative to it. The Dockerfile is
/// always among them, and the .dockerignore too: the engine wants them and leaves them out of the image
/// itself where they are ignored. An ignore file of the Dockerfile's own (NAME.dockerignore) takes the place
/// of the general one. Throws Error.
std::vector<std::string> build_context(const std::filesystem::path& folder, const std::string& dockerfile);

}  // namespace ipw::harness
