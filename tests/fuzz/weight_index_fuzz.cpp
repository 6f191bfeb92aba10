#include "core/formats/folder.hpp"
#include "core/formats/weight_files.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace moescope;

/// The index of sharded weights: no shard's name leads out of the folder.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_or_refuse([&] {
    const auto index = formats::read_weight_index(fuzz::text_of(data, size), "input");
    for (const std::string& shard : index.shards)
      fuzz::require(formats::is_single_name(shard), "a shard is one name");
    for (const auto& entry : index.entries)
      fuzz::require(entry.shard < index.shards.size(), "an entry has its shard");
  });
  return 0;
}
