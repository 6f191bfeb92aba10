#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/element_type.hpp"
#include "core/trace/prompt_trace.hpp"

namespace moescope::trace {

/// All values of one site that one prompt's run captured, in order of position.
/// Shapes: bytes [n_row, n_col] little-endian of the stored type; pos [n_row].
struct SiteValues {
  std::string site;
  std::vector<std::uint32_t> pos;
  std::size_t n_col = 0;
  std::vector<std::byte> bytes;
};

/// Gathers a prompt's activations by site, sites in order of name.
/// Errors: kBadInput when the rows of one site differ in width or one position stands twice.
std::vector<SiteValues> gather_sites(const PromptTrace& trace, ElementType type);

/// Float values as little-endian bytes of a stored type (f32, f16, bf16).
void append_values(std::vector<std::byte>& out, const float* value, std::size_t n,
                   ElementType type);

}  // namespace moescope::trace
