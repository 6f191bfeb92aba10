#include "core/kernels/attention.hpp"
#include "core/kernels/isa.hpp"
#include "core/kernels/matmul.hpp"
#include "core/kernels/ref.hpp"
#include "core/kernels/rope.hpp"
#include "core/kernels/vector_ops.hpp"

namespace moescope::kernels {

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
