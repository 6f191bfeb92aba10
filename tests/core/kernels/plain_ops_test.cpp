#include "core/kernels/plain_ops.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace moescope::kernels {
namespace {

TEST(PlainOps, LayerNormByHand) {
  // Mean 2, variance 2/3 + eps; weights and biases differ.
  const std::array<float, 3> x{1, 2, 3}, weight{1, 2, 3}, bias{0.5f, 0, -1};
  std::array<float, 3> out{};
  layer_norm(x, weight, bias, 1e-5f, out);
  const double unit = 1 / std::sqrt(2.0 / 3 + 1e-5);
  EXPECT_NEAR(static_cast<double>(out[0]), -unit + 0.5, 1e-6);
  EXPECT_NEAR(static_cast<double>(out[1]), 0.0, 1e-6);
  EXPECT_NEAR(static_cast<double>(out[2]), 3 * unit - 1, 1e-6);
  std::array<float, 3> same = x;
  layer_norm(same, weight, bias, 1e-5f, same);
  EXPECT_EQ(same, out);
}

TEST(PlainOps, PairsTurnByTheirAngles) {
  std::array<float, 4> head{1, 0, 0, 2};
  const std::array<float, 2> cos{0, 0.6f}, sin{1, 0.8f};
  rope_rotate_pairs(head, cos, sin);
  EXPECT_FLOAT_EQ(head[0], 0);
  EXPECT_FLOAT_EQ(head[1], 1);
  EXPECT_FLOAT_EQ(head[2], -1.6f);
  EXPECT_FLOAT_EQ(head[3], 1.2f);
}

TEST(PlainOps, ClampedSwigluByHand) {
  const std::array<float, 3> gate{1, 100, -100}, up{2, -100, 0};
  std::array<float, 3> out{};
  clamped_swiglu(gate, up, 7, out);
  EXPECT_NEAR(static_cast<double>(out[0]), 3 / (1 + std::exp(-1.702)), 1e-6);
  EXPECT_NEAR(static_cast<double>(out[1]), 7 / (1 + std::exp(-1.702 * 7)) * -6, 1e-4);
  EXPECT_NEAR(static_cast<double>(out[2]), 0.0, 1e-6);  // the gate has no lower limit
}

TEST(PlainOps, SigmoidAtItsEnds) {
  EXPECT_EQ(sigmoid(0), 0.5f);
  EXPECT_EQ(sigmoid(-1000), 0.0f);
  EXPECT_EQ(sigmoid(1000), 1.0f);
}

}  // namespace
}  // namespace moescope::kernels
