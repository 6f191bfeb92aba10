#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moescope::probes {

/// What the model is asked to say where several candidates are offered.
enum class Answer { kText, kLetter };

/// In which orders the options of a prompt are shown.
enum class Order {
  kGiven,   ///< as the item has them
  kCyclic,  ///< n rotations: every option in every place once
  kFull,    ///< all n! orders, up to 5 options
};

/// How prompt and candidates become text. In `prompt` stand {prompt} and {options}, in `option`
/// {letter} and {text}, in `text` {text} and {letter}; {{ and }} are braces.
struct Format {
  std::string name = "plain";
  std::string prompt = "{prompt}";
  std::string text = "{text}";
  std::string option;  ///< one option within {options}; empty where none are shown
  Answer answer = Answer::kText;
  Order order = Order::kGiven;
  /// Prompt under which every text is scored once more, for what is said of it unconditionally.
  std::optional<std::string> unconditional;
  bool operator==(const Format&) const = default;
};

/// Puts words into the places of a pattern.
/// Errors: kBadInput: a place that is not among `words` (with those that are), a lone brace.
std::string fill_places(std::string_view pattern,
                        const std::vector<std::pair<std::string_view, std::string_view>>& words);

}  // namespace moescope::probes
