#include "core/tokenizer/gguf_metadata_keys.hpp"

#include <fmt/core.h>

#include "core/base/sha256.hpp"

namespace moescope::tokenizer {
namespace {

using formats::GgufMetadata;

/// The getter's value, or nothing where the key is absent.
template <class Get>
auto if_there(const GgufMetadata& metadata, std::string_view key, const Get& get)
    -> std::optional<decltype(get())> {
  if (metadata.find(key) == nullptr) return std::nullopt;
  return get();
}

std::vector<std::string> texts(const GgufMetadata& metadata, std::string_view key) {
  const std::vector<std::string_view> views = metadata.strings(key);
  return {views.begin(), views.end()};
}

}  // namespace

GgufKeys gguf_keys(const GgufMetadata& metadata) {
  GgufKeys keys;
  keys.where = metadata.where();
  keys.string = [&metadata](std::string_view key) {
    return if_there(metadata, key, [&] { return std::string(metadata.string(key)); });
  };
  keys.uint = [&metadata](std::string_view key) { return metadata.find_uint(key); };
  keys.boolean = [&metadata](std::string_view key) { return metadata.find_boolean(key); };
  keys.strings = [&metadata](std::string_view key) {
    return if_there(metadata, key, [&] { return texts(metadata, key); });
  };
  keys.floats = [&metadata](std::string_view key) {
    return if_there(metadata, key, [&] { return metadata.floats(key); });
  };
  keys.integers = [&metadata](std::string_view key) {
    return if_there(metadata, key, [&] { return metadata.integers(key); });
  };
  return keys;
}

std::string gguf_tokenizer_hash(const GgufMetadata& metadata) {
  Sha256 sha;
  for (const formats::GgufEntry& entry : metadata.entries()) {
    if (!entry.key.starts_with("tokenizer.")) continue;
    sha.update(
        fmt::format("{}\n{} {}\n", entry.key, entry.value.description(), entry.value.bytes.size()));
    sha.update(entry.value.bytes);
  }
  return sha.hex();
}

}  // namespace moescope::tokenizer
