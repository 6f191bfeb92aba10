#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/utf8.hpp"

/// What every fuzz target shares: bytes in, and a promise that holds for all of them.
namespace moescope::fuzz {

/// Ends the program, which is how a fuzzer learns of a broken promise.
inline void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// One sentence that a terminal can show, perhaps with an indented list of what is known: UTF-8
/// without control characters, and not the input at length.
inline bool is_sentence(std::string_view message) {
  constexpr std::size_t kLongest = 4096;
  if (message.empty() || message.size() > kLongest || first_invalid_utf8(message)) return false;
  for (std::size_t at = 0; at < message.size(); ++at) {
    const char c = message[at];
    if (c == '\n' && message.substr(at + 1, 2) == "  ") continue;
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

/// Runs a reader that may refuse its input, with one sentence and the code of bad input.
template <class Reader>
void read_or_refuse(const Reader& reader, ErrorCode allowed = ErrorCode::kBadInput) {
  try {
    reader();
  } catch (const Error& e) {
    require(e.code() == ErrorCode::kBadInput || e.code() == allowed, "bad input has its code");
    if (!is_sentence(e.message())) std::fprintf(stderr, "%s\n", e.what());
    require(is_sentence(e.message()), "a refusal is one sentence without control characters");
  }
}

}  // namespace moescope::fuzz
