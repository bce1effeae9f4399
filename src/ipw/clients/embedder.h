// SPDX-License-Identifier: Apache-2.0
// Texts as vectors by a GGUF model in this process.
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ipw::clients {

struct EmbedderOptions {
  std::filesystem::path model;
  std::optional<int>
      context;      ///< most tokens of a text; absent: what the model was trained for, at most 2048
  int threads = 0;  ///< 0: by the size of the model
  int gpu_layers = 0;
};

struct EmbedderFacts {
  std::size_t dimensions = 0;
  std::size_t context = 0;  ///< tokens of a text beyond which it is cut
  std::string pooling;      ///< "mean", "cls" or "last"
  std::vector<std::string> warnings;
};

/// Vectors in the order of their texts.
struct Embedded {
  std::vector<std::vector<float>> vectors;
  std::size_t cut = 0;  ///< texts of which only the beginning went in
};

/// A loaded model. Thread-safe: one call at a time works, others wait.
class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual const EmbedderFacts& facts() const = 0;
  /// Vectors as the model pools them, of any length. A text has the same one, bit by bit, whatever else is
  /// embedded before, with or after it. Throws Error(Format) for a text without tokens, Error(Unavailable)
  /// when the library fails.
  virtual Embedded embed(const std::vector<std::string>& texts) = 0;
};

/// Load a model. Throws Error: NotFound without the file; Format where it is no GGUF, is cut off, or is a
/// model that makes no embeddings; Usage for options out of range.
std::unique_ptr<Embedder> open_embedder(EmbedderOptions options);

}  // namespace ipw::clients
