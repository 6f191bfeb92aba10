#include "core/tokenizer/normalizer.hpp"

#include <algorithm>

#include "core/base/utf8.hpp"
#include "core/tokenizer/nfc.hpp"
#include "core/tokenizer/unicode.hpp"

namespace moescope::tokenizer {
namespace {

void apply_step(const PrependStep& step, AlignedText& text) {
  text.prepend(step.text);
}

void apply_step(const ReplaceStep& step, AlignedText& text) {
  text.replace(step.pattern, step.content);
}

void apply_step(const NfcStep&, AlignedText& text) {
  to_nfc(text);
}

void apply_step(const StripStep& step, AlignedText& text) {
  const std::string_view in = text.text();
  std::size_t begin = 0;
  std::size_t end = 0;  // behind the last character that stays
  bool inside = !step.left;
  for (std::size_t at = 0; at < in.size();) {
    const auto c = decode_utf8(in, at);
    const std::size_t n = c ? c->n_byte : 1;
    const bool space = c && is_white_space(c->code);
    if (!space && !inside) begin = at;
    inside = inside || !space;
    at += n;
    if (!space || !step.right) end = at;
  }
  if (!inside) begin = end = in.size();
  text.truncate(std::max(begin, end));
  text.drop_front(begin);
}

/// Copies one piece of input text, a character or a user-defined symbol, byte run by byte run.
void append_escaped(AlignedText& out, const AlignedText& in, std::size_t begin, std::size_t end,
                    std::string_view space) {
  const std::string_view text = in.text();
  std::size_t at = begin;
  while (at < end) {
    const auto c = decode_utf8(text, at);
    const std::size_t n = c ? c->n_byte : 1;
    const bool is_space = text[at] == ' ';
    out.append(is_space ? space : text.substr(at, n), in.origin(at, at + n));
    at += n;
  }
}

/// Whether a space stands at `at` that no user-defined symbol takes further.
bool lone_space(const SentencePieceStep& step, std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] != ' ') return false;
  const auto symbol = step.user_defined.longest_at(text, at);
  return !symbol || symbol->n_byte == 1;
}

/// Copies the text from `at` on, marks written for spaces and repeated spaces dropped if asked.
void escape_spaces(const SentencePieceStep& step, const AlignedText& text, std::size_t at,
                   AlignedText& out) {
  const std::string_view in = text.text();
  const std::string_view space = step.escape_whitespaces ? kSpaceMark : " ";
  bool after_space = step.remove_extra_whitespaces;
  while (at < in.size()) {
    const auto symbol = step.user_defined.longest_at(in, at);
    const auto c = decode_utf8(in, at);
    const std::size_t end = at + (symbol ? symbol->n_byte : c ? c->n_byte : 1);
    std::size_t begin = at;
    while (after_space && begin < end && in[begin] == ' ') ++begin;
    append_escaped(out, text, begin, end, space);
    if (begin < end) after_space = step.remove_extra_whitespaces && in[end - 1] == ' ';
    at = end;
  }
  if (step.remove_extra_whitespaces)
    while (out.text().ends_with(space)) out.truncate(out.text().size() - space.size());
}

/// Follows Normalizer::Normalize of SentencePiece 0.1.97 step by step; the spans are the rule of
/// the fast tokenizers: a prefix shares the first character's span, a suffix the last one's.
void apply_step(const SentencePieceStep& step, AlignedText& text) {
  std::size_t at = 0;
  if (step.remove_extra_whitespaces)
    while (lone_space(step, text.text(), at)) ++at;
  AlignedText out;
  if (at < text.text().size()) {
    const std::string_view space = step.escape_whitespaces ? kSpaceMark : " ";
    const bool prefix = step.add_dummy_prefix && !step.treat_whitespace_as_suffix;
    const bool suffix = step.add_dummy_prefix && step.treat_whitespace_as_suffix;
    if (prefix) out.append(space, text.origin(at, at + 1));
    escape_spaces(step, text, at, out);
    const AlignedText& last = out.empty() ? text : out;
    if (suffix) out.append(space, last.origin(last.text().size() - 1, last.text().size()));
  }
  text = std::move(out);
}

}  // namespace

void Normalizer::apply(AlignedText& text) const {
  for (const NormalizerStep& step : steps)
    std::visit([&text](const auto& s) { apply_step(s, text); }, step);
}

}  // namespace moescope::tokenizer
