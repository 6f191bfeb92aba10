#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/index.hpp"
#include "core/tokenizer/aligned_text.hpp"
#include "core/tokenizer/decode.hpp"

namespace moescope::tokenizer {

struct TokenizerParts;
struct GgufVocabulary;

/// One token of a text and the bytes [begin, end) of the original text that it stands for.
struct Token {
  TokenId id;
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const Token&) const = default;
};

/// What special tokens that occur in a text are.
enum class SpecialText {
  kPlain,      ///< text like any other; nothing in a text becomes a control token
  kRecognise,  ///< the tokens that they name
};

/// Text to token ids and back. A value: copies share what was read, which never changes.
class Tokenizer {
 public:
  /// Reads a tokenizer.json, a tekken.json or a SentencePiece model; the content tells which.
  /// Errors: kBadInput, as the from_…_bytes below; a file of another kind.
  static Tokenizer load_file(const std::filesystem::path& file);

  /// Reads the tokenizer of a model folder: tokenizer.json, else tokenizer.model, else
  /// tekken.json, with
  /// tokenizer_config.json, special_tokens_map.json and added_tokens.json where they are.
  /// Errors: kBadInput, also for a folder without a tokenizer, naming the files it lacks.
  static Tokenizer load_model_folder(const std::filesystem::path& folder);

  /// Reads a tokenizer.json from memory; `where` is what messages call it.
  /// Errors: kBadInput for malformed content and, by name, for every part that isn't supported.
  static Tokenizer from_json_bytes(std::string_view bytes, const std::string& where);

  /// Reads a SentencePiece model from memory; `where` is what messages call it.
  /// Errors: kBadInput for malformed content and, by name, for every part that isn't supported.
  static Tokenizer from_sentencepiece_bytes(std::string_view bytes, const std::string& where);

  /// Reads Mistral's tekken.json from memory; `where` is what messages call it.
  /// Errors: kBadInput for malformed content and, by name, for every part that isn't supported.
  static Tokenizer from_tekken_bytes(std::string_view bytes, const std::string& where);

  /// Builds the tokenizer of a vocabulary inside a GGUF file; gguf_vocabulary.hpp gathers one. Its
  /// hash is that of the vocabulary, not of the file.
  /// Errors: kBadInput for malformed content and, by name, for every part that isn't supported.
  static Tokenizer from_gguf_vocabulary(const GgufVocabulary& vocabulary);

  explicit Tokenizer(std::shared_ptr<const TokenizerParts> parts) : parts_(std::move(parts)) {}

  /// Cuts a text into tokens. Nothing is added at its ends.
  /// Units:  offsets are bytes of `text`: the characters that the token stands for. Each byte token
  ///         of a character spans all of it; an inserted space mark spans the next character.
  /// Errors: kBadInput with the byte offset where the text isn't UTF-8; a character without a token
  ///         where the vocabulary has no unknown token.
  std::vector<Token> encode(std::string_view text, SpecialText special) const;
  /// As encode with special tokens recognised, except where one would take a byte of `plain`: spans
  /// in order, apart from one another, whose text stays text.
  std::vector<Token> encode_around(std::string_view text, std::span<const Span> plain) const;

  /// The piece as the vocabulary writes it, such as "▁the" or "<0x0A>"; empty for an id in a hole.
  /// Errors: kBadInput for an id beyond the vocabulary, here and below.
  std::string_view piece(TokenId id) const;
  /// The bytes a token stands for inside running text: " the", "\n"; a special token's own text.
  std::string token_bytes(TokenId id) const;
  /// Puts tokens together as the reference implementation does, with the space at the beginning
  /// dropped where it drops it. What isn't UTF-8 becomes U+FFFD. Of a tokenizer.json, special
  /// tokens are text like others; of a SentencePiece model, they vanish.
  std::string decode(std::span<const TokenId> ids) const;

  /// One more than the largest token id.
  std::size_t n_vocab() const;
  bool is_special(TokenId id) const;
  /// Whether the token is a single byte, such as "<0x0A>".
  bool is_byte(TokenId id) const;
  std::optional<TokenId> find(std::string_view piece) const;

  std::optional<TokenId> bos() const;
  std::optional<TokenId> eos() const;
  std::optional<TokenId> unk() const;
  /// Whether the model expects its bos (eos) around a text.
  bool add_bos() const;
  bool add_eos() const;

  /// SHA-256 of the file; of a folder, of the sorted lines "<file sha256>  <name>" of what was
  /// read.
  const std::string& hash() const;
  /// "tokenizer.json bpe", "sentencepiece bpe", "tekken", "gguf llama" or "gguf gpt2".
  const std::string& kind() const;

 private:
  friend class DecodeStream;
  TokenText token_text(TokenId id) const;
  std::vector<Token> encode_permitted(std::string_view text, bool special,
                                      std::span<const Span> plain) const;

  std::shared_ptr<const TokenizerParts> parts_;
};

/// Decodes while tokens arrive and never hands out part of a character. All it hands out makes
/// the text of Tokenizer::decode, except that of byte tokens that make no valid text together each
/// offending byte becomes U+FFFD, where decode may replace all of them.
class DecodeStream {
 public:
  /// With `continues` the text goes on behind other text, whose end the tokens follow: it keeps the
  /// leading space that the beginning of a text would lose.
  explicit DecodeStream(const Tokenizer& tokenizer, bool continues = false);
  /// The text that is certain now; often empty while a character is incomplete.
  std::string push(TokenId id);
  /// What is left at the end.
  std::string finish();

 private:
  Tokenizer tokenizer_;
  TextBuilder builder_;
};

}  // namespace moescope::tokenizer
