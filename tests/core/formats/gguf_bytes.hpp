#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/formats/gguf_metadata.hpp"

namespace moescope::formats {

/// The bytes of a number as this little-endian machine has them.
template <class T>
std::string le(T value) {
  std::string out(sizeof(T), '\0');
  std::memcpy(out.data(), &value, sizeof(T));
  return out;
}

inline std::string le32(std::size_t value) {
  return le(static_cast<std::uint32_t>(value));
}
inline std::string gguf_string(std::string_view text) {
  return le<std::uint64_t>(text.size()) + std::string(text);
}
inline std::string gguf_type(GgufType type) {
  return le32(static_cast<std::size_t>(type));
}

/// A value with its type before it.
template <class T>
std::string gguf_scalar(GgufType type, T value) {
  return gguf_type(type) + le(value);
}
inline std::string gguf_text(std::string_view text) {
  return gguf_type(GgufType::kString) + gguf_string(text);
}
inline std::string gguf_array(GgufType type, std::uint64_t n, std::string_view elements) {
  return gguf_type(GgufType::kArray) + gguf_type(type) + le(n) + std::string(elements);
}

/// One tensor of a file that is being put together, every field as wrong as a test wants it.
struct GgufTensorSpec {
  std::string name;
  std::vector<std::uint64_t> dims;  ///< the fastest first, as the format has them
  std::uint32_t type = 0;
  std::uint64_t offset = 0;
};

/// Puts a GGUF file together field by field.
struct GgufBytes {
  std::uint32_t version = 3;
  std::vector<std::pair<std::string, std::string>> keys;  ///< key, value with its type
  std::vector<GgufTensorSpec> tensors;
  std::size_t n_data = 0;  ///< bytes 0, 1, 2, … behind the head
  std::size_t alignment = 32;

  std::string head() const {
    std::string out =
        "GGUF" + le(version) + le<std::uint64_t>(tensors.size()) + le<std::uint64_t>(keys.size());
    for (const auto& [key, value] : keys) out += gguf_string(key) + value;
    for (const GgufTensorSpec& t : tensors) {
      out += gguf_string(t.name) + le32(t.dims.size());
      for (const std::uint64_t n : t.dims) out += le(n);
      out += le(t.type) + le(t.offset);
    }
    return out;
  }

  /// The head and its padding.
  std::string padded_head() const {
    std::string out = head();
    out.resize((out.size() + alignment - 1) / alignment * alignment);
    return out;
  }

  std::string file() const {
    std::string out = padded_head();
    for (std::size_t i = 0; i < n_data; ++i) out += static_cast<char>(i & 0xff);
    return out;
  }
};

}  // namespace moescope::formats
