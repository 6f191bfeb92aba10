#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moescope::tokenizer {

/// Bytes [begin, end) of the original text.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool operator==(const Span&) const = default;
};

/// Text on its way to the model: for each of its bytes, the original character that it stands for.
/// Inserted text takes the span of a neighbour, so that every token points at something.
class AlignedText {
 public:
  AlignedText() = default;
  /// Takes valid UTF-8 as it is; `offset` is where it begins in the original.
  AlignedText(std::string_view original, std::size_t offset);

  std::string_view text() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }
  /// The original bytes behind bytes [begin, end) of this text; begin < end.
  Span origin(std::size_t begin, std::size_t end) const noexcept;

  /// Puts `text` in front; it takes the span of the first character. Nothing happens to empty text.
  void prepend(std::string_view text);
  /// Replaces every `pattern`, leftmost first; the content takes the span of the last character
  /// replaced.
  void replace(std::string_view pattern, std::string_view content);
  /// Adds `text` at the end, standing for `origin`.
  void append(std::string_view text, Span origin);
  /// Adds bytes [begin, end) of another text.
  void append(const AlignedText& other, std::size_t begin, std::size_t end);
  /// Drops everything from byte `size` on.
  void truncate(std::size_t size);
  /// Drops everything before byte `begin`.
  void drop_front(std::size_t begin);

 private:
  /// Writes the spans out, which until then follow from the characters.
  void align();

  std::string text_;
  bool is_original_ = false;  ///< text_ stands in the original at offset_, and origin_ is empty
  std::size_t offset_ = 0;
  std::vector<Span> origin_;  ///< one a byte of text_
};

}  // namespace moescope::tokenizer
