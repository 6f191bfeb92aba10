#include "core/trace/run_differences.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/trace/schema.hpp"
#include "core/trace/writer.hpp"
#include "tests/core/trace/random_trace.hpp"

namespace moescope::trace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<RunDifference> differences_of(const RunInfo& a, const std::string& hash_a,
                                          const RunInfo& b, const std::string& hash_b) {
  TempFolder folder;
  const auto write = [&](const std::string& file, const RunInfo& info, const std::string& hash) {
    Writer writer(folder / file);
    writer.begin_run(info);
    writer.finish(hash);
  };
  write("a.db", a, hash_a);
  write("b.db", b, hash_b);
  Database db_a = open_trace(folder / "a.db"), db_b = open_trace(folder / "b.db");
  const RunRow run_a = find_run(db_a), run_b = find_run(db_b);
  return run_differences({db_a, run_a}, {db_b, run_b});
}

TEST(RunDifferences, AreThoseThatDecideSomethingAndTheOptionsByKey) {
  const RunInfo a = small_run(0);
  RunInfo b = a;
  b.compute = "bf16";
  b.options.erase("capture");
  b.options["intervention.000"] = "mask:L0.E1";
  b.threads = 77;
  b.files_id = "a copy";
  EXPECT_THAT(differences_of(a, "hash", b, "hash"),
              ElementsAre(RunDifference{"compute", "f32", "bf16"},
                          RunDifference{"capture", "blocks.*.hook_resid_post", {}},
                          RunDifference{"intervention.000", {}, "mask:L0.E1"}));
  EXPECT_THAT(differences_of(a, "hash", a, "hash"), IsEmpty());
}

TEST(RunDifferences, WeightsAreNamedByTheHashOfTheirFilesWhereThatDiffers) {
  RunInfo b = small_run(0);
  b.weights_id = "others";
  EXPECT_THAT(differences_of(small_run(0), "one", b, "two"),
              ElementsAre(RunDifference{"model_hash", "one", "two"}));
  EXPECT_THAT(differences_of(small_run(0), "one", b, "one"),
              ElementsAre(RunDifference{"weights_id", "weights", "others"}));
}

}  // namespace
}  // namespace moescope::trace
