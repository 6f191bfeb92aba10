// Every instruction set that this processor has gives the bits of the plain twins.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <set>
#include <string>

#include "core/kernels/isa.hpp"
#include "core/kernels/matmul.hpp"
#include "core/kernels/ref.hpp"
#include "tests/core/kernels/kernel_data.hpp"

namespace moescope::kernels {
namespace {

/// Calls go to one of the compiled instruction sets until this is destroyed.
class OnlyTarget {
 public:
  explicit OnlyTarget(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
  }
  ~OnlyTarget() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  OnlyTarget(const OnlyTarget&) = delete;
  OnlyTarget& operator=(const OnlyTarget&) = delete;
};

void expect_equal_to_the_twin(const StoredMatrix& w, Random& random, const std::string& what) {
  const std::size_t k = w.matrix.n_col;
  const std::size_t n_row = w.matrix.n_row;
  const auto x = random_values(random, 13 * k);
  std::vector<float> want(13 * n_row);
  ref::matmul_rows(w.matrix, 0, n_row, Rows<const float>(x.data(), 13, k),
                   Rows<float>(want.data(), 13, n_row));
  for (const std::size_t n_tok : {1u, 3u, 13u}) {
    std::vector<float> got(n_tok * n_row);
    matmul(w.matrix, Rows<const float>(x.data(), n_tok, k), Rows<float>(got.data(), n_tok, n_row));
    ASSERT_EQ(bits(got), bits(std::span(want).first(got.size()))) << what << " n_tok " << n_tok;
  }
  std::vector<float> row(k);
  std::vector<float> row_want(k);
  decode_row(w.matrix, 1, row);
  ref::decode_row(w.matrix, 1, row_want);
  ASSERT_EQ(bits(row), bits(row_want)) << what;
}

TEST(Targets, GiveTheSameBits) {
  std::set<std::string> seen;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const OnlyTarget only(target);
    seen.emplace(isa_name());
    Random random(5);
    for (const ElementType type : weight_types())
      for (const std::size_t k : {1u, 37u, 500u, 1100u})
        expect_equal_to_the_twin(StoredMatrix(random, type, 17, k), random,
                                 fmt::format("{} {} {}", isa_name(), name(type), k));
    for (const ScaledKind& kind : scaled_kinds())
      for (const std::size_t k : {32u, 130u, 1056u})
        expect_equal_to_the_twin(StoredMatrix(random, kind.type, 17, k, kind.scales), random,
                                 fmt::format("{} {} {}", isa_name(), name(kind.type), k));
  }
  std::string names;
  for (const std::string& name : seen) names += " " + name;
  RecordProperty("targets", names);
  fmt::print("compared:{}\n", names);
}

}  // namespace
}  // namespace moescope::kernels
