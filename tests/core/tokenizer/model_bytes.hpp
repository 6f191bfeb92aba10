#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/score_bpe.hpp"

/// Writes small tokenizers for tests, so that each test shows the vocabulary it speaks of.
namespace moescope::tokenizer::testing_bytes {

inline std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  return out + static_cast<char>(value);
}

inline std::string number(unsigned field, std::uint64_t value) {
  return varint(field << 3) + varint(value);
}

inline std::string bytes(unsigned field, std::string_view value) {
  return varint((field << 3) | 2) + varint(value.size()) + std::string(value);
}

inline std::string real(unsigned field, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  std::string out = varint((field << 3) | 5);
  for (unsigned i = 0; i < 4; ++i) out += static_cast<char>((bits >> (8 * i)) & 0xff);
  return out;
}

struct SpmOptions {
  std::uint64_t model_type = 2;
  bool byte_fallback = false;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = false;
  bool escape_whitespaces = true;
  bool treat_whitespace_as_suffix = false;
  std::string charsmap;
};

inline std::string spm_piece(const ScoredPiece& piece) {
  return bytes(1, bytes(1, piece.text) + real(2, piece.score) +
                      number(3, static_cast<std::uint64_t>(piece.type)));
}

inline std::string spm_specs(const SpmOptions& o) {
  const std::string trainer = number(3, o.model_type) +
                              number(24, o.treat_whitespace_as_suffix ? 1 : 0) +
                              number(35, o.byte_fallback ? 1 : 0);
  const std::string normalizer =
      bytes(1, "identity") + bytes(2, o.charsmap) + number(3, o.add_dummy_prefix ? 1 : 0) +
      number(4, o.remove_extra_whitespaces ? 1 : 0) + number(5, o.escape_whitespaces ? 1 : 0);
  return bytes(2, trainer) + bytes(3, normalizer);
}

inline std::string spm_model(const std::vector<ScoredPiece>& pieces, const SpmOptions& o = {}) {
  std::string out;
  for (const ScoredPiece& piece : pieces) out += spm_piece(piece);
  return out + spm_specs(o);
}

/// <unk>, <s>, </s> and, on demand, the 256 byte pieces: what most models begin with.
inline std::vector<ScoredPiece> spm_beginning(bool with_bytes) {
  std::vector<ScoredPiece> pieces = {{"<unk>", 0, PieceType::kUnknown},
                                     {"<s>", 0, PieceType::kControl},
                                     {"</s>", 0, PieceType::kControl}};
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (unsigned b = 0; with_bytes && b < 256; ++b) {
    const std::string name = std::string("<0x") + kHex[b / 16] + kHex[b % 16] + ">";
    pieces.push_back({name, 0, PieceType::kByte});
  }
  return pieces;
}

}  // namespace moescope::tokenizer::testing_bytes
