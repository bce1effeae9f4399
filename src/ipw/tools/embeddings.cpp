// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/embeddings.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/hash.h"
#include "ipw/base/json.h"
#include "ipw/base/log.h"
#include "ipw/base/text.h"
#include "ipw/clients/channel.h"

namespace ipw::tools {
namespace {

constexpr std::size_t kMostReply = std::size_t{256} << 20;

[[noreturn]] void refuse(const EmbeddingServer& server, const std::string& what) {
  throw Error(ErrorCode::Unavailable, fmt::format("embeddings of {}: {}", server.base_url, what),
              "start one (`llama-server -m MODEL.gguf --embedding`) and check embedding_url and "
              "embedding_model; for texts that are too long take a smaller chunk_bytes");
}

void throw_if_stopped(const Patience& patience) {
  if (patience.stop.stop_requested()) throw Error(ErrorCode::Cancelled, "stopped while texts were embedded");
}

Vector vector_of(const EmbeddingServer& server, const Json& row) {
  const auto numbers = row.find("embedding");
  if (numbers == row.end() || !numbers->is_array() || numbers->empty()) refuse(server, "a row has no vector");
  Vector out;
  out.reserve(numbers->size());
  for (const auto& number : *numbers) {
    if (!number.is_number()) refuse(server, "a vector holds something else than numbers");
    out.push_back(number.get<float>());
    if (!std::isfinite(out.back())) refuse(server, "a vector holds a number that is not finite");
  }
  return out;
}

/// Rows may come in any order; each says whose it is.
std::vector<Vector> vectors_of(const EmbeddingServer& server, const Json& reply, std::size_t texts) {
  const auto data = reply.is_object() ? reply.find("data") : reply.end();
  if (!reply.is_object() || data == reply.end() || !data->is_array() || data->size() != texts)
    refuse(server, fmt::format("the reply has not one row for each of {} texts", texts));
  std::vector<Vector> out(texts);
  std::size_t position = 0;
  for (const auto& row : *data) {
    const auto index = row.is_object() ? row.value("index", position) : texts;
    if (index >= texts || !out[index].empty()) refuse(server, "the rows of the reply are not numbered");
    out[index] = vector_of(server, row);
    ++position;
  }
  return out;
}

std::vector<Vector> ask(const EmbeddingServer& server, const Json& texts, const Patience& patience) {
  const auto body = dump_json({{"model", server.model}, {"input", texts}, {"encoding_format", "float"}});
  auto request = clients::json_post(http::join_url(server.base_url, "embeddings"), body, server.key,
                                    std::min(server.timeout, patience.most));
  request.stop = patience.stop;
  const auto session = http::make_session();
  const auto response = http::fetch(*session, std::move(request), kMostReply);
  throw_if_stopped(patience);
  if (response.result.failure) refuse(server, response.result.failure->message);
  if (!response.ok())
    refuse(server, fmt::format("HTTP {}: {}", response.result.status, clients::error_text(response.body)));
  const auto json = parse_json(response.body);
  if (!json) refuse(server, "the reply is no JSON");
  return vectors_of(server, *json, texts.size());
}

/// The model takes them one by one anyway; between two of them it can be stopped.
Embedded embed_in_turn(clients::Embedder& embedder, const std::vector<std::string>& texts,
                       const Patience& patience) {
  Embedded out;
  for (const auto& text : texts) {
    throw_if_stopped(patience);
    auto one = embedder.embed({text});
    out.vectors.push_back(std::move(one.vectors.front()));
    out.cut += one.cut;
  }
  return out;
}

}  // namespace

Embed embed_by_server(EmbeddingServer server) {
  server.base_url = clients::normalise_url(server.base_url, "http://localhost:8080/v1");
  if (!server.base_url.ends_with("/v1")) server.base_url += "/v1";
  return [server = std::move(server)](const std::vector<std::string>& texts, const Patience& patience) {
    Embedded out;
    for (std::size_t begin = 0; begin < texts.size(); begin += server.batch) {
      Json some = Json::array();
      for (std::size_t i = begin; i < std::min(texts.size(), begin + server.batch); ++i)
        some.push_back(to_valid_utf8(texts[i]));
      for (auto& vector : ask(server, some, patience)) out.vectors.push_back(std::move(vector));
    }
    return out;
  };
}

LocalEmbeddings embed_by_gguf(const clients::EmbedderOptions& options) {
  static std::mutex mutex;
  static std::map<std::string, std::pair<std::weak_ptr<clients::Embedder>, std::string>> open;  // guarded
  const std::lock_guard lock(mutex);
  auto& [place, identity] =
      open[fmt::format("{}\n{} {} {}", options.model.string(), options.context.value_or(0), options.threads,
                       options.gpu_layers)];
  auto embedder = place.lock();
  if (!embedder) {
    embedder = clients::open_embedder(options);
    place = embedder;
    const auto& facts = embedder->facts();
    for (const auto& warning : facts.warnings) log::warning("{}", warning);
    identity = fmt::format("gguf {} {} {}", sha256_file(options.model), facts.pooling, facts.context);
  }
  return {[embedder](const std::vector<std::string>& texts, const Patience& patience) {
            return embed_in_turn(*embedder, texts, patience);
          },
          identity};
}

}  // namespace ipw::tools
