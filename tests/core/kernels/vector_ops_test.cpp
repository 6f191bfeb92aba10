#include "core/kernels/vector_ops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/kernels/attention.hpp"
#include "core/kernels/isa.hpp"
#include "core/kernels/math64.hpp"
#include "core/kernels/ref.hpp"
#include "core/kernels/rope.hpp"
#include "tests/core/kernels/kernel_data.hpp"

namespace moescope::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr std::size_t kSizes[] = {1,  2,  3,  4,  5,  7,  8,  9,  15,  16,  17,   23,
                                  31, 32, 33, 47, 48, 64, 65, 96, 127, 128, 1000, 4099};

double ulps(float got, double want) {
  const auto near = static_cast<float>(std::fabs(want));
  const float next = std::nextafter(near, kInf);
  return std::fabs(got - want) / (static_cast<double>(next) - static_cast<double>(near));
}

std::uint32_t bit(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

TEST(Exp, IsWithinOneUlp) {
  double worst = 0;
  for (float x = -104.0f; x < 88.72f; x += 0.000917f)
    worst = std::max(worst, ulps(ref::exp_f32(x), std::exp(static_cast<double>(x))));
  RecordProperty("worst_ulp", std::to_string(worst));
  EXPECT_LT(worst, 1.0);
}

TEST(Exp, HasTheRightEnds) {
  EXPECT_EQ(exp_f32(-kInf), 0.0f);
  EXPECT_EQ(exp_f32(kInf), kInf);
  EXPECT_EQ(exp_f32(88.8f), kInf);
  EXPECT_EQ(exp_f32(-1e30f), 0.0f);
  EXPECT_EQ(exp_f32(-103.9f), std::numeric_limits<float>::denorm_min());
  EXPECT_EQ(exp_f32(0.0f), 1.0f);
  EXPECT_EQ(exp_f32(-0.0f), 1.0f);
  EXPECT_TRUE(std::isfinite(exp_f32(88.72f)));
  EXPECT_TRUE(std::isnan(exp_f32(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Math64, AgreesWithTheCLibrary) {
  for (double x = 1e-300; x < 1e300; x *= 1.37)
    EXPECT_NEAR(log_f64(x), std::log(x), 1e-15 * std::max(1.0, std::fabs(std::log(x)))) << x;
  EXPECT_EQ(log_f64(1.0), 0.0);
  for (double x = -699; x <= 0; x += 0.137) EXPECT_NEAR(exp_f64(x) / std::exp(x), 1.0, 1e-15) << x;
  for (double x = 0; x < 60'000'000; x = x * 1.0003 + 0.0137) {
    EXPECT_NEAR(sin_cos_f64(x).sin, std::sin(x), 4e-16) << x;
    EXPECT_NEAR(sin_cos_f64(x).cos, std::cos(x), 4e-16) << x;
  }
  EXPECT_EQ(sin_cos_f64(0.0).cos, 1.0);
  EXPECT_EQ(exp_f64(0.0), 1.0);
  EXPECT_EQ(exp_f64(-static_cast<double>(kInf)), 0.0);
}

TEST(Silu, EqualsItsTwinAndTheDefinition) {
  Random random(1);
  for (const std::size_t n : kSizes) {
    auto gate = random_values(random, n, 30.0f);
    if (n > 5) gate[1] = -200.0f, gate[2] = 200.0f, gate[3] = 0.0f;
    const auto up = random_values(random, n);
    std::vector<float> got(n);
    std::vector<float> want(n);
    silu_mul(gate, up, got);
    ref::silu_mul(gate, up, want);
    ASSERT_EQ(bits(got), bits(want)) << n;
    for (std::size_t i = 0; i < n; ++i) {
      const double exact = gate[i] / (1 + std::exp(-static_cast<double>(gate[i]))) * up[i];
      EXPECT_NEAR(want[i], exact, 4e-7 * std::fabs(exact) + 1e-40);
    }
  }
}

TEST(RmsNorm, EqualsItsTwinAndTheDefinition) {
  Random random(2);
  for (const std::size_t n : kSizes) {
    const auto x = random_values(random, n, 5.0f);
    const auto weight = random_values(random, n);
    std::vector<float> got(n);
    std::vector<float> want(n);
    rms_norm(x, weight, 1e-5f, got);
    ref::rms_norm(x, weight, 1e-5f, want);
    ASSERT_EQ(bits(got), bits(want)) << n;
    double square = 0;
    for (const float value : x) square += static_cast<double>(value) * value;
    const double scale = 1 / std::sqrt(square / static_cast<double>(n) + 1e-5);
    for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(want[i], x[i] * scale * weight[i], 2e-6);
  }
}

TEST(AddAndScaleAdd, EqualTheirTwins) {
  Random random(3);
  for (const std::size_t n : kSizes) {
    const auto a = random_values(random, n);
    auto got = random_values(random, n);
    auto want = got;
    add(a, got);
    ref::add(a, want);
    ASSERT_EQ(bits(got), bits(want)) << n;
    const auto before = want;
    scale_add(0.3f, a, got);
    ref::scale_add(0.3f, a, want);
    ASSERT_EQ(bits(got), bits(want)) << n;
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(want[i], std::fma(0.3f, a[i], before[i]));
  }
}

TEST(Max, EqualsItsTwin) {
  Random random(4);
  EXPECT_EQ(max({}), -kInf);
  for (const std::size_t n : kSizes) {
    auto x = random_values(random, n);
    for (float& value : x) value -= 3.0f;
    EXPECT_EQ(max(x), *std::max_element(x.begin(), x.end()));
    EXPECT_EQ(max(x), ref::max(x));
    x[n / 2] = -0.0f;
    EXPECT_EQ(bit(max(x)), bit(0.0f)) << n;
  }
}

TEST(Softmax, EqualsItsTwinAndTheDefinition) {
  Random random(5);
  for (const std::size_t n : kSizes) {
    auto x = random_values(random, n, 12.0f);
    if (n > 4) x[n / 2] = -kInf;
    std::vector<float> want(n);
    const float lse = ref::softmax(x, want);
    std::vector<float> got = x;
    EXPECT_EQ(bit(softmax(got, got)), bit(lse)) << n;
    ASSERT_EQ(bits(got), bits(want)) << n;
    double sum = 0;
    for (const float value : x) sum += std::exp(static_cast<double>(value));
    EXPECT_NEAR(lse, std::log(sum), 2e-6);
    for (std::size_t i = 0; i < n; ++i)
      EXPECT_NEAR(want[i], std::exp(static_cast<double>(x[i])) / sum, 3e-7);
    if (n > 4) {
      EXPECT_EQ(want[n / 2], 0.0f);
    }
  }
}

TEST(TileStats, EqualTheirTwinAndJoinToTheWholeRow) {
  Random random(6);
  auto x = random_values(random, 4099, 20.0f);
  for (std::size_t i = 1024; i < 2048; ++i) x[i] = -kInf;  // a whole tile masked out
  x[5] = -kInf;
  std::vector<LogSumExpPart> parts;
  for (std::size_t first = 0; first < x.size(); first += 1024) {
    const auto tile = std::span(x).subspan(first, std::min<std::size_t>(1024, x.size() - first));
    const LogSumExpPart got = tile_stats(tile);
    const LogSumExpPart want = ref::tile_stats(tile);
    EXPECT_EQ(bit(got.max), bit(want.max));
    EXPECT_EQ(bit(got.sum), bit(want.sum));
    EXPECT_EQ(bit(got.weighted), bit(want.weighted));
    parts.push_back(got);
  }
  double sum = 0;
  for (const float value : x) sum += std::exp(static_cast<double>(value));
  double entropy = 0;
  for (const float value : x) {
    const double p = std::exp(static_cast<double>(value)) / sum;
    if (p > 0) entropy -= p * std::log(p);
  }
  const LogSumExp joined = combine(parts);
  EXPECT_NEAR(joined.logsumexp, std::log(sum), 1e-6);
  EXPECT_NEAR(joined.entropy, entropy, 2e-6);
}

TEST(TileStats, OfEqualLogitsGiveTheLogOfTheirNumber) {
  const std::vector<float> x(1000, -7.5f);
  const std::vector<LogSumExpPart> parts{tile_stats(x), tile_stats(x)};
  EXPECT_NEAR(combine(parts).entropy, std::log(2000.0), 1e-12);
  EXPECT_NEAR(combine(parts).logsumexp, std::log(2000.0) - 7.5, 1e-12);
}

TEST(Rope, EqualsItsTwinAndTurnsPairs) {
  Random random(7);
  for (std::size_t d = 2; d <= 130; d += 2) {
    auto got = random_values(random, d);
    auto want = got;
    const auto before = got;
    std::vector<float> cos(d / 2);
    std::vector<float> sin(d / 2);
    for (std::size_t i = 0; i < d / 2; ++i) {
      cos[i] = std::cos(static_cast<float>(i));
      sin[i] = std::sin(static_cast<float>(i));
    }
    rope_rotate_half(got, cos, sin);
    ref::rope_rotate_half(want, cos, sin);
    ASSERT_EQ(bits(got), bits(want)) << d;
    for (std::size_t i = 0; i < d / 2; ++i) {
      EXPECT_EQ(got[i], before[i] * cos[i] - before[i + d / 2] * sin[i]);
      EXPECT_EQ(got[i + d / 2], before[i + d / 2] * cos[i] + before[i] * sin[i]);
    }
  }
}

TEST(Attend, EqualsItsTwinAndTheDefinition) {
  Random random(8);
  for (const std::size_t d : {1u, 4u, 15u, 16u, 24u, 64u, 80u, 128u, 130u, 256u}) {
    for (const std::size_t n_key : {1u, 2u, 3u, 4u, 5u, 17u, 100u}) {
      const std::size_t stride = 2 * d + 1;
      const auto cache = random_values(random, n_key * stride, 2.0f);
      const auto q = random_values(random, d, 2.0f);
      const Rows<const float> k(cache.data(), n_key, d, stride);
      const Rows<const float> v(cache.data() + d, n_key, d, stride);
      std::vector<float> scratch(n_key + 3, 4.0f);
      std::vector<float> got(d);
      std::vector<float> want(d);
      attend(q, k, v, 0.25f, scratch, got);
      EXPECT_EQ(scratch[n_key], 4.0f);
      const auto p = scratch;
      ref::attend(q, k, v, 0.25f, scratch, want);
      ASSERT_EQ(bits(p), bits(scratch)) << d << " " << n_key;
      ASSERT_EQ(bits(got), bits(want)) << d << " " << n_key;
      double sum = 0;
      std::vector<double> exact(d);
      for (std::size_t j = 0; j < n_key; ++j) {
        double score = 0;
        for (std::size_t i = 0; i < d; ++i) score += static_cast<double>(q[i]) * k.at(j, i);
        const double e = std::exp(score * 0.25);
        sum += e;
        for (std::size_t i = 0; i < d; ++i) exact[i] += e * v.at(j, i);
      }
      for (std::size_t i = 0; i < d; ++i) EXPECT_NEAR(want[i], exact[i] / sum, 2e-5);
    }
  }
}

TEST(Isa, IsOneOfTheKnownNames) {
  EXPECT_THAT(isa_name(), testing::AnyOf("avx2", "avx512", "neon", "plain"));
}

}  // namespace
}  // namespace moescope::kernels
