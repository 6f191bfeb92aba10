#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/tokenizer/bpe.hpp"

namespace moescope::tokenizer {

/// What a piece is for; the numbers are those of SentencePiece models and of GGUF vocabularies.
enum class PieceType : std::uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

/// One piece of a vocabulary whose merges follow from scores.
struct ScoredPiece {
  std::string text;
  float score = 0;
  PieceType type = PieceType::kNormal;
};

/// The byte a piece like "<0x0A>" stands for.
std::optional<unsigned char> byte_of_piece(std::string_view piece) noexcept;

/// Builds the model that SentencePiece runs over these pieces, whose ids are their places: two
/// neighbours merge when together they are a piece, the best score first.
/// Errors: kBadInput for a NaN score, a piece that isn't UTF-8 or empty, a second or absent unknown
/// piece, byte pieces that are malformed or not all there.
/// Source: bpe_model.cc and model_interface.cc of SentencePiece 0.1.97.
BpeModel score_bpe(std::span<const ScoredPiece> pieces, bool byte_fallback, std::string_view where);

}  // namespace moescope::tokenizer
