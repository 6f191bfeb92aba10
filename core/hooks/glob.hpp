#pragma once

#include <string_view>

namespace moescope::hooks {

/// Whether the whole text matches the pattern: `*` any run of characters, `?` any one.
/// Linear in practice and never worse than the product of the lengths.
bool glob_match(std::string_view pattern, std::string_view text) noexcept;

}  // namespace moescope::hooks
