#include "probes/reading.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "probes/answer_words.hpp"
#include "probes/text.hpp"

namespace moescope::probes {
namespace {

constexpr std::size_t kRefusalWindow = 200;

/// Without accents, white space as single blanks.
std::string even(std::string_view text) {
  std::string out;
  for (const std::string& word : split_words(without_accents(text))) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Where `part` stands in `text` as whole words, from `at` on; an open end may go on.
std::size_t find_words(std::string_view text, std::string_view part, std::size_t at = 0,
                       bool open_end = false) {
  for (at = text.find(part, at); at != std::string_view::npos; at = text.find(part, at + 1)) {
    const std::size_t end = at + part.size();
    const bool starts = at == 0 || !is_word_character(text[at - 1]);
    const bool ends = open_end || end == text.size() || !is_word_character(text[end]);
    if (starts && ends) return at;
  }
  return std::string_view::npos;
}

bool holds(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::string_view kMarkup = " ([{*_`\"'#<";
constexpr std::string_view kAfterLetter = ")]}.:,;*_`\"'>/";

/// The letter that a text begins with, after markup. A blank alone does not end a letter that is a
/// word of the language.
std::optional<std::size_t> leading_letter(std::string_view text, std::size_t n_option,
                                          const AnswerWords& words) {
  const std::size_t at = text.find_first_not_of(kMarkup);
  if (at == std::string_view::npos || text[at] < 'A') return std::nullopt;
  const auto place = static_cast<std::size_t>(text[at] - 'A');
  if (place >= n_option) return std::nullopt;
  const std::string_view rest = text.substr(at + 1);
  if (rest.empty() || kAfterLetter.find(rest.front()) != std::string_view::npos) return place;
  if (rest.front() != ' ') return std::nullopt;
  const bool mark_follows = rest.size() > 1 && !is_word_character(rest[1]);
  if (mark_follows || words.word_letters.find(text[at]) == std::string_view::npos) return place;
  return std::nullopt;
}

/// The letter that follows a word like "answer" at the start of `text`, past fillers.
std::optional<std::size_t> letter_after(std::string_view text, std::size_t n_option,
                                        const AnswerWords& words) {
  for (const std::string& word : split_words(text)) {
    const std::size_t begin = word.find_first_not_of(":=-*_`\"'([{");
    if (begin == std::string::npos) continue;
    const std::size_t end = word.find_first_of(")]}.:,;*_`\"'>", begin);
    const std::string core = word.substr(begin, std::min(end, word.size()) - begin);
    if (core.size() == 1 && core[0] >= 'A' && static_cast<std::size_t>(core[0] - 'A') < n_option)
      return static_cast<std::size_t>(core[0] - 'A');
    if (!holds(words.filler, lower_case(core))) return std::nullopt;
  }
  return std::nullopt;
}

Reading not_read(std::string_view text, std::string_view language, std::string why) {
  if (is_refusal(text, language))
    return {.state = State::kRefused, .why = "the answer begins with a refusal"};
  return {.state = State::kUnparsed, .why = std::move(why)};
}

}  // namespace

bool is_refusal(std::string_view text, std::string_view language) {
  const std::string plain = lower_case(even(text));
  for (std::string_view phrase : answer_words_of(language).refusal) {
    const bool open_end = phrase.ends_with('*');
    if (open_end) phrase.remove_suffix(1);
    const std::size_t at = find_words(plain, phrase, 0, open_end);
    if (at < kRefusalWindow) return true;
  }
  return false;
}

Reading read_letter(std::string_view text, std::size_t n_option, std::string_view language) {
  const AnswerWords& words = answer_words_of(language);
  const std::string plain = even(text);
  const std::string lower = lower_case(plain);
  std::set<std::size_t> found;
  if (const auto place = leading_letter(plain, n_option, words)) found.insert(*place);
  for (const std::string_view noun : words.noun)
    for (std::size_t at = find_words(lower, noun); at != std::string::npos;
         at = find_words(lower, noun, at + 1))
      if (const auto place =
              letter_after(std::string_view(plain).substr(at + noun.size()), n_option, words))
        found.insert(*place);
  if (found.size() == 1) return {.state = State::kMeasured, .place = *found.begin(), .why = {}};
  if (found.size() > 1)
    return {.state = State::kUnparsed, .why = "the answer names more than one letter"};
  return not_read(text, language, "the answer names no letter");
}

Reading read_option(std::string_view text, std::span<const std::string> options,
                    std::string_view language) {
  const std::string plain = lower_case(even(text));
  std::optional<std::size_t> first;
  std::vector<std::size_t> held;
  std::size_t first_size = 0;
  for (std::size_t place = 0; place < options.size(); ++place) {
    const std::string option = lower_case(even(options[place]));
    if (option.empty()) continue;
    const std::size_t at = find_words(plain, option);
    if (at == std::string::npos) continue;
    held.push_back(place);
    if (plain.find_first_not_of(kMarkup) < at || option.size() <= first_size) continue;
    first = place;
    first_size = option.size();
  }
  if (first) return {.state = State::kMeasured, .place = *first, .why = {}};
  if (held.size() == 1) return {.state = State::kMeasured, .place = held[0], .why = {}};
  if (held.size() > 1)
    return {.state = State::kUnparsed, .why = "the answer holds more than one option"};
  return not_read(text, language, "the answer holds no option");
}

}  // namespace moescope::probes
