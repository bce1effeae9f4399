// SPDX-License-Identifier: Apache-2.0
// Send every question of a file to a server with the client `openai` and print how many greedy answers and
// token counts are right: complete URL MODEL QUESTIONS CONCURRENCY.
#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/clients/openai.h"

namespace {

using namespace ipw;
using namespace ipw::clients;

std::vector<nlohmann::json> read_rows(const char* path) {
  std::vector<nlohmann::json> rows;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) rows.push_back(nlohmann::json::parse(line));
  return rows;
}

/// True when the answer is the recorded one and every figure of the server arrived.
bool check(const Response& response, const std::string& expected) {
  const bool counts = response.usage.source == "server" &&
                      response.usage.completion_tokens == static_cast<std::int64_t>(expected.size()) + 1;
  const bool times =
      response.prefill && response.decode && !response.arrivals.empty() && response.done > response.sent;
  if (response.content == expected && !response.failure && counts && times) return true;
  fmt::print("expected '{}', got '{}', {} tokens, failure '{}'\n", expected, response.content,
             response.usage.completion_tokens.value_or(-1),
             response.failure ? response.failure->message : "none");
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string model = argv[2];
  const auto rows = read_rows(argv[3]);
  SystemClock clock;
  const auto client = make_openai({argv[1], "", {}, std::atoi(argv[4]), &clock});
  client->prepare(model);
  std::atomic<std::size_t> next = 0, right = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < std::atoi(argv[4]); ++t)
      threads.emplace_back([&] {
        for (std::size_t i = next++; i < rows.size(); i = next++) {
          Request request{model, {{"user", rows[i].at("problem")}}, {}, Seconds(60)};
          request.sampling.max_tokens = 64;
          right += check(client->complete(request, {}), rows[i].at("greedy").at(model));
        }
      });
  }
  fmt::print("{} of {} answers as recorded\n", right.load(), rows.size());
  return rows.size() - right <= 1 ? 0 : 1;
}
