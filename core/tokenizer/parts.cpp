#include "core/tokenizer/parts.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/byte_level.hpp"
#include "core/tokenizer/score_bpe.hpp"

namespace moescope::tokenizer {
namespace {

constexpr std::size_t kMaxAddedBytes = 1024;

std::string shown(std::string_view piece) {
  return json_string(piece.substr(0, 80));
}

}  // namespace

bool TokenizerParts::is_added(std::string_view content) const {
  return std::ranges::any_of(added, [&](const AddedToken& t) { return t.content == content; });
}

void TokenizerParts::add_token(AddedToken token, std::string_view from) {
  if (token.content.empty())
    fail(ErrorCode::kBadInput, "{}: added token {} is empty", from, token.id.value);
  if (token.content.size() > kMaxAddedBytes)
    fail(ErrorCode::kBadInput, "{}: added token {} has {} bytes, expected at most {}", from,
         token.id.value, token.content.size(), kMaxAddedBytes);
  const auto known = vocabulary.find(token.content);
  if (known && *known != token.id)
    fail(ErrorCode::kBadInput, "{}: added token {} has id {}, but the vocabulary gives it {}", from,
         shown(token.content), token.id.value, known->value);
  if (!known) {
    vocabulary.add(token.id, token.content, from);
    model.outside.insert(token.id.value, true);
  }
  added.push_back(std::move(token));
}

void TokenizerParts::finish() {
  std::vector<bool> special(vocabulary.n_id());
  for (const AddedToken& token : added) {
    special[token.id.value] = special[token.id.value] || token.special;
    if (!token.normalized) {
      in_text.add(token, token.content);
      continue;
    }
    AlignedText pattern(token.content, 0);
    normalizer.apply(pattern);
    in_normalized.add(token, pattern.text());
  }
  entries.resize(vocabulary.n_id());
  for (const AddedToken& token : added) entries[token.id.value].is_added = true;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string_view piece = vocabulary.piece(TokenId(i));
    TokenEntry& entry = entries[i];
    entry.begin = token_bytes.size();
    entry.is_special = special[i];
    entry.has_mark = !special[i] && piece.starts_with(kSpaceMark);
    const auto byte = decode_bytes ? byte_of_piece(piece) : std::nullopt;
    const auto bytes = decode_byte_level && !entry.is_added ? bytes_of_piece(piece) : std::nullopt;
    if (byte) {
      token_bytes += static_cast<char>(*byte);
    } else if (bytes) {
      token_bytes.append(*bytes);
    } else if (special[i] && hide_special) {
      token_bytes.append(piece);
    } else {
      AlignedText text(piece, 0);
      for (const ReplaceStep& step : decode_replace) text.replace(step.pattern, step.content);
      token_bytes.append(text.text());
    }
    entry.n_byte = static_cast<std::uint32_t>(token_bytes.size() - entry.begin);
    entry.is_byte = byte || (bytes && bytes->size() == 1);
    entry.may_be_part = byte || decode_byte_level;
  }
  workspaces = std::make_shared<WorkspacePool>();
}

void TokenizerParts::use_bytes() {
  model.byte_symbols.assign(256, UINT32_MAX);
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string piece;
    append_utf8(piece, byte_character(static_cast<unsigned char>(byte)));
    if (const auto id = vocabulary.find(piece)) model.byte_symbols[byte] = id->value;
  }
}

}  // namespace moescope::tokenizer
