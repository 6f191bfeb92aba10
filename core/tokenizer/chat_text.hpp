#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/aligned_text.hpp"
#include "core/tokenizer/chat_budget.hpp"

namespace moescope::tokenizer {

/// A string of a template: UTF-8, and which of its bytes came from a message.
struct ChatText {
  std::string bytes;
  std::vector<Span> foreign;  ///< in order, apart from one another
  bool safe = false;          ///< went through the filter `safe`
};

/// Puts a string together; where its parts came from stays known.
class TextWriter {
 public:
  explicit TextWriter(Budget& budget) : budget_(&budget) {}

  void add(std::string_view bytes, bool foreign);
  /// The bytes [begin, end) of a text.
  void add(const ChatText& text, std::size_t begin, std::size_t end);
  void add(const ChatText& text) { add(text, 0, text.bytes.size()); }
  void add_character(char32_t code, bool foreign);
  std::size_t size() const { return text_.bytes.size(); }
  ChatText take() { return std::move(text_); }

 private:
  void mark(std::size_t begin, std::size_t end);

  Budget* budget_;
  ChatText text_;
};

/// Walks over the characters of a text.
class TextReader {
 public:
  explicit TextReader(const ChatText& text) : text_(&text) {}
  bool next();
  char32_t code() const { return code_; }
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return end_; }
  bool foreign();

 private:
  const ChatText* text_;
  std::size_t begin_ = 0, end_ = 0, span_ = 0;
  char32_t code_ = 0;
};

/// Characters of valid UTF-8.
std::size_t count_characters(std::string_view text) noexcept;
/// The byte at which character `n` begins, or the end.
std::size_t byte_of_character(std::string_view text, std::size_t n) noexcept;
/// Bytes [begin, end) of the text without the characters of `chars` (white space when null) at the
/// ends that are asked for.
struct StripEnds {
  bool left = true;
  bool right = true;
};
Span strip_range(std::string_view text, const std::string_view* chars, StripEnds ends) noexcept;

}  // namespace moescope::tokenizer
