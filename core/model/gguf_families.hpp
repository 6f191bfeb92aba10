#pragma once

#include <cstdint>
#include <string_view>

#include "core/model/config.hpp"
#include "core/model/gguf_source.hpp"

namespace moescope::model {

/// The widest matrix that a key may ask for.
inline constexpr std::uint64_t kGgufMostWidth = 1u << 22;

/// What one value of general.architecture adds to the keys that all have.
struct GgufArchitecture {
  std::string_view name;    ///< general.architecture
  std::string_view family;  ///< row of the architecture table
  void (*read)(const GgufSource& in, ModelConfig& out);
  bool own_rope = false;  ///< read() reads the rotation too
};

/// Errors: kBadInput: a file of no such architecture, with the list of those that are.
const GgufArchitecture& gguf_architecture(const GgufSource& in);

/// The rotation of the last dimensions of a head, `d_rotary` of them where the file says nothing.
void read_gguf_rope(const GgufSource& in, std::size_t d_rotary, ModelConfig& out);

}  // namespace moescope::model
