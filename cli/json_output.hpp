#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace moescope::cli {

/// Keys keep the order in which they were put in; "schema" comes first.
using JsonOutput = nlohmann::ordered_json;

/// The value, or null.
template <class T>
JsonOutput or_null(const std::optional<T>& value) {
  return value ? JsonOutput(*value) : JsonOutput(nullptr);
}

/// {"schema": "moescope.<command>.v<version>"}: every --json output begins with it.
JsonOutput json_result(std::string_view command, int version = 1);

/// The document with two spaces of indentation and a line end. Strings that are no UTF-8 get U+FFFD,
/// numbers that are not finite become null.
std::string json_text(const JsonOutput& document);

/// Prints that text.
void print_json(const JsonOutput& document);

}  // namespace moescope::cli
