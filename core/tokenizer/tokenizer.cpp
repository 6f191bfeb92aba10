#include "core/tokenizer/tokenizer.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/sha256.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/parts.hpp"
#include "core/tokenizer/unicode.hpp"

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

/// The normalised text that became an added token.
struct AddedText {
  std::size_t token = 0;  ///< which one of the tokens
  std::string text;
};

/// Writes the tokens of one text, stretch by stretch.
class Encoder {
 public:
  Encoder(const TokenizerParts& parts, bool special, const AddedTokens::Permission& permitted,
          Workspace& workspace, std::vector<Token>& out)
      : parts_(parts), special_(special), permitted_(permitted), work_(workspace), out_(out) {}

  /// A stretch without added tokens that are looked for in the text as it is.
  void stretch(AlignedText text) {
    parts_.normalizer.apply(text);
    if (parts_.in_normalized.empty()) {
      pieces(std::move(text));
      return;
    }
    AddedTokens::Permission here;
    if (permitted_)
      here = [&](std::size_t begin, std::size_t end) {
        const Span span = text.origin(begin, end);
        return permitted_(span.begin, span.end);
      };
    for (const Stretch& s : parts_.in_normalized.cut(text.text(), special_, here)) {
      if (s.id) {
        const Span span = text.origin(s.begin, s.end);
        if (parts_.trim_offsets.on)
          added_texts_.push_back(
              {out_.size(), std::string(text.text().substr(s.begin, s.end - s.begin))});
        out_.push_back({*s.id, span.begin, span.end});
        continue;
      }
      AlignedText part;
      part.append(text, s.begin, s.end);
      pieces(std::move(part));
    }
  }

  /// Those that were found in normalised text, in order; kept where offsets are trimmed.
  const std::vector<AddedText>& added_texts() const { return added_texts_; }

 private:
  void pieces(AlignedText text) {
    work_.cut.text = std::move(text);
    parts_.pre_tokenizer.apply(work_.cut, work_.regex);
    const std::string_view all = work_.cut.text.text();
    for (const TextRange& range : work_.cut.pieces) {
      const std::string_view piece = all.substr(range.begin, range.end - range.begin);
      work_.tokens.clear();
      if (!work_.words.find(piece, work_.tokens)) {
        parts_.model.encode(piece, parts_.vocabulary, work_.merger, work_.tokens);
        work_.words.store(piece, work_.tokens);
      }
      for (const ModelToken& t : work_.tokens) {
        const Span span = work_.cut.text.origin(range.begin + t.begin, range.begin + t.end);
        out_.push_back({t.id, span.begin, span.end});
      }
    }
  }

  const TokenizerParts& parts_;
  bool special_;
  const AddedTokens::Permission& permitted_;
  Workspace& work_;
  std::vector<Token>& out_;
  std::vector<AddedText> added_texts_;
};

bool is_space_letter(char32_t c) {
  constexpr char32_t kByteSpace = 0x120;
  return c == kByteSpace || is_white_space(c);
}

/// How many characters at the front (back) of a piece are spaces.
std::size_t spaces_in_front(std::string_view piece) {
  std::size_t n = 0;
  for (auto c = decode_utf8(piece, 0); c && is_space_letter(c->code); c = decode_utf8(piece, 0)) {
    piece.remove_prefix(c->n_byte);
    ++n;
  }
  return n;
}

std::size_t spaces_at_back(std::string_view piece) {
  std::size_t n = 0;
  std::size_t n_run = 0;
  for (std::size_t at = 0; at < piece.size(); ++n) {
    const auto c = decode_utf8(piece, at);
    n_run = c && is_space_letter(c->code) ? n_run + 1 : 0;
    at += c ? c->n_byte : 1;
  }
  return n_run;
}

/// Takes the spaces at the ends of each token out of its span, as a ByteLevel post-processor does:
/// a character of the text for each.
void trim_offsets(const TokenizerParts& parts, std::string_view text,
                  const std::vector<AddedText>& added_texts, std::vector<Token>& tokens) {
  auto added = added_texts.begin();
  const auto inside = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u;
  };
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    Token& token = tokens[i];
    // Of an added token that counts which it has swallowed, too.
    std::string_view piece = parts.entries[token.id.value].is_added
                                 ? text.substr(token.begin, token.end - token.begin)
                                 : parts.vocabulary.piece(token.id);
    if (added != added_texts.end() && added->token == i) piece = (added++)->text;
    std::size_t n_front = spaces_in_front(piece);
    std::size_t n_back = spaces_at_back(piece);
    if (n_front == 1 && parts.trim_offsets.keeps_first_space && (i == 0 || token.begin == 0))
      n_front = 0;
    for (; n_front > 0 && token.begin < token.end; --n_front) {
      ++token.begin;
      while (inside(token.begin)) ++token.begin;
    }
    for (; n_back > 0 && token.end > token.begin; --n_back) {
      --token.end;
      while (inside(token.end)) --token.end;
    }
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

Tokenizer Tokenizer::from_tekken_bytes(std::string_view bytes, const std::string& where) {
  return finished(read_tekken(bytes, where), bytes);
}

Tokenizer Tokenizer::from_gguf_vocabulary(const GgufVocabulary& vocabulary) {
  TokenizerParts parts = read_gguf_vocabulary(vocabulary);
  parts.finish();
  return Tokenizer(std::make_shared<const TokenizerParts>(std::move(parts)));
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
  std::unique_ptr<Workspace> workspace = parts_->workspaces->take(parts_->model.merges);
  workspace->regex.begin(text.size());
  std::vector<Token> out;
  out.reserve(text.size() / 4 + 8);
  Encoder encoder(*parts_, recognise, permitted, *workspace, out);
  for (const Stretch& s : parts_->in_text.cut(text, recognise, permitted)) {
    if (s.id)
      out.push_back({*s.id, s.begin, s.end});
    else
      encoder.stretch(AlignedText(text.substr(s.begin, s.end - s.begin), s.begin));
  }
  parts_->workspaces->put_back(std::move(workspace));
  if (parts_->trim_offsets.on) trim_offsets(*parts_, text, encoder.added_texts(), out);
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
                 parts_->vocabulary.piece(id), entry.may_be_part, entry.has_mark};
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
