#pragma once

#include <string_view>

namespace moescope::kernels {

/// The instruction set that the kernels run on here: "avx2", "avx512", "neon" or "plain".
std::string_view isa_name() noexcept;

}  // namespace moescope::kernels
