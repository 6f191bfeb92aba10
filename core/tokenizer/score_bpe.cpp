#include "core/tokenizer/score_bpe.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/derived_merges.hpp"

namespace moescope::tokenizer {
namespace {

constexpr std::size_t kMaxUserDefined = 4096;

constexpr std::uint32_t kNone = UINT32_MAX;
using Part = MergePart;

std::string shown(std::string_view piece) {
  return json_string(piece.substr(0, 80));
}

void check_piece(const ScoredPiece& piece, std::size_t id, std::string_view where) {
  if (piece.text.empty()) fail(ErrorCode::kBadInput, "{}: piece {} is empty", where, id);
  if (first_invalid_utf8(piece.text))
    fail(ErrorCode::kBadInput, "{}: piece {} {} isn't UTF-8", where, id, shown(piece.text));
  if (std::isnan(piece.score))
    fail(ErrorCode::kBadInput, "{}: piece {} {}: score is not a number", where, id,
         shown(piece.text));
}

/// Ranks parts by score, the best first, and enters the merges.
void add_all_merges(std::vector<Part>& parts, BpeModel& model) {
  std::vector<float> scores;
  for (const Part& part : parts) scores.push_back(part.score);
  std::sort(scores.begin(), scores.end(), std::greater<>());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  for (Part& part : parts) {
    const auto at = std::lower_bound(scores.begin(), scores.end(), part.score, std::greater<>());
    part.rank = static_cast<std::uint32_t>(at - scores.begin());
  }
  derive_merges(parts, model.merges, &model.joins);
}

/// Gives every character inside a piece a symbol id: its token, or a number past the vocabulary.
void add_characters(std::vector<Part>& parts, BpeModel& model) {
  const std::size_t n_piece = parts.size();
  for (const Part& part : parts) {
    const auto c = decode_utf8(part.text, 0);
    if (c && c->n_byte == part.text.size()) model.characters.insert(c->code, part.id);
  }
  std::uint32_t next = model.n_id;
  for (std::size_t i = 0; i < n_piece; ++i) {
    for (std::size_t at = 0; at < parts[i].text.size();) {
      const auto c = decode_utf8(parts[i].text, at);
      at += c->n_byte;
      if (!model.characters.insert(c->code, next)) continue;
      Part extra{.text = {}, .id = next++, .is_piece = false};
      append_utf8(extra.text, c->code);
      parts.push_back(std::move(extra));
    }
  }
}

void add_byte_piece(BpeModel& model, const ScoredPiece& piece, std::uint32_t id,
                    std::string_view where) {
  const auto byte = byte_of_piece(piece.text);
  if (!byte)
    fail(ErrorCode::kBadInput, "{}: byte piece {} {}: expected a name like \"<0x0A>\"", where, id,
         shown(piece.text));
  if (model.byte_ids.empty())
    fail(ErrorCode::kBadInput, "{}: byte piece {} {} in a model without byte fallback", where, id,
         shown(piece.text));
  model.byte_ids[*byte] = id;
}

void add_piece(BpeModel& model, std::vector<Part>& parts, const ScoredPiece& piece,
               std::uint32_t id, std::string_view where) {
  switch (piece.type) {
    case PieceType::kUnused:
      model.unused.resize(model.n_id);
      model.unused[id] = true;
      [[fallthrough]];
    case PieceType::kNormal:
      parts.push_back({.text = piece.text, .id = id, .score = piece.score});
      return;
    case PieceType::kUserDefined:
      if (piece.text.size() > kMaxUserDefined)
        fail(ErrorCode::kBadInput, "{}: user-defined piece {} has {} bytes, expected at most {}",
             where, id, piece.text.size(), kMaxUserDefined);
      model.frozen.add(piece.text, id);
      return;
    case PieceType::kUnknown:
      if (model.unk)
        fail(ErrorCode::kBadInput, "{}: pieces {} and {} are both the unknown piece", where,
             model.unk->value, id);
      model.unk = TokenId(id);
      return;
    case PieceType::kByte:
      add_byte_piece(model, piece, id, where);
      return;
    case PieceType::kControl:
      return;
  }
}

}  // namespace

std::optional<unsigned char> byte_of_piece(std::string_view piece) noexcept {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return std::nullopt;
  unsigned value = 0;
  for (const char c : piece.substr(3, 2)) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(c >= 'A' && c <= 'F')) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit ? c - '0' : c - 'A' + 10);
  }
  return static_cast<unsigned char>(value);
}

BpeModel score_bpe(std::span<const ScoredPiece> pieces, bool byte_fallback,
                   std::string_view where) {
  BpeModel model;
  model.n_id = static_cast<std::uint32_t>(pieces.size());
  model.fuse_unk = true;
  if (byte_fallback) model.byte_ids.assign(256, kNone);
  std::vector<Part> parts;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    check_piece(pieces[id], id, where);
    add_piece(model, parts, pieces[id], static_cast<std::uint32_t>(id), where);
  }
  if (!model.unk) fail(ErrorCode::kBadInput, "{}: no piece is of type unknown", where);
  for (std::size_t byte = 0; byte < model.byte_ids.size(); ++byte)
    if (model.byte_ids[byte] == kNone)
      fail(ErrorCode::kBadInput, "{}: byte fallback is on, but piece \"<0x{:02X}>\" is missing",
           where, byte);
  add_characters(parts, model);
  add_all_merges(parts, model);
  return model;
}

}  // namespace moescope::tokenizer
