// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::clients {
namespace {

constexpr double kLongestTimeout = 1e9;  // in seconds, 31 years

Json field_value(const Params& params, const RequestField& field) {
  switch (field.type) {
    case FieldType::Number:
      return *params.number(field.name);
    case FieldType::Integer:
      return *params.integer(field.name);
    case FieldType::Flag:
      return *params.flag(field.name);
    case FieldType::Text:
      return *params.get(field.name);
    case FieldType::TextOrJson:
      break;
  }
  const auto text = *params.get(field.name);
  const auto json = parse_json(text);
  return json && !json->is_number() ? *json : Json(text);
}

/// A text, or parts where there are images (platform.openai.com/docs/guides/images-vision).
Json content_json(const Message& message) {
  if (message.images.empty()) return message.content;
  Json parts = {{{"type", "text"}, {"text", message.content}}};
  for (const auto& url : message.images)
    parts.push_back({{"type", "image_url"}, {"image_url", {{"url", url}}}});
  return parts;
}

}  // namespace

std::string read_fields(const Params& params, std::span<const RequestField> fields) {
  Json object = Json::object();
  for (const auto& field : fields)
    if (params.get(field.name)) object[std::string(field.name)] = field_value(params, field);
  return dump_json(object);
}

std::vector<std::string_view> allowed_names(std::span<const RequestField> fields,
                                            std::span<const std::string_view> own) {
  std::vector<std::string_view> names(own.begin(), own.end());
  for (const auto& field : fields) names.push_back(field.name);
  return names;
}

std::optional<Seconds> read_timeout(const Params& params) {
  const auto value = params.number("timeout");
  if (!value) return {};
  if (*value > 0 && *value <= kLongestTimeout) return Seconds(*value);
  throw Error(ErrorCode::Usage,
              fmt::format("parameter timeout must be above 0 and at most {} seconds", kLongestTimeout));
}

std::string read_object(const Params& params, std::string_view key) {
  auto text = params.text(key, "{}");
  const auto json = parse_json(text);
  if (json && json->is_object()) return text;
  throw Error(ErrorCode::Usage, fmt::format("parameter {} is not a JSON object: {}", key, text),
              fmt::format("write it as {}='{{\"name\": value}}'", key));
}

Json messages_json(const std::vector<Message>& messages, const std::string& system) {
  Json list = Json::array();
  const bool has_system = !messages.empty() && messages.front().role == "system";
  if (!system.empty() && !has_system) list.push_back({{"role", "system"}, {"content", system}});
  for (const auto& message : messages)
    list.push_back({{"role", message.role}, {"content", content_json(message)}});
  return list;
}

void note_unseen_images(const Request& request, Response& response) {
  std::size_t images = 0;
  for (const auto& message : request.messages) images += message.images.size();
  if (images > 0)
    response.notes.push_back(
        fmt::format("{} image{} left out: this client does not see", images, images == 1 ? "" : "s"));
}

std::string describe_models(const std::string& wanted, const std::vector<std::string>& models) {
  if (models.size() <= 5) return fmt::format("it serves: {}", fmt::join(models, ", "));
  const std::vector<std::string_view> known(models.begin(), models.end());
  const auto near = near_names(wanted, known);
  if (near.empty()) return fmt::format("it serves {} models, none with a similar name", models.size());
  return fmt::format("did you mean {}?", fmt::join(near, " or "));
}

}  // namespace ipw::clients
