#include "tests/fuzz/tokenizer_fuzz.hpp"

using namespace moescope;

/// tekken.json, and texts through what it describes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_or_refuse([&] {
    fuzz::exercise(tokenizer::Tokenizer::from_tekken_bytes(fuzz::text_of(data, size), "input"));
  });
  return 0;
}
