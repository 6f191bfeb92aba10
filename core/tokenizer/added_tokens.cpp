#include "core/tokenizer/added_tokens.hpp"

#include <algorithm>

#include "core/base/utf8.hpp"
#include "core/tokenizer/unicode.hpp"

namespace moescope::tokenizer {
namespace {

/// The character that ends at `end`, in valid UTF-8; end > 0.
Utf8Char character_before(std::string_view text, std::size_t end) {
  std::size_t at = end - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u) --at;
  return decode_utf8(text, at).value_or(Utf8Char{U'\ufffd', end - at});
}

bool touches_word(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_word_character(character_before(text, begin).code)) return true;
  const auto next = decode_utf8(text, end);
  return next && is_word_character(next->code);
}

std::size_t skip_space_back(std::string_view text, std::size_t at, std::size_t least) {
  while (at > least) {
    const Utf8Char c = character_before(text, at);
    if (!is_white_space(c.code)) break;
    at -= c.n_byte;
  }
  return std::max(at, least);
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  for (auto c = decode_utf8(text, at); c && is_white_space(c->code); c = decode_utf8(text, at))
    at += c->n_byte;
  return at;
}

}  // namespace

void AddedTokens::add(const AddedToken& token, std::string_view pattern) {
  matcher_.add(pattern, static_cast<std::uint32_t>(tokens_.size()));
  tokens_.push_back(token);
}

std::optional<PrefixMatcher::Match> AddedTokens::permitted_match(
    std::string_view text, std::size_t at, PrefixMatcher::Match match,
    const Permission& permitted) const {
  std::optional<PrefixMatcher::Match> found = match;
  while (found && tokens_[found->value].special && !permitted(at, at + found->n_byte))
    found = matcher_.longest_at(text.substr(0, at + found->n_byte - 1), at);
  return found;
}

std::vector<Stretch> AddedTokens::cut(std::string_view text, bool special,
                                      const Permission& permitted) const {
  std::vector<Stretch> out;
  std::size_t done = 0;
  std::size_t at = 0;
  while (auto match = matcher_.next(text, at)) {
    if (special && permitted) match = permitted_match(text, at, *match, permitted);
    if (!match) {
      ++at;
      continue;
    }
    std::size_t begin = at;
    std::size_t end = at + match->n_byte;
    at = end;
    const AddedToken& token = tokens_[match->value];
    if (token.special && !special) continue;
    if (token.single_word && touches_word(text, begin, end)) continue;
    if (token.lstrip) begin = skip_space_back(text, begin, done);
    if (begin >= end) continue;  // white space that the token before has taken
    if (token.rstrip) end = skip_space(text, end);
    if (done < begin) out.push_back({std::nullopt, done, begin});
    out.push_back({token.id, begin, end});
    done = end;
  }
  if (done < text.size()) out.push_back({std::nullopt, done, text.size()});
  return out;
}

}  // namespace moescope::tokenizer
