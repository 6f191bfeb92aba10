#include "core/kernels/attention.hpp"
#include "core/kernels/isa.hpp"
#include "core/kernels/matmul.hpp"
#include "core/kernels/ref.hpp"
#include "core/kernels/rope.hpp"
#include "core/kernels/vector_ops.hpp"

namespace moescope::kernels {

std::string_view isa_name() noexcept {
  return "plain";
}

void matmul_rows(const Matrix& w, std::size_t first_row, std::size_t n_row, Rows<const float> x,
                 Rows<float> out) noexcept {
  ref::matmul_rows(w, first_row, n_row, x, out);
}

void matmul(const Matrix& w, Rows<const float> x, Rows<float> out) noexcept {
#pragma omp parallel for schedule(dynamic, 8)
  for (std::size_t r = 0; r < w.n_row; ++r)
    ref::matmul_rows(w, r, 1, x, Rows<float>(out.data + r, out.n_row, 1, out.stride));
}

void decode_row(const Matrix& w, std::size_t row, std::span<float> out) noexcept {
  ref::decode_row(w, row, out);
}

float dot(std::span<const float> a, std::span<const float> b) noexcept {
  return ref::dot(a, b);
}

void rms_norm(std::span<const float> x, std::span<const float> weight, float eps,
              std::span<float> out) noexcept {
  ref::rms_norm(x, weight, eps, out);
}

void add(std::span<const float> a, std::span<float> inout) noexcept {
  ref::add(a, inout);
}

void scale_add(float s, std::span<const float> a, std::span<float> inout) noexcept {
  ref::scale_add(s, a, inout);
}

void silu_mul(std::span<const float> gate, std::span<const float> up,
              std::span<float> out) noexcept {
  ref::silu_mul(gate, up, out);
}

float exp_f32(float x) noexcept {
  return ref::exp_f32(x);
}

float max(std::span<const float> x) noexcept {
  return ref::max(x);
}

float softmax(std::span<const float> x, std::span<float> out) noexcept {
  return ref::softmax(x, out);
}

LogSumExpPart tile_stats(std::span<const float> x) noexcept {
  return ref::tile_stats(x);
}

void attend(std::span<const float> q, Rows<const float> k, Rows<const float> v, float scale,
            std::span<float> score_scratch, std::span<float> out) noexcept {
  ref::attend(q, k, v, scale, score_scratch, out);
}

void rope_rotate_half(std::span<float> head, std::span<const float> cos,
                      std::span<const float> sin) noexcept {
  ref::rope_rotate_half(head, cos, sin);
}

}  // namespace moescope::kernels
