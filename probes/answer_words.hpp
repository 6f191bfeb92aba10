#pragma once

#include <span>
#include <string_view>

/// Words by which generated answers are read, in small letters without accents.
namespace moescope::probes {

struct AnswerWords {
  std::string_view language;                  ///< BCP 47
  std::span<const std::string_view> refusal;  ///< phrases; one that ends in * may go on
  std::span<const std::string_view> noun;     ///< "answer", "option": a letter follows
  std::span<const std::string_view> filler;   ///< words that may stand between them
  std::string_view word_letters;              ///< capitals that are words of the language
};

/// English, French, German, Spanish, Italian. Our own lists, not validated against human labels.
std::span<const AnswerWords> answer_words();

/// The row of a language; "en-GB" finds "en". Errors: kBadInput with the known ones.
const AnswerWords& answer_words_of(std::string_view language);

}  // namespace moescope::probes
