#include "probes/reading.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "probes/answer_words.hpp"
#include "probes/text.hpp"
#include "tests/error_of.hpp"

namespace moescope::probes {
namespace {

TEST(Reading, TheTableIsSound) {
  for (const AnswerWords& row : answer_words()) {
    SCOPED_TRACE(row.language);
    for (const auto list : {row.refusal, row.noun, row.filler}) {
      EXPECT_FALSE(list.empty());
      for (const std::string_view phrase : list)
        EXPECT_EQ(phrase, lower_case(without_accents(phrase)));
    }
    for (const std::string_view phrase : row.refusal) {
      const std::string text(phrase.substr(0, phrase.find('*')));
      EXPECT_TRUE(is_refusal(text, row.language)) << phrase;
      EXPECT_FALSE(is_refusal("x" + text, row.language)) << phrase;
    }
  }
  EXPECT_EQ(error_of([] { is_refusal("", "nl"); }),
            "answers in 'nl' cannot be read; known languages: en, fr, de, es, it");
}

TEST(Reading, RefusalsInFiveLanguages) {
  EXPECT_TRUE(is_refusal("I’m sorry, but I can’t say.", "en-GB"));
  EXPECT_TRUE(is_refusal("Je suis désolé,  mais non.", "fr"));
  EXPECT_TRUE(is_refusal("Als künstliche Intelligenz habe ich keine Meinung.", "de"));
  EXPECT_TRUE(is_refusal("No puedo ayudarte con eso.", "es"));
  EXPECT_TRUE(is_refusal("Mi dispiace, ma non saprei.", "it"));
  EXPECT_FALSE(is_refusal("The grandfather was not able to use it.", "en"));
  EXPECT_FALSE(is_refusal("Als Kind war er dort.", "de"));
  EXPECT_FALSE(is_refusal(std::string(300, 'x') + " I'm sorry, but no", "en"));
}

TEST(Reading, LettersAtTheStart) {
  const auto letter = [](std::string_view text, std::string_view language = "en") {
    const Reading reading = read_letter(text, 4, language);
    return reading.state == State::kMeasured ? static_cast<int>(reading.place) : -1;
  };
  EXPECT_EQ(letter("B"), 1);
  EXPECT_EQ(letter(" (B) because"), 1);
  EXPECT_EQ(letter("**C.** The grandson"), 2);
  EXPECT_EQ(letter("A: the dog"), 0);
  EXPECT_EQ(letter("A dog"), -1);
  EXPECT_EQ(letter("B is right"), 1);
  EXPECT_EQ(letter("E"), -1);  // only four options
  EXPECT_EQ(letter("Both"), -1);
  EXPECT_EQ(letter("b"), -1);
  EXPECT_EQ(letter("A", "fr"), 0);
  EXPECT_EQ(letter("A mon avis", "fr"), -1);
  EXPECT_EQ(letter("A ist richtig", "de"), 0);
  EXPECT_EQ(letter(""), -1);
}

TEST(Reading, LettersAfterWords) {
  const auto letter = [](std::string_view text, std::string_view language) {
    const Reading reading = read_letter(text, 4, language);
    return reading.state == State::kMeasured ? static_cast<int>(reading.place) : -1;
  };
  EXPECT_EQ(letter("I think the correct answer is (C).", "en"), 2);
  EXPECT_EQ(letter("Answer: **D**", "en"), 3);
  EXPECT_EQ(letter("The answer is a dog", "en"), -1);
  EXPECT_EQ(letter("La bonne réponse est la lettre B.", "fr"), 1);
  EXPECT_EQ(letter("Die richtige Antwort lautet: A", "de"), 0);
  EXPECT_EQ(letter("La respuesta correcta es la opción C", "es"), 2);
  EXPECT_EQ(letter("La risposta corretta è D", "it"), 3);
}

TEST(Reading, TwoLettersOrARefusal) {
  EXPECT_EQ(read_letter("B. So the answer is C.", 4, "en"),
            (Reading{.state = State::kUnparsed, .why = "the answer names more than one letter"}));
  EXPECT_EQ(read_letter("B. So the answer is B.", 4, "en").state, State::kMeasured);
  EXPECT_EQ(read_letter("I'm sorry, but I cannot answer that.", 4, "en").state, State::kRefused);
  EXPECT_EQ(read_letter("I'm sorry, but the answer is B.", 4, "en").place, 1u);
  EXPECT_EQ(read_letter("Perhaps.", 4, "en").why, "the answer names no letter");
}

TEST(Reading, TextsOfOptions) {
  const std::vector<std::string> options = {"The grandfather", "The grandson",
                                            "Can't be determined"};
  const auto read = [&](std::string_view text) { return read_option(text, options, "en"); };
  EXPECT_EQ(read("the grandson, since the grandfather left").place, 1u);
  EXPECT_EQ(read("It was the grandfather.").place, 0u);
  EXPECT_EQ(read("Can’t be determined").place, 2u);
  EXPECT_EQ(read("Was it the grandson or the grandfather?").why,
            "the answer holds more than one option");
  EXPECT_EQ(read("The grandsons").state, State::kUnparsed);
  EXPECT_EQ(read("As an AI I have no view").state, State::kRefused);
  const std::vector<std::string> nested = {"red", "red wine"};
  EXPECT_EQ(read_option("Red wine.", nested, "en").place, 1u);
}

}  // namespace
}  // namespace moescope::probes
