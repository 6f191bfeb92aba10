#include <fmt/format.h>

#include <iostream>
#include <string>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/tokenizer/tokenizer.hpp"

// Reads lists of token ids, one a line, and writes what they decode to, whole and as a stream.
int main(int argc, char** argv) try {
  using namespace moescope;
  using namespace moescope::tokenizer;
  if (argc != 2) return 2;
  const Tokenizer tokenizer = Tokenizer::load_file(argv[1]);
  for (std::string line; std::getline(std::cin, line);) {
    std::vector<TokenId> ids;
    DecodeStream stream(tokenizer);
    std::string streamed;
    for (const auto& id : parse_json(line, "ids")) {
      ids.emplace_back(id.get<std::size_t>());
      streamed += stream.push(ids.back());
    }
    streamed += stream.finish();
    fmt::print("[{},{}]\n", json_string(tokenizer.decode(ids)), json_string(streamed));
  }
  return 0;
} catch (const moescope::Error& e) {
  fmt::print(stderr, "{}\n", e.message());
  return 1;
}
