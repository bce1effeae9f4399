// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/llama_library.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::clients {
namespace {

/// llama.cpp logs through one function of the process; the last complaint explains a failed load.
class LibraryLog {
 public:
  static LibraryLog& instance() {
    static LibraryLog log;
    return log;
  }
  void send_to(LogSink sink) {
    sink_ = sink;
    llama_log_set([](ggml_log_level level, const char* text, void*) { instance().line(level, text); },
                  nullptr);
  }
  std::string complaint() {
    const std::lock_guard lock(mutex_);
    return complaint_;
  }

 private:
  void line(ggml_log_level level, const char* raw) {
    const auto text = trim(raw);
    if (text.empty()) return;
    if (level == GGML_LOG_LEVEL_ERROR || level == GGML_LOG_LEVEL_WARN) {
      const std::lock_guard lock(mutex_);
      complaint_ = text;
    }
    if (const LogSink sink = sink_) sink(text);
  }
  std::atomic<LogSink> sink_ = nullptr;
  std::mutex mutex_;
  std::string complaint_;
};

}  // namespace

void start_library(LogSink sink) {
  LibraryLog::instance().send_to(sink);
  static const bool kStarted = (llama_backend_init(), true);
  (void)kStarted;
}

std::string last_complaint() {
  return LibraryLog::instance().complaint();
}

Owned<llama_model> load_model(const std::filesystem::path& path, int gpu_layers) {
  auto params = llama_model_default_params();
  params.n_gpu_layers = gpu_layers;
  Owned<llama_model> model(llama_model_load_from_file(path.c_str(), params));
  if (model) return model;
  throw Error(ErrorCode::Format,
              fmt::format("{}: llama.cpp cannot load this model: {}", path.string(), last_complaint()),
              "the file may be cut off or made for another version: compare its size and checksum, or fetch "
              "it again");
}

std::vector<int> tokenize(const llama_vocab& vocab, std::string_view text, bool parse_special) {
  const auto run = [&](std::vector<int>& into) {
    return llama_tokenize(&vocab, text.data(), static_cast<int>(text.size()), into.data(),
                          static_cast<int>(into.size()), true, parse_special);
  };
  std::vector<int> tokens(text.size() + 8);
  int n = run(tokens);
  if (n < 0 && n != std::numeric_limits<int>::min()) {
    tokens.resize(static_cast<std::size_t>(-n));
    n = run(tokens);
  }
  tokens.resize(static_cast<std::size_t>(std::max(n, 0)));
  return tokens;
}

}  // namespace ipw::clients
