// SPDX-License-Identifier: Apache-2.0
// What we make in an engine has labels, and goes with its owner: at once, or by the next run after a kill.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/log.h"
#include "ipw/sandbox/engine_container.h"
#include "ipw/sandbox/marked.h"

namespace ipw::sandbox {
namespace {

class Named final : public EngineObject {
 public:
  Named(const std::shared_ptr<const EngineApi>& api, std::string name, std::string_view kind)
      : name_(std::move(name)),
        removal_(api, fmt::format("/{}/{}", kind, name_), fmt::format("{} of {}", name_, kind)) {}
  const std::string& name() const override { return name_; }

 private:
  const std::string name_;
  const Removal removal_;
};

/// Where an engine lists a kind, and what a row of the list is called by.
struct Listing {
  const char* path;
  const char* name;
  const char* removal;  ///< options of removing it
};

Listing listing_of(std::string_view kind) {
  if (kind == "containers") return {"/containers/json?all=true&filters=", "Id", "?force=true&v=true"};
  if (kind == "networks") return {"/networks?filters=", "Id", ""};
  return {"/volumes?filters=", "Name", ""};
}

}  // namespace

Removal::~Removal() {
  try {
    const auto gone = api_->ask({.method = "DELETE", .path = path_});
    if (!gone.ok() && gone.result.status != 404)
      log::warning("{} is left behind: {}", what_, engine_message(gone.body));
  } catch (const std::exception& error) {
    log::warning("{} is left behind: {}", what_, error.what());
  }
}

Json engine_labels() {
  return {{"ipw", "1"}, {"ipw.owner", owner_label()}};
}

std::unique_ptr<EngineObject> make_engine_network(const std::shared_ptr<const EngineApi>& api) {
  const auto name = "ipw-" + new_mark();
  const Json body = {{"Name", name},
                     {"Driver", "bridge"},
                     {"Internal", true},
                     {"CheckDuplicate", true},
                     {"Labels", engine_labels()}};
  api->must({.method = "POST", .path = "/networks/create", .body = dump_json(body)},
            "cannot make a network for the task's services");
  return std::make_unique<Named>(api, name, "networks");
}

std::unique_ptr<EngineObject> make_engine_volume(const std::shared_ptr<const EngineApi>& api) {
  const auto name = "ipw-" + new_mark();
  const Json body = {{"Name", name}, {"Driver", "local"}, {"Labels", engine_labels()}};
  api->must({.method = "POST", .path = "/volumes/create", .body = dump_json(body)},
            "cannot make a volume for the task's services");
  return std::make_unique<Named>(api, name, "volumes");
}

std::size_t remove_left(const EngineApi& api, std::string_view kind) {
  const auto listing = listing_of(kind);
  auto list = parse_json(api.must({.path = listing.path + http::percent_encode(R"({"label":["ipw=1"]})")},
                                  fmt::format("cannot list the {}", kind)));
  if (list && list->is_object() && list->contains("Volumes")) list = Json(list->at("Volumes"));
  std::size_t removed = 0;
  if (!list || !list->is_array()) return removed;
  for (const auto& row : *list) {
    const auto labels = row.is_object() ? row.find("Labels") : row.end();
    if (labels == row.end() || !owner_is_gone(text_at(*labels, "ipw.owner"))) continue;
    const auto gone =
        api.ask({.method = "DELETE",
                 .path = fmt::format("/{}/{}{}", kind, text_at(row, listing.name), listing.removal)});
    removed += gone.ok() ? 1 : 0;
  }
  return removed;
}

}  // namespace ipw::sandbox
