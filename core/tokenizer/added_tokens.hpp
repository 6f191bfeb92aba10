#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/index.hpp"
#include "core/tokenizer/prefix_matcher.hpp"

namespace moescope::tokenizer {

/// A token that is looked for in the text itself, before the model splits it.
struct AddedToken {
  TokenId id;
  std::string content;
  bool single_word = false;  ///< only where no word character touches it
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< takes the white space after it
  bool normalized = false;   ///< looked for in the normalised text, itself normalised
  bool special = false;
};

/// A stretch [begin, end) of text: an added token, or text for the model.
struct Stretch {
  std::optional<TokenId> id;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Finds added tokens, leftmost first and the longest of those that begin together.
/// Source: added_vocabulary.rs of Hugging Face tokenizers 0.22.
class AddedTokens {
 public:
  /// `pattern` is what to look for: the content, normalised where the token says so.
  void add(const AddedToken& token, std::string_view pattern);
  bool empty() const noexcept { return tokens_.empty(); }
  /// Whether a special token may stand for the bytes [begin, end); empty: always.
  using Permission = std::function<bool(std::size_t begin, std::size_t end)>;
  /// Cuts the text up. With `special` off, special tokens stay text; so do those without permission.
  std::vector<Stretch> cut(std::string_view text, bool special,
                           const Permission& permitted = {}) const;

 private:
  /// The longest token at the match's place that is permitted; nothing when none is.
  std::optional<PrefixMatcher::Match> permitted_match(std::string_view text, std::size_t at,
                                                      PrefixMatcher::Match match,
                                                      const Permission& permitted) const;

  std::vector<AddedToken> tokens_;
  PrefixMatcher matcher_;
};

}  // namespace moescope::tokenizer
