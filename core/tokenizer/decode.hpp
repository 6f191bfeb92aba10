#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/index.hpp"

namespace moescope::tokenizer {

/// What becomes of bytes that are no UTF-8 when tokens are put together.
enum class BadBytes {
  kWholeRun,  ///< one U+FFFD for every byte of the run of byte tokens (ByteFallback)
  kEach,      ///< one U+FFFD for each offending byte (SentencePiece)
  kSequence,  ///< one U+FFFD for each beginning of a character that isn't completed (ByteLevel)
};

/// How tokens become text.
struct DecodeRules {
  BadBytes bad_bytes = BadBytes::kEach;
  std::string separator;          ///< between tokens
  std::size_t n_strip = 0;        ///< leading spaces that the decoded text loses
  bool strip_by_piece = false;    ///< only space marks count, one a piece (SentencePiece)
  bool drop_first_marks = false;  ///< the first token loses every space mark (Metaspace)
};

/// What one token stands for.
struct TokenText {
  std::string_view bytes;
  std::string_view piece;
  bool may_be_part = false;  ///< the bytes may need those of other tokens to be text
  bool has_mark = false;     ///< the piece begins with a space mark
};

/// Puts text together token by token and hands out whole characters only. Byte tokens are held
/// back until they complete a character.
class TextBuilder {
 public:
  /// With `streaming`, valid characters of a run leave at once; without, a run of byte tokens waits
  /// for its end, as BadBytes::kWholeRun asks.
  /// With `continues`, other text stands before: nothing is stripped from the beginning.
  TextBuilder(const DecodeRules& rules, bool streaming, bool continues = false)
      : rules_(rules), streaming_(streaming), began_(continues), first_(!continues) {}
  void push(const TokenText& token, std::string& out);
  void finish(std::string& out);

 private:
  void flush(bool at_end, std::string& out);
  void emit(std::string_view text, std::string& out);

  DecodeRules rules_;
  bool streaming_;
  std::string run_;  ///< bytes of tokens that may be part, not handed out yet
  std::size_t n_stripped_ = 0;
  bool began_ = false;  ///< text that is not stripped has been handed out
  bool first_ = true;
};

}  // namespace moescope::tokenizer
