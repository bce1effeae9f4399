// SPDX-License-Identifier: Apache-2.0
// Client parameters that become fields of a request: each name once, with its JSON type.
#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/base/params.h"
#include "ipw/clients/client.h"

namespace ipw::clients {

enum class FieldType { Number, Integer, Flag, Text, TextOrJson };

struct RequestField {
  std::string_view name;
  FieldType type;
};

/// Turn the parameters that are fields into a JSON object text. Throws Error(Usage) on a value of the wrong
/// type.
std::string read_fields(const Params& params, std::span<const RequestField> fields);

/// The names of fields and of the client's own parameters together, for Params::allow.
std::vector<std::string_view> allowed_names(std::span<const RequestField> fields,
                                            std::span<const std::string_view> own);

/// Read `timeout` in seconds. Throws Error(Usage) when it is not above 0.
std::optional<Seconds> read_timeout(const Params& params);

/// Read a JSON object text, "{}" when absent. Throws Error(Usage).
std::string read_object(const Params& params, std::string_view key);

/// The messages as JSON in the form of OpenAI, images as parts of the content, the system text in front when
/// there is one and the request has none of its own.
Json messages_json(const std::vector<Message>& messages, const std::string& system);

/// Say on the response that the images of the request were not sent.
void note_unseen_images(const Request& request, Response& response);

/// The nearest of these names, and all of them when they are few: for "no such model".
std::string describe_models(const std::string& wanted, const std::vector<std::string>& models);

}  // namespace ipw::clients
