#include "audits/suite.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace moescope;

/// Suites: what is read is within the bounds, and is written as text that reads to the same value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const audits::SuiteLimits limits{.max_item = 500, .max_candidate = 8, .max_slot_entry = 20};
  fuzz::read_or_refuse([&] {
    const audits::Suite suite = audits::parse_suite(fuzz::text_of(data, size), "input", limits);
    fuzz::require(!suite.items.empty(), "a suite has items");
    fuzz::require(suite.items.size() <= limits.max_item, "the bound on items holds");
    for (const probes::Item& item : suite.items)
      for (const std::string& key : suite.cluster)
        fuzz::require(item.labels.contains(key), "every item has its cluster");
    const audits::Suite again = audits::parse_suite(audits::suite_text(suite), "again", limits);
    fuzz::require(again.items == suite.items && again.info == suite.info &&
                      again.formats == suite.formats && again.hypotheses == suite.hypotheses,
                  "a suite that is written reads to the same");
  });
  return 0;
}
