#include "core/tokenizer/gguf_vocabulary.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/gguf_pre_tokenizers.hpp"
#include "core/tokenizer/hf_steps.hpp"
#include "core/tokenizer/parts.hpp"
#include "core/tokenizer/score_bpe.hpp"
#include "core/tokenizer/tokenizer.hpp"

namespace moescope::tokenizer {
namespace {

// No vocabulary in use has a tenth of this.
constexpr std::size_t kMaxTokens = 1u << 22;

std::string key_name(std::string_view name) {
  return fmt::format("tokenizer.ggml.{}", name);
}

[[noreturn]] void refuse(const GgufVocabulary& v, std::string_view key, std::string_view what) {
  fail(ErrorCode::kBadInput, "{}: key '{}': {}", v.where, key_name(key), what);
}

void check_counts(const GgufVocabulary& v) {
  if (v.tokens.empty()) refuse(v, "tokens", "expected at least one token");
  if (v.tokens.size() > kMaxTokens)
    refuse(v, "tokens",
           fmt::format("expected at most {} tokens, got {}", kMaxTokens, v.tokens.size()));
  const auto check = [&](std::string_view key, std::size_t n, bool needed) {
    if (n != v.tokens.size() && (needed || n != 0))
      refuse(v, key, fmt::format("expected {} values, one a token, got {}", v.tokens.size(), n));
  };
  check("scores", v.scores.size(), v.model == "llama");
  check("token_type", v.token_types.size(), v.model == "llama");
  for (std::size_t i = 0; i < v.tokens.size(); ++i)
    if (first_invalid_utf8(v.tokens[i]))
      refuse(v, "tokens", fmt::format("token {} isn't UTF-8", i));
}

PieceType type_of(const GgufVocabulary& v, std::size_t id) {
  if (v.token_types.empty()) return PieceType::kNormal;
  const std::int64_t type = v.token_types[id];
  if (type < 1 || type > 6)
    refuse(v, "token_type", fmt::format("token {} has type {}, expected 1 to 6", id, type));
  return static_cast<PieceType>(type);
}

std::optional<TokenId> special_id(const GgufVocabulary& v, std::string_view key,
                                  std::optional<std::uint64_t> id) {
  if (!id) return std::nullopt;
  if (*id >= v.tokens.size())
    refuse(v, key, fmt::format("expected less than {}, got {}", v.tokens.size(), *id));
  return TokenId(static_cast<std::size_t>(*id));
}

/// Padding of a vocabulary to a round size repeats pieces in some files; those are refused, as no
/// text could tell them apart.
void add_tokens(const GgufVocabulary& v, TokenizerParts& parts) {
  const std::string from = fmt::format("{}: key '{}'", v.where, key_name("tokens"));
  parts.vocabulary = Vocabulary(v.tokens.size());
  for (std::size_t id = 0; id < v.tokens.size(); ++id) {
    if (v.tokens[id].empty()) refuse(v, "tokens", fmt::format("token {} is empty", id));
    parts.vocabulary.add(TokenId(id), v.tokens[id], from);
  }
}

/// Control tokens are special; in gpt2, user-defined ones are found in every text.
void add_found_tokens(const GgufVocabulary& v, bool user_defined, TokenizerParts& parts) {
  for (std::size_t id = 0; id < v.tokens.size(); ++id) {
    const PieceType type = type_of(v, id);
    const bool special = type == PieceType::kControl || type == PieceType::kUnknown;
    if (!special && !(user_defined && type == PieceType::kUserDefined)) continue;
    parts.add_token({.id = TokenId(id), .content = v.tokens[id], .special = special},
                    fmt::format("{}: key '{}'", v.where, key_name("tokens")));
    parts.model.outside.insert(id, true);
  }
}

void add_merges(const GgufVocabulary& v, TokenizerParts& parts) {
  std::string joined;
  for (std::size_t i = 0; i < v.merges.size(); ++i) {
    const std::string_view text = v.merges[i];
    const std::size_t space = text.find(' ', 1);
    const auto complain = [&](std::string_view what) {
      refuse(v, "merges", fmt::format("merge {} {}: {}", i, json_string(text.substr(0, 80)), what));
    };
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos)
      complain("expected two pieces with a space between");
    const auto id_of = [&](std::string_view piece) {
      const auto id = parts.vocabulary.find(piece);
      if (!id)
        complain(fmt::format("piece {} isn't in the vocabulary", json_string(piece.substr(0, 80))));
      return id->value;
    };
    const std::string_view left = text.substr(0, space);
    const std::string_view right = text.substr(space + 1);
    joined.assign(left).append(right);
    const Merge merge{static_cast<std::uint32_t>(i), id_of(joined)};
    if (!parts.model.merges.add(id_of(left), id_of(right), merge))
      complain("the pair stands twice");
  }
}

TokenizerParts read_gpt2(const GgufVocabulary& v) {
  const PreTokenizerRow* row = find_pre_tokenizer(v.pre);
  if (row == nullptr && v.pre.empty())
    fail(ErrorCode::kBadInput,
         "{}: key '{}' is missing, which says how the vocabulary's text is cut; convert the model "
         "again with a newer converter",
         v.where, key_name("pre"));
  if (row == nullptr)
    refuse(v, "pre",
           fmt::format("{} isn't supported; supported: {}", json_string(v.pre.substr(0, 80)),
                       pre_tokenizer_names()));
  TokenizerParts parts;
  parts.kind = "gguf gpt2";
  add_tokens(v, parts);
  parts.model.n_id = static_cast<std::uint32_t>(v.tokens.size());
  parts.model.ignore_merges = row->ignore_merges;
  add_merges(v, parts);
  parts.use_bytes();
  add_found_tokens(v, true, parts);
  for (const std::string_view pattern : row->patterns)
    if (!pattern.empty())
      parts.pre_tokenizer.steps.emplace_back(
          SplitStep{Regex(pattern, RegexDialect::kOniguruma, v.where)});
  parts.decode_byte_level = true;
  parts.decode.bad_bytes = BadBytes::kSequence;
  parts.add_bos = v.add_bos.value_or(false);
  return parts;
}

TokenizerParts read_llama(const GgufVocabulary& v) {
  TokenizerParts parts;
  parts.kind = "gguf llama";
  add_tokens(v, parts);
  add_found_tokens(v, false, parts);
  std::vector<ScoredPiece> pieces;
  bool bytes = false;
  for (std::size_t id = 0; id < v.tokens.size(); ++id) {
    pieces.push_back({v.tokens[id], v.scores[id], type_of(v, id)});
    bytes = bytes || pieces.back().type == PieceType::kByte;
  }
  parts.model = score_bpe(pieces, bytes, v.where);
  SentencePieceStep spaces{.add_dummy_prefix = v.add_space_prefix.value_or(true),
                           .remove_extra_whitespaces = v.remove_extra_whitespaces.value_or(false)};
  spaces.user_defined = parts.model.frozen;
  parts.decode_replace.push_back({std::string(kSpaceMark), " "});
  parts.decode_bytes = bytes;
  parts.decode.bad_bytes = BadBytes::kEach;
  parts.decode.strip_by_piece = true;
  if (spaces.remove_extra_whitespaces)
    parts.decode.n_strip = SIZE_MAX;
  else if (spaces.add_dummy_prefix)
    parts.decode.n_strip = 1;
  parts.hide_special = true;
  parts.normalizer.steps.emplace_back(std::move(spaces));
  parts.unk = parts.model.unk;
  parts.add_bos = v.add_bos.value_or(true);
  return parts;
}

/// What the vocabulary says, one value a line, so that equal vocabularies have equal hashes however
/// their files are laid out.
std::string canonical(const GgufVocabulary& v) {
  std::string text = fmt::format("{}\n{}\n", json_string(v.model), json_string(v.pre));
  for (const std::string& token : v.tokens) text += json_string(token) + '\n';
  for (const float score : v.scores)
    text += fmt::format("{:08x}\n", std::bit_cast<std::uint32_t>(score));
  for (const std::int64_t type : v.token_types) text += fmt::format("{}\n", type);
  for (const std::string& merge : v.merges) text += json_string(merge) + '\n';
  const auto number = [](std::optional<std::uint64_t> n) {
    return n ? fmt::format("{}\n", *n) : std::string("-\n");
  };
  const auto flag = [](std::optional<bool> b) { return b ? (*b ? "1\n" : "0\n") : "-\n"; };
  text += number(v.bos) + number(v.eos) + number(v.unk);
  text += flag(v.add_bos);
  text += flag(v.add_eos);
  text += flag(v.add_space_prefix);
  text += flag(v.remove_extra_whitespaces);
  return text;
}

}  // namespace

GgufVocabulary gather_gguf_vocabulary(const GgufKeys& keys) {
  GgufVocabulary v;
  v.where = keys.where;
  const auto missing = [&](std::string_view key) {
    fail(ErrorCode::kBadInput, "{}: key '{}' is missing; the file has no vocabulary", keys.where,
         key_name(key));
  };
  const auto model = keys.string(key_name("model"));
  if (!model) missing("model");
  v.model = *model;
  v.pre = keys.string(key_name("pre")).value_or("");
  auto tokens = keys.strings(key_name("tokens"));
  if (!tokens) missing("tokens");
  v.tokens = std::move(*tokens);
  v.scores = keys.floats(key_name("scores")).value_or(std::vector<float>{});
  v.token_types = keys.integers(key_name("token_type")).value_or(std::vector<std::int64_t>{});
  v.merges = keys.strings(key_name("merges")).value_or(std::vector<std::string>{});
  v.bos = keys.uint(key_name("bos_token_id"));
  v.eos = keys.uint(key_name("eos_token_id"));
  v.unk = keys.uint(key_name("unknown_token_id"));
  v.add_bos = keys.boolean(key_name("add_bos_token"));
  v.add_eos = keys.boolean(key_name("add_eos_token"));
  v.add_space_prefix = keys.boolean(key_name("add_space_prefix"));
  v.remove_extra_whitespaces = keys.boolean(key_name("remove_extra_whitespaces"));
  if (keys.string(key_name("precompiled_charsmap")) ||
      keys.integers(key_name("precompiled_charsmap")))
    refuse(v, "precompiled_charsmap", "a character map isn't supported");
  return v;
}

TokenizerParts read_gguf_vocabulary(const GgufVocabulary& v) {
  if (v.model != "llama" && v.model != "gpt2")
    refuse(v, "model",
           fmt::format("{} isn't supported; supported: llama, gpt2",
                       json_string(std::string_view(v.model).substr(0, 80))));
  check_counts(v);
  TokenizerParts parts = v.model == "llama" ? read_llama(v) : read_gpt2(v);
  parts.where = v.where;
  parts.hash = sha256_hex(canonical(v));
  parts.bos = special_id(v, "bos_token_id", v.bos);
  parts.eos = special_id(v, "eos_token_id", v.eos);
  if (const auto unk = special_id(v, "unknown_token_id", v.unk)) parts.unk = unk;
  parts.add_bos = parts.add_bos && parts.bos;
  parts.add_eos = v.add_eos.value_or(false) && parts.eos;
  return parts;
}

}  // namespace moescope::tokenizer
