#pragma once

#include <cstddef>
#include <span>

#include "core/base/rows.hpp"
#include "core/kernels/matrix.hpp"
#include "core/kernels/vector_ops.hpp"

// The plain twins: the same functions in plain C++. They define the bits that every vector kernel
// gives, and they run where the processor has no fused multiply-add.
namespace moescope::kernels::ref {

void matmul_rows(const Matrix& w, std::size_t first_row, std::size_t n_row, Rows<const float> x,
                 Rows<float> out) noexcept;
void decode_row(const Matrix& w, std::size_t row, std::span<float> out) noexcept;
float dot(std::span<const float> a, std::span<const float> b) noexcept;

void rms_norm(std::span<const float> x, std::span<const float> weight, float eps,
              std::span<float> out) noexcept;
void add(std::span<const float> a, std::span<float> inout) noexcept;
void scale_add(float s, std::span<const float> a, std::span<float> inout) noexcept;
void silu_mul(std::span<const float> gate, std::span<const float> up,
              std::span<float> out) noexcept;
float exp_f32(float x) noexcept;
float max(std::span<const float> x) noexcept;
float softmax(std::span<const float> x, std::span<float> out) noexcept;
LogSumExpPart tile_stats(std::span<const float> x) noexcept;

float attend(std::span<const float> q, Rows<const float> k, Rows<const float> v, float scale,
             std::span<float> score_scratch, std::span<float> out) noexcept;
void rope_rotate_half(std::span<float> head, std::span<const float> cos,
                      std::span<const float> sin) noexcept;

}  // namespace moescope::kernels::ref
