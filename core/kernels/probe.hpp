#pragma once

#include <cstddef>
#include <span>

// What this processor can do at best, for benchmarks to compare with.
namespace moescope::kernels {

/// Runs multiply-adds in registers alone on the calling thread.
/// Returns the floating-point operations done, two for each multiply-add; 0 on the plain target.
std::size_t spin_fma(std::size_t n_round) noexcept;

/// Reads every byte once, in order, on the calling thread; returns their exclusive or by 8 bytes.
/// Shapes: bytes.size() is a multiple of 512.
std::size_t read_through(std::span<const std::byte> bytes) noexcept;

}  // namespace moescope::kernels
