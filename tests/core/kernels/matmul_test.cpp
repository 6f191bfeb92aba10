#include "core/kernels/matmul.hpp"

#include <fmt/core.h>
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

/// Lengths for a type: odd ones where it allows any, else numbers of blocks.
std::vector<std::size_t> sizes_of(ElementType type) {
  const std::size_t block = info(type).block_elems;
  if (block == 1) return odd_sizes();
  std::vector<std::size_t> sizes;
  for (const std::size_t n : {1u, 2u, 3u, 5u, 8u, 9u, 17u}) sizes.push_back(n * block);
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
  for (const ElementType type : weight_types()) {
    for (const std::size_t n_in : sizes_of(type)) {
      const StoredMatrix w(random, type, 3, n_in);
      const std::size_t k = w.matrix.n_col;
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

void expect_equal_for_every_batch(const StoredMatrix& w, Random& random, const std::string& what) {
  const std::size_t k = w.matrix.n_col;
  const auto x = random_values(random, 21 * k);
  const auto want = multiply_ref(w.matrix, x, 21);
  for (const std::size_t n_tok : {1u, 2u, 3u, 5u, 8u, 9u, 21u}) {
    const auto got = multiply(w.matrix, std::span(x).first(n_tok * k), n_tok);
    ASSERT_EQ(bits(got), bits(std::span(want).first(got.size()))) << what << " n_tok " << n_tok;
  }
}

TEST(Matmul, EqualsItsTwinToTheBitForEveryLength) {
  Random random(2);
  for (const ElementType type : weight_types())
    for (const std::size_t k : sizes_of(type))
      expect_equal_for_every_batch(StoredMatrix(random, type, 17, k), random,
                                   fmt::format("{} k {}", name(type), k));
}

TEST(Matmul, EqualsItsTwinToTheBitWithFactorsBesideTheWeights) {
  Random random(12);
  for (const ScaledKind& kind : scaled_kinds())
    for (const std::size_t k : {2u, 16u, 32u, 64u, 96u, 130u, 256u, 288u, 544u, 1030u})
      expect_equal_for_every_batch(StoredMatrix(random, kind.type, 37, k, kind.scales), random,
                                   fmt::format("{} k {}", name(kind.type), k));
}

TEST(Matmul, EqualsItsTwinToTheBitForEveryBatchAndPanel) {
  Random random(3);
  for (const ElementType type : weight_types()) {
    const StoredMatrix w(random, type, 41, 531);
    const std::size_t k = w.matrix.n_col;
    const auto x = random_values(random, 130 * k);
    const auto want = multiply_ref(w.matrix, x, 130);
    for (std::size_t n_tok = 1; n_tok <= 130; n_tok += n_tok < 70 ? 3 : 19) {
      const auto got = multiply(w.matrix, std::span(x).first(n_tok * k), n_tok);
      ASSERT_EQ(bits(got), bits(std::span(want).first(got.size()))) << name(type) << " " << n_tok;
    }
    for (std::size_t first = 0; first < 41; first += 3) {
      for (std::size_t n_row = 1; first + n_row <= 41; n_row += 5) {
        for (const std::size_t n_tok : {1u, 9u}) {
          std::vector<float> got(n_tok * n_row);
          matmul_rows(w.matrix, first, n_row, Rows<const float>(x.data(), n_tok, k),
                      Rows<float>(got.data(), n_tok, n_row));
          for (std::size_t t = 0; t < n_tok; ++t)
            ASSERT_EQ(bits(std::span(got).subspan(t * n_row, n_row)),
                      bits(std::span(want).subspan(t * 41 + first, n_row)))
                << name(type);
        }
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

TEST(DecodeRow, ReadsEveryEightBitFloat) {
  std::vector<std::uint8_t> all(256);
  std::iota(all.begin(), all.end(), std::uint8_t{0});
  for (const ElementType type : {ElementType::kF8E4M3, ElementType::kF8E5M2}) {
    const Matrix w{type, 1, all.size(), reinterpret_cast<const std::byte*>(all.data())};
    std::vector<float> out(all.size());
    decode_row(w, 0, out);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const float want =
          type == ElementType::kF8E4M3 ? f8_e4m3_to_f32(all[i]) : f8_e5m2_to_f32(all[i]);
      ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(want)) << i;
    }
  }
}

void expect_equal_rows(const StoredMatrix& w, const std::string& what) {
  const std::size_t k = w.matrix.n_col;
  std::vector<float> got(k + 1, 5.0f);
  std::vector<float> want(k);
  decode_row(w.matrix, 2, std::span(got).first(k));
  ref::decode_row(w.matrix, 2, want);
  EXPECT_EQ(got.back(), 5.0f);
  got.pop_back();
  ASSERT_EQ(bits(got), bits(want)) << what << " " << k;
}

TEST(DecodeRow, ReadsTheRowAskedForAtAnyLength) {
  Random random(8);
  for (const ElementType type : weight_types())
    for (const std::size_t k : sizes_of(type))
      expect_equal_rows(StoredMatrix(random, type, 3, k), std::string(name(type)));
  for (const ScaledKind& kind : scaled_kinds())
    for (const std::size_t k : odd_sizes())
      expect_equal_rows(StoredMatrix(random, kind.type, 3, k, kind.scales),
                        std::string(name(kind.type)));
}

TEST(DecodeRow, TakesFactorsFromTheBlockOfRowAndColumn) {
  const std::vector<std::uint8_t> ones(4 * 6, 0x38);  // 1 in e4m3
  const std::vector<float> factors{1, 2, 3, 4, 5, 6};
  Matrix w{ElementType::kF8E4M3, 4, 6, reinterpret_cast<const std::byte*>(ones.data())};
  w.scales = {reinterpret_cast<const std::byte*>(factors.data()), ElementType::kF32, 2, 2};
  std::vector<float> row(6);
  decode_row(w, 1, row);
  EXPECT_THAT(row, testing::ElementsAre(1, 1, 2, 2, 3, 3));
  decode_row(w, 2, row);
  EXPECT_THAT(row, testing::ElementsAre(4, 4, 5, 5, 6, 6));
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
