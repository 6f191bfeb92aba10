#include "core/kernels/matmul.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "core/kernels/ref.hpp"
#include "tests/core/kernels/kernel_data.hpp"

namespace moescope::kernels {
namespace {

std::vector<std::size_t> odd_sizes() {
  std::vector<std::size_t> sizes(70);
  std::iota(sizes.begin(), sizes.end(), std::size_t{1});
  for (const std::size_t k : {127u, 255u, 256u, 257u, 1000u, 4099u}) sizes.push_back(k);
  return sizes;
}

std::vector<float> multiply(const Matrix& w, std::span<const float> x, std::size_t n_tok) {
  std::vector<float> out(n_tok * w.n_row, 9.0f);
  matmul(w, Rows<const float>(x.data(), n_tok, w.n_col), Rows<float>(out.data(), n_tok, w.n_row));
  return out;
}

std::vector<float> multiply_ref(const Matrix& w, std::span<const float> x, std::size_t n_tok) {
  std::vector<float> out(n_tok * w.n_row, 7.0f);
  ref::matmul_rows(w, 0, w.n_row, Rows<const float>(x.data(), n_tok, w.n_col),
                   Rows<float>(out.data(), n_tok, w.n_row));
  return out;
}

TEST(MatmulRef, IsTheSumOfProducts) {
  Random random(1);
  for (const ElementType type : kWeightTypes) {
    for (const std::size_t k : odd_sizes()) {
      const StoredMatrix w(random, type, 3, k);
      const auto x = random_values(random, 2 * k);
      const auto out = multiply_ref(w.matrix, x, 2);
      std::vector<float> row(k);
      for (std::size_t r = 0; r < 3; ++r) {
        ref::decode_row(w.matrix, r, row);
        for (std::size_t t = 0; t < 2; ++t) {
          double sum = 0;
          double size = 0;
          for (std::size_t i = 0; i < k; ++i) {
            const double product = static_cast<double>(x[t * k + i]) * row[i];
            sum += product;
            size += std::fabs(product);
          }
          EXPECT_NEAR(out[t * 3 + r], sum, 1e-7 * size * (2 + static_cast<double>(k) / 64));
        }
      }
    }
  }
}

TEST(MatmulRef, FoldsSixteenLanesInTheFixedTree) {
  std::vector<float> a(18, 0.0f);
  const std::vector<float> ones(18, 1.0f);
  a[0] = 1e8f;
  a[8] = -1e8f;  // meets lane 0 first
  a[1] = 1.0f;
  a[17] = 2.0f;  // lane 1 again
  EXPECT_EQ(ref::dot(a, ones), 3.0f);
  a[8] = 0.0f;
  a[4] = -1e8f;  // meets lane 0 second
  a[12] = 3.0f;  // lost in lane 4: 3 - 1e8 rounds to a multiple of 8
  EXPECT_EQ(ref::dot(a, ones), 1e8f + (3.0f - 1e8f) + 3.0f);
}

TEST(Matmul, EqualsItsTwinToTheBitForEveryLength) {
  Random random(2);
  for (const ElementType type : kWeightTypes) {
    for (const std::size_t k : odd_sizes()) {
      for (const std::size_t n_tok : {1u, 2u, 3u, 5u, 21u}) {
        const StoredMatrix w(random, type, 17, k);
        const auto x = random_values(random, n_tok * k);
        ASSERT_EQ(bits(multiply(w.matrix, x, n_tok)), bits(multiply_ref(w.matrix, x, n_tok)))
            << name(type) << " k " << k << " n_tok " << n_tok;
      }
    }
  }
}

TEST(Matmul, EqualsItsTwinToTheBitForEveryBatchAndPanel) {
  Random random(3);
  constexpr std::size_t k = 531;
  for (const ElementType type : kWeightTypes) {
    const StoredMatrix w(random, type, 41, k);
    const auto x = random_values(random, 300 * k);
    const auto want = multiply_ref(w.matrix, x, 300);
    for (std::size_t n_tok = 1; n_tok <= 300; n_tok += n_tok < 70 ? 1 : 23) {
      const auto got = multiply(w.matrix, x, n_tok);
      ASSERT_EQ(bits(got), bits(std::span(want).first(got.size()))) << name(type) << " " << n_tok;
    }
    for (std::size_t first = 0; first < 41; ++first) {
      for (std::size_t n_row = 1; first + n_row <= 41; n_row += 3) {
        std::vector<float> got(9 * n_row);
        matmul_rows(w.matrix, first, n_row, Rows<const float>(x.data(), 9, k),
                    Rows<float>(got.data(), 9, n_row));
        for (std::size_t t = 0; t < 9; ++t)
          ASSERT_EQ(bits(std::span(got).subspan(t * n_row, n_row)),
                    bits(std::span(want).subspan(t * 41 + first, n_row)));
      }
    }
  }
}

TEST(Matmul, ThreadsChangeNoBit) {
  Random random(4);
  const StoredMatrix w(random, ElementType::kBF16, 301, 1025);
  const auto x = random_values(random, 37 * 1025);
  const auto want = bits(multiply_ref(w.matrix, x, 37));
  const int before = omp_get_max_threads();
  for (const int n_thread : {1, 2, 3, 7}) {
    omp_set_num_threads(n_thread);
    EXPECT_EQ(bits(multiply(w.matrix, x, 37)), want) << n_thread;
    EXPECT_EQ(bits(multiply(w.matrix, std::span(x).first(1025), 1)),
              std::vector(want.begin(), want.begin() + 301));
  }
  omp_set_num_threads(before);
}

TEST(Matmul, KeepsToItsStridesAndItsInputs) {
  Random random(5);
  const StoredMatrix w(random, ElementType::kF16, 5, 33);
  std::vector<float> x(7 * 40, std::numeric_limits<float>::quiet_NaN());
  const auto values = random_values(random, 7 * 33);
  for (std::size_t t = 0; t < 7; ++t)
    for (std::size_t i = 0; i < 33; ++i) x[t * 40 + i] = values[t * 33 + i];
  std::vector<float> out(7 * 8, -5.0f);
  matmul(w.matrix, Rows<const float>(x.data(), 7, 33, 40), Rows<float>(out.data(), 7, 5, 8));
  const auto want = multiply_ref(w.matrix, values, 7);
  for (std::size_t t = 0; t < 7; ++t) {
    EXPECT_EQ(bits(std::span(out).subspan(t * 8, 5)), bits(std::span(want).subspan(t * 5, 5)));
    for (std::size_t r = 5; r < 8; ++r) EXPECT_EQ(out[t * 8 + r], -5.0f);
  }
}

TEST(Matmul, KeepsInfinitiesAndNothingElseTurnsToNaN) {
  Random random(6);
  const StoredMatrix w(random, ElementType::kF32, 4, 19);
  auto x = random_values(random, 19);
  x[18] = std::numeric_limits<float>::infinity();
  for (const float value : multiply(w.matrix, x, 1)) EXPECT_TRUE(std::isinf(value));
}

TEST(Matmul, OfNothingIsZeroOrNothing) {
  const Matrix empty{ElementType::kF32, 3, 0, nullptr};
  EXPECT_THAT(multiply(empty, {}, 2), testing::Each(0.0f));
  Random random(7);
  const StoredMatrix w(random, ElementType::kF32, 4, 19);
  EXPECT_TRUE(multiply(w.matrix, {}, 0).empty());
}

TEST(DecodeRow, IsExactForEveryPattern) {
  for (const ElementType type : {ElementType::kF16, ElementType::kBF16}) {
    std::vector<std::uint16_t> all(65536);
    std::iota(all.begin(), all.end(), std::uint16_t{0});
    const Matrix w{type, 1, all.size(), reinterpret_cast<const std::byte*>(all.data())};
    std::vector<float> out(all.size());
    decode_row(w, 0, out);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const float want = type == ElementType::kF16 ? f16_to_f32(all[i]) : bf16_to_f32(all[i]);
      ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(want)) << i;
    }
  }
}

TEST(DecodeRow, ReadsTheRowAskedForAtAnyLength) {
  Random random(8);
  for (const ElementType type : kWeightTypes) {
    for (const std::size_t k : odd_sizes()) {
      const StoredMatrix w(random, type, 3, k);
      std::vector<float> got(k + 1, 5.0f);
      std::vector<float> want(k);
      decode_row(w.matrix, 2, std::span(got).first(k));
      ref::decode_row(w.matrix, 2, want);
      EXPECT_EQ(got.back(), 5.0f);
      got.pop_back();
      ASSERT_EQ(bits(got), bits(want)) << name(type) << " " << k;
    }
  }
}

TEST(Dot, EqualsItsTwinToTheBit) {
  Random random(9);
  EXPECT_EQ(dot({}, {}), 0.0f);
  for (const std::size_t k : odd_sizes()) {
    const auto a = random_values(random, k);
    const auto b = random_values(random, k);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(dot(a, b)),
              std::bit_cast<std::uint32_t>(ref::dot(a, b)));
  }
}

}  // namespace
}  // namespace moescope::kernels
