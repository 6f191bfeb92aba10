#include <bit>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/parts.hpp"
#include "core/tokenizer/score_bpe.hpp"
#include "core/tokenizer/wire.hpp"

// Field numbers are those of sentencepiece_model.proto.
namespace moescope::tokenizer {
namespace {

/// What counts here of trainer_spec and normalizer_spec, with the defaults of the format.
struct Specs {
  std::uint64_t model_type = 1;
  bool byte_fallback = false;
  bool has_trainer = false;
  std::string unk_piece = "<unk>";
  std::string bos_piece = "<s>";
  std::string eos_piece = "</s>";
  std::string unk_surface = " \xe2\x81\x87 ";
  SentencePieceStep spaces;
};

// No vocabulary in use has a tenth of this.
constexpr std::size_t kMaxPieces = 1u << 21;

struct Reader {
  std::string_view where;

  [[noreturn]] void wrong_type(const WireField& field, std::string_view name) const {
    fail(ErrorCode::kBadInput, "{}: byte {}: {} has wire type {}", where, field.offset, name,
         field.type);
  }
  std::string_view bytes(const WireField& field, std::string_view name) const {
    if (field.type != 2) wrong_type(field, name);
    return field.bytes;
  }
  std::string text(const WireField& field, std::string_view name) const {
    const std::string_view value = bytes(field, name);
    if (first_invalid_utf8(value))
      fail(ErrorCode::kBadInput, "{}: byte {}: {} isn't UTF-8", where, field.offset, name);
    return std::string(value);
  }
  std::uint64_t number(const WireField& field, std::string_view name) const {
    if (field.type != 0) wrong_type(field, name);
    return field.value;
  }
  bool flag(const WireField& field, std::string_view name) const {
    return number(field, name) != 0;
  }
};

ScoredPiece read_piece(const Reader& reader, WireReader wire, std::size_t id) {
  ScoredPiece piece;
  WireField field;
  while (wire.next(field)) {
    if (field.number == 1) piece.text = reader.text(field, "piece");
    if (field.number == 2) {
      if (field.type != 5) reader.wrong_type(field, "score");
      piece.score = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
    }
    if (field.number == 3) {
      const std::uint64_t type = reader.number(field, "type");
      if (type < 1 || type > 6)
        fail(ErrorCode::kBadInput, "{}: byte {}: piece {} has type {}, expected 1 to 6",
             reader.where, field.offset, id, type);
      piece.type = static_cast<PieceType>(type);
    }
  }
  if (piece.text.empty()) fail(ErrorCode::kBadInput, "{}: piece {} is empty", reader.where, id);
  if (id >= kMaxPieces) fail(ErrorCode::kBadInput, "{}: over {} pieces", reader.where, kMaxPieces);
  return piece;
}

void read_trainer(const Reader& reader, WireReader wire, Specs& specs) {
  specs.has_trainer = true;
  WireField field;
  while (wire.next(field)) {
    switch (field.number) {
      case 3:
        specs.model_type = reader.number(field, "model_type");
        break;
      case 24:
        specs.spaces.treat_whitespace_as_suffix = reader.flag(field, "treat_whitespace_as_suffix");
        break;
      case 35:
        specs.byte_fallback = reader.flag(field, "byte_fallback");
        break;
      case 44:
        specs.unk_surface = reader.text(field, "unk_surface");
        break;
      case 45:
        specs.unk_piece = reader.text(field, "unk_piece");
        break;
      case 46:
        specs.bos_piece = reader.text(field, "bos_piece");
        break;
      case 47:
        specs.eos_piece = reader.text(field, "eos_piece");
        break;
      default:
        break;  // how it was trained doesn't change what it does
    }
  }
}

/// Reads a normalizer_spec; `name` says which.
void read_normalizer(const Reader& reader, WireReader wire, std::string_view name,
                     SentencePieceStep& spaces) {
  WireField field;
  while (wire.next(field)) {
    switch (field.number) {
      case 2:
        if (!reader.bytes(field, "precompiled_charsmap").empty())
          fail(ErrorCode::kBadInput,
               "{}: {}.precompiled_charsmap: {} bytes of character map aren't supported; only "
               "models trained with the identity rule are",
               reader.where, name, field.bytes.size());
        break;
      case 3:
        spaces.add_dummy_prefix = reader.flag(field, "add_dummy_prefix");
        break;
      case 4:
        spaces.remove_extra_whitespaces = reader.flag(field, "remove_extra_whitespaces");
        break;
      case 5:
        spaces.escape_whitespaces = reader.flag(field, "escape_whitespaces");
        break;
      default:
        break;
    }
  }
}

void check_model_type(std::string_view where, const Specs& specs) {
  if (!specs.has_trainer)
    fail(ErrorCode::kBadInput, "{}: trainer_spec is missing, so the model type is unknown", where);
  constexpr std::string_view kNames[] = {"", "unigram", "bpe", "word", "char"};
  if (specs.model_type == 2) return;
  if (specs.model_type < 1 || specs.model_type > 4)
    fail(ErrorCode::kBadInput, "{}: trainer_spec.model_type: expected 2 (bpe), got {}", where,
         specs.model_type);
  fail(ErrorCode::kBadInput,
       "{}: trainer_spec.model_type: a {} model isn't supported; supported: bpe", where,
       kNames[specs.model_type]);
}

/// The control piece of this name, if there is one.
std::optional<TokenId> control_piece(const TokenizerParts& parts,
                                     const std::vector<ScoredPiece>& pieces,
                                     std::string_view name) {
  const auto id = parts.vocabulary.find(name);
  if (!id || pieces[id->value].type != PieceType::kControl) return std::nullopt;
  return id;
}

TokenizerParts build(const std::vector<ScoredPiece>& pieces, Specs specs,
                     const std::string& where) {
  TokenizerParts parts;
  parts.kind = "sentencepiece bpe";
  parts.where = where;
  parts.vocabulary = Vocabulary(pieces.size());
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const ScoredPiece& piece = pieces[id];
    parts.vocabulary.add(TokenId(id), piece.text, where);
    const bool special = piece.type == PieceType::kControl || piece.type == PieceType::kUnknown;
    if (special)
      parts.add_token({.id = TokenId(id), .content = piece.text, .special = true}, where);
  }
  parts.model = score_bpe(pieces, specs.byte_fallback, where);
  specs.spaces.user_defined = parts.model.frozen;
  parts.normalizer.steps.emplace_back(specs.spaces);
  parts.decode_replace.push_back({std::string(kSpaceMark), " "});
  parts.decode_bytes = specs.byte_fallback;
  parts.hide_special = true;
  parts.unk_surface = specs.unk_surface;
  parts.decode.bad_bytes = BadBytes::kEach;
  parts.decode.strip_by_piece = true;
  if (specs.spaces.remove_extra_whitespaces)
    parts.decode.n_strip = SIZE_MAX;
  else if (specs.spaces.add_dummy_prefix)
    parts.decode.n_strip = 1;
  parts.bos = control_piece(parts, pieces, specs.bos_piece);
  parts.eos = control_piece(parts, pieces, specs.eos_piece);
  parts.unk = parts.model.unk;
  parts.add_bos = parts.bos.has_value();
  return parts;
}

}  // namespace

TokenizerParts read_sentencepiece(std::string_view bytes, const std::string& where) {
  const Reader reader{where};
  Specs specs;
  std::vector<ScoredPiece> pieces;
  SentencePieceStep denormalizer;
  WireReader wire(bytes, 0, where);
  WireField field;
  const auto inner = [&](std::string_view name) {
    const std::string_view message = reader.bytes(field, name);
    return WireReader(message, wire.offset_of(message), where);
  };
  while (wire.next(field)) {
    switch (field.number) {
      case 1:
        pieces.push_back(read_piece(reader, inner("pieces"), pieces.size()));
        break;
      case 2:
        read_trainer(reader, inner("trainer_spec"), specs);
        break;
      case 3:
        read_normalizer(reader, inner("normalizer_spec"), "normalizer_spec", specs.spaces);
        break;
      case 5:
        read_normalizer(reader, inner("denormalizer_spec"), "denormalizer_spec", denormalizer);
        break;
      default:
        break;  // self_test_data and extensions
    }
  }
  if (pieces.empty())
    fail(ErrorCode::kBadInput, "{}: no pieces; is it a SentencePiece model?", where);
  check_model_type(where, specs);
  return build(pieces, std::move(specs), where);
}

}  // namespace moescope::tokenizer
