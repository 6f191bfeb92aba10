#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/tokenizer/bpe.hpp"

namespace moescope::tokenizer {

/// Remembers what short words became. A slot holds the latest word of its place, so that no text
/// makes it grow; it begins small, since many tokenizers see few words.
class WordCache {
 public:
  /// Adds the tokens of `word` to `out`; false where they aren't known.
  bool find(std::string_view word, std::vector<ModelToken>& out) const;
  void store(std::string_view word, std::span<const ModelToken> tokens);

 private:
  static constexpr std::size_t kMaxWord = 24;
  static constexpr std::size_t kMaxTokens = 7;
  static constexpr std::size_t kFirst = 1u << 8;
  static constexpr std::size_t kMost = 1u << 15;

  struct Slot {
    std::uint8_t n_byte = 0;  ///< 0: free
    std::uint8_t n_token = 0;
    std::array<char, kMaxWord> word;
    std::array<std::uint8_t, kMaxTokens> end;
    std::array<std::uint32_t, kMaxTokens> id;
  };

  std::size_t place(std::string_view word) const noexcept;

  std::vector<Slot> slots_;
  std::size_t n_stored_ = 0;
};

}  // namespace moescope::tokenizer
