#include "core/tokenizer/tokenizer.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/sha256.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/parts.hpp"

namespace moescope::tokenizer {
namespace {

// Places in a text are 32 bits wide, also after a space has become the three bytes of its mark.
constexpr std::size_t kMaxText = 1u << 30;

Tokenizer finished(TokenizerParts parts, std::string_view bytes) {
  parts.hash = sha256_hex(bytes);
  parts.finish();
  return Tokenizer(std::make_shared<const TokenizerParts>(std::move(parts)));
}

void check_text(std::string_view text) {
  if (text.size() > kMaxText)
    fail(ErrorCode::kBadInput, "text: {} bytes, expected at most {}; split it", text.size(),
         kMaxText);
  if (const auto bad = first_invalid_utf8(text))
    fail(ErrorCode::kBadInput, "text: byte {}: expected UTF-8, got byte 0x{:02x}", *bad,
         static_cast<unsigned char>(text[*bad]));
}

/// Adds the tokens of one stretch of text without added tokens that are looked for in it as it is.
void encode_stretch(const TokenizerParts& parts, AlignedText text, bool special,
                    const AddedTokens::Permission& permitted, Merger& merger,
                    std::vector<Token>& out) {
  parts.normalizer.apply(text);
  std::vector<ModelToken> tokens;
  const auto put = [&](TokenId id, std::size_t begin, std::size_t end) {
    const Span span = text.origin(begin, end);
    out.push_back({id, span.begin, span.end});
  };
  AddedTokens::Permission here;
  if (permitted)
    here = [&](std::size_t begin, std::size_t end) {
      const Span span = text.origin(begin, end);
      return permitted(span.begin, span.end);
    };
  for (const Stretch& s : parts.in_normalized.cut(text.text(), special, here)) {
    if (s.id) {
      put(*s.id, s.begin, s.end);
      continue;
    }
    tokens.clear();
    parts.model.encode(text.text().substr(s.begin, s.end - s.begin), parts.vocabulary, merger,
                       tokens);
    out.reserve(out.size() + tokens.size());
    for (const ModelToken& t : tokens) put(t.id, s.begin + t.begin, s.begin + t.end);
  }
}

const TokenEntry& entry_of(const TokenizerParts& parts, TokenId id) {
  if (id.value >= parts.entries.size())
    fail(ErrorCode::kBadInput, "{}: token id {}: expected less than {}", parts.where, id.value,
         parts.entries.size());
  return parts.entries[id.value];
}

}  // namespace

Tokenizer Tokenizer::from_json_bytes(std::string_view bytes, const std::string& where) {
  return finished(read_hf_json(bytes, where), bytes);
}

Tokenizer Tokenizer::from_sentencepiece_bytes(std::string_view bytes, const std::string& where) {
  return finished(read_sentencepiece(bytes, where), bytes);
}

std::vector<Token> Tokenizer::encode(std::string_view text, SpecialText special) const {
  return encode_permitted(text, special == SpecialText::kRecognise, {});
}

std::vector<Token> Tokenizer::encode_around(std::string_view text,
                                            std::span<const Span> plain) const {
  return encode_permitted(text, true, plain);
}

std::vector<Token> Tokenizer::encode_permitted(std::string_view text, bool recognise,
                                               std::span<const Span> plain) const {
  check_text(text);
  AddedTokens::Permission permitted;
  if (!plain.empty())
    permitted = [plain](std::size_t begin, std::size_t end) {
      const auto first = std::partition_point(plain.begin(), plain.end(),
                                              [begin](const Span& s) { return s.end <= begin; });
      return first == plain.end() || first->begin >= end;
    };
  Merger merger(parts_->model.merges);
  std::vector<Token> out;
  for (const Stretch& s : parts_->in_text.cut(text, recognise, permitted)) {
    if (s.id)
      out.push_back({*s.id, s.begin, s.end});
    else
      encode_stretch(*parts_, AlignedText(text.substr(s.begin, s.end - s.begin), s.begin),
                     recognise, permitted, merger, out);
  }
  return out;
}

std::string_view Tokenizer::piece(TokenId id) const {
  entry_of(*parts_, id);
  return parts_->vocabulary.piece(id);
}

std::string Tokenizer::token_bytes(TokenId id) const {
  const TokenEntry& entry = entry_of(*parts_, id);
  return parts_->token_bytes.substr(entry.begin, entry.n_byte);
}

TokenText Tokenizer::token_text(TokenId id) const {
  const TokenEntry& entry = entry_of(*parts_, id);
  TokenText text{std::string_view(parts_->token_bytes).substr(entry.begin, entry.n_byte),
                 entry.is_byte, entry.has_mark};
  if (parts_->unk_surface && parts_->unk == id)
    text.bytes = *parts_->unk_surface;
  else if (parts_->hide_special && entry.is_special)
    text.bytes = {};
  return text;
}

std::string Tokenizer::decode(std::span<const TokenId> ids) const {
  TextBuilder builder(parts_->decode, false);
  std::string out;
  for (const TokenId id : ids) builder.push(token_text(id), out);
  builder.finish(out);
  return out;
}

std::size_t Tokenizer::n_vocab() const {
  return parts_->entries.size();
}
bool Tokenizer::is_special(TokenId id) const {
  return entry_of(*parts_, id).is_special;
}
bool Tokenizer::is_byte(TokenId id) const {
  return entry_of(*parts_, id).is_byte;
}

std::optional<TokenId> Tokenizer::find(std::string_view piece) const {
  return parts_->vocabulary.find(piece);
}

std::optional<TokenId> Tokenizer::bos() const {
  return parts_->bos;
}
std::optional<TokenId> Tokenizer::eos() const {
  return parts_->eos;
}
std::optional<TokenId> Tokenizer::unk() const {
  return parts_->unk;
}
bool Tokenizer::add_bos() const {
  return parts_->add_bos;
}
bool Tokenizer::add_eos() const {
  return parts_->add_eos;
}
const std::string& Tokenizer::hash() const {
  return parts_->hash;
}
const std::string& Tokenizer::kind() const {
  return parts_->kind;
}

DecodeStream::DecodeStream(const Tokenizer& tokenizer, bool continues)
    : tokenizer_(tokenizer), builder_(tokenizer.parts_->decode, true, continues) {}

std::string DecodeStream::push(TokenId id) {
  std::string out;
  builder_.push(tokenizer_.token_text(id), out);
  return out;
}

std::string DecodeStream::finish() {
  std::string out;
  builder_.finish(out);
  return out;
}

}  // namespace moescope::tokenizer
