#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/index.hpp"
#include "core/base/json.hpp"
#include "core/tokenizer/added_tokens.hpp"
#include "core/tokenizer/bpe.hpp"
#include "core/tokenizer/decode.hpp"
#include "core/tokenizer/normalizer.hpp"
#include "core/tokenizer/pre_tokenizer.hpp"
#include "core/tokenizer/vocabulary.hpp"
#include "core/tokenizer/workspace.hpp"

namespace moescope::tokenizer {

/// How one token is written when tokens become text.
struct TokenEntry {
  std::size_t begin = 0;  ///< into TokenizerParts::token_bytes
  std::uint32_t n_byte = 0;
  bool is_special = false;
  bool is_added = false;
  bool is_byte = false;
  bool may_be_part = false;  ///< its bytes may need those of other tokens to be text
  bool has_mark = false;
};

/// What a `ByteLevel` post-processor does to offsets.
struct TrimOffsets {
  bool on = false;                 ///< spaces at the ends of a token are left out
  bool keeps_first_space = false;  ///< but a single one before the first token stays
};

/// Everything a tokenizer is made of. A reader of some format fills it, `finish` completes it, and
/// from then on it is constant.
struct TokenizerParts {
  std::string kind;
  std::string hash;
  std::string where;  ///< what messages call it

  Vocabulary vocabulary;
  std::vector<AddedToken> added;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  BpeModel model;
  TrimOffsets trim_offsets;

  std::vector<ReplaceStep> decode_replace;  ///< what happens to each piece
  bool decode_bytes = false;                ///< pieces like "<0x0A>" are bytes
  bool decode_byte_level = false;           ///< pieces are written in the alphabet of bytes
  bool hide_special = false;                ///< special tokens decode to nothing (SentencePiece)
  std::optional<std::string> unk_surface;   ///< what the unknown token decodes to
  DecodeRules decode;

  std::optional<TokenId> bos;
  std::optional<TokenId> eos;
  std::optional<TokenId> unk;
  bool add_bos = false;
  bool add_eos = false;

  // Made by finish().
  AddedTokens in_text;        ///< looked for in the text as it is
  AddedTokens in_normalized;  ///< looked for in normalised text
  std::string token_bytes;
  std::vector<TokenEntry> entries;
  std::shared_ptr<WorkspacePool> workspaces;

  /// Whether a token with this content is among the added ones.
  bool is_added(std::string_view content) const;
  /// Adds a token, its piece too where the vocabulary lacks it.
  /// Errors: kBadInput for content that is empty or long, or an id that contradicts the vocabulary.
  void add_token(AddedToken token, std::string_view from);
  /// Lets the model run over the bytes of a text; its vocabulary is complete but for added tokens.
  void use_bytes();
  void finish();
};

/// Reads a tokenizer.json from memory. `where` is what messages call it.
/// Errors: kBadInput for malformed content and, by name, for every part that isn't supported.
TokenizerParts read_hf_json(std::string_view bytes, const std::string& where);
TokenizerParts read_hf_json(const JsonNode& root);

/// Reads a SentencePiece model from memory. `where` is what messages call it.
/// Errors: kBadInput for malformed content and, by name, for every part that isn't supported.
TokenizerParts read_sentencepiece(std::string_view bytes, const std::string& where);

/// Reads Mistral's tekken.json from memory. `where` is what messages call it.
/// Errors: kBadInput for malformed content and, by name, for every part that isn't supported.
TokenizerParts read_tekken(std::string_view bytes, const std::string& where);
TokenizerParts read_tekken(const JsonNode& root);

struct GgufVocabulary;
/// Errors: kBadInput for malformed content and, by name, for every part that isn't supported.
TokenizerParts read_gguf_vocabulary(const GgufVocabulary& vocabulary);

}  // namespace moescope::tokenizer
