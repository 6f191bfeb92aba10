#include "core/base/json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace moescope;

/// The JSON reader: what it takes, it takes again from its own rendering.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_or_refuse([&] {
    const auto value = parse_json(fuzz::text_of(data, size), "input");
    const std::string again = value.dump();
    fuzz::require(parse_json(again, "again").dump() == again, "a rendering reads back");
    const JsonNode node(value, "input");
    if (node.is_array()) node.items();
    node.at("key").uint(1, 9);
  });
  return 0;
}
