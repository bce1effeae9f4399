// SPDX-License-Identifier: Apache-2.0
// Reading fields of records out of JSON: absent and null leave the target as it was, a wrong type is an
// error.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/records/query_record.h"

namespace ipw::records {

/// What an "energy" line of the journal carries: energies, phases and gauges.
Json energy_to_json(const QueryRecord& record);

/// Throws Error(Format) that names the key.
template <class T>
void read(const Json& object, const char* key, T& out) {
  if (!object.is_object())
    throw Error(ErrorCode::Format,
                std::string("a query record holds ") + object.type_name() + " where '" + key + "' should be");
  const Json& value = member(object, key);
  if (value.is_null()) return;
  try {
    out = value.get<T>();
  } catch (const Json::exception&) {
    throw Error(ErrorCode::Format,
                std::string("the field '") + key + "' of a query record cannot be " + value.type_name());
  }
}

template <class T>
void read(const Json& object, const char* key, std::optional<T>& out) {
  if (member(object, key).is_null()) return;
  read(object, key, out.emplace());
}

/// Write a value that is there; empty text and absent values are left out.
template <class T>
void put(Json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}
inline void put(Json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

}  // namespace ipw::records
