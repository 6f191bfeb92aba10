#include "probes/choice.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "probes/choice_order.hpp"
#include "probes/numbers.hpp"
#include "probes/options.hpp"
#include "tests/error_of.hpp"
#include "tests/probes/scored.hpp"

namespace moescope::probes {
namespace {

Item colours() {
  return {.id = "1",
          .labels = {},
          .prompt = "Sky?",
          .candidates = {{.role = "x", .text = "red", .prompt = {}},
                         {.role = "y", .text = "blue", .prompt = {}, .correct = true},
                         {.role = "z", .text = "green", .prompt = {}}}};
}

Format lettered(Order order) {
  return {.name = "letters",
          .prompt = "{prompt}\n{options}Answer:",
          .text = " {letter}",
          .option = "{letter}) {text}\n",
          .answer = Answer::kLetter,
          .order = order,
          .unconditional = {}};
}

TEST(Numbers, SumsOfExponentialsAndTheBest) {
  EXPECT_DOUBLE_EQ(log_sum_exp(std::vector{std::log(1.0), std::log(3.0)}), std::log(4.0));
  EXPECT_DOUBLE_EQ(log_sum_exp(std::vector{-5000.0, -5000.0}), -5000 + std::log(2.0));
  EXPECT_TRUE(std::isinf(log_sum_exp({})));
  EXPECT_EQ(best_of(std::vector{1.0, 3.0, 3.0}), (Best{.index = 1, .tied = true}));
  EXPECT_EQ(best_of(std::vector{3.0, 3.0, 4.0}), (Best{.index = 2, .tied = false}));
}

TEST(Options, AreShownInCyclicOrders) {
  const auto plan = plan_options(colours(), lettered(Order::kCyclic));
  ASSERT_EQ(plan.size(), 9u);
  EXPECT_EQ(plan[0].prompt, "Sky?\nA) red\nB) blue\nC) green\nAnswer:");
  EXPECT_EQ(plan[3].prompt, "Sky?\nA) blue\nB) green\nC) red\nAnswer:");
  EXPECT_EQ(plan[3].text, " C");  // red stands last in the second order
  EXPECT_EQ(plan[3].key,
            (SequenceKey{.candidate = 0, .role = "x", .correct = false, .order = 1, .place = 2}));
  EXPECT_EQ(plan[4].text, " A");
  EXPECT_TRUE(plan[4].key.correct);
}

TEST(Options, AllOrdersAreBounded) {
  EXPECT_EQ(option_orders(Order::kFull, 3).size(), 6u);
  EXPECT_EQ(option_orders(Order::kFull, 3)[0], (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(error_of([] { option_orders(Order::kFull, 6); }),
            "all orders of 6 options: expected at most 5 options; use cyclic");
}

TEST(Options, UnconditionalTextsAndOwnPrompts) {
  Item item = colours();
  item.candidates[2].prompt = "Grass?";
  const auto plan = plan_options(item, {.name = "text",
                                        .prompt = "Q: {prompt}",
                                        .text = " {text}",
                                        .option = "",
                                        .unconditional = "Answer:"});
  ASSERT_EQ(plan.size(), 6u);
  EXPECT_EQ(plan[0].prompt, "Q: Sky?");
  EXPECT_EQ(plan[2].prompt, "Q: Grass?");
  EXPECT_EQ(plan[5].prompt, "Answer:");
  EXPECT_EQ(plan[5].text, " green");
  EXPECT_EQ(plan[5].key.purpose, Purpose::kUnconditional);
}

TEST(Options, FormatsThatDoNotHoldTogetherAreRefused) {
  const auto refusal = [](Format format) {
    return error_of([&] { plan_options(colours(), format); });
  };
  EXPECT_EQ(refusal({.name = "f", .option = "", .order = Order::kCyclic, .unconditional = {}}),
            "format 'f': options in several orders need a pattern 'option' that shows them");
  EXPECT_EQ(refusal({.name = "f", .option = "", .answer = Answer::kLetter, .unconditional = {}}),
            "format 'f': answers by letter need a pattern 'option' that shows the letters");
  Format format = lettered(Order::kGiven);
  format.text = "{text}";
  EXPECT_EQ(refusal(format),
            "format 'letters': answers by letter need {letter} in the pattern 'text'");
}

ScoredSequence text(std::uint32_t candidate, bool correct, std::vector<float> logprob,
                    std::size_t n_byte, Purpose purpose = Purpose::kConditional) {
  return {.key = {.candidate = candidate,
                  .role = "option",
                  .correct = correct,
                  .purpose = purpose,
                  .place = candidate},
          .n_byte = n_byte,
          .logprob = std::move(logprob)};
}

TEST(Choice, FourReadingsOfALogLikelihood) {
  // sums -4, -6; a token -4, -2; a byte -1, -0.75; less the unconditional -1, -2
  const auto outcomes = kChoice.score({}, std::vector{
                                              text(0, false, {-4}, 4),
                                              text(1, true, {-2, -2, -2}, 8),
                                              text(0, false, {-3}, 4, Purpose::kUnconditional),
                                              text(1, true, {-4}, 8, Purpose::kUnconditional),
                                          });
  EXPECT_EQ(outcome_of(outcomes, "correct").value, 0);
  EXPECT_EQ(outcome_of(outcomes, "correct").choice,
            "0");  // the role alone does not tell them apart
  EXPECT_EQ(outcome_of(outcomes, "correct_per_token").value, 1);
  EXPECT_EQ(outcome_of(outcomes, "correct_per_byte").value, 1);
  EXPECT_EQ(outcome_of(outcomes, "correct_normalised").value, 0);
  EXPECT_EQ(outcome_of(outcomes, "same_choice").state, State::kUndefined);
  EXPECT_EQ(outcome_of(outcomes, "correct_without_prior").state, State::kUndefined);
  EXPECT_DOUBLE_EQ(outcome_of(outcomes, "p_right").value, 1 / (1 + std::exp(2.0)));
  EXPECT_DOUBLE_EQ(outcome_of(outcomes, "confidence").value, 1 / (1 + std::exp(-2.0)));
}

TEST(Choice, TiesAndFailuresAreKindsOfTheirOwn) {
  const auto tied = kChoice.score({}, std::vector{text(0, false, {-4}, 4), text(1, true, {-4}, 8)});
  EXPECT_EQ(outcome_of(tied, "correct").state, State::kTied);
  EXPECT_EQ(outcome_of(tied, "correct_per_byte").value, 1);
  EXPECT_EQ(outcome_of(tied, "correct_normalised").state, State::kUndefined);
  EXPECT_EQ(outcome_of(tied, "share_right").state, State::kTied);
  for (const Outcome& outcome :
       kChoice.score({}, std::vector{text(0, false, {}, 4), text(1, true, {-4}, 8)}))
    EXPECT_EQ(outcome.state, State::kFailed);
}

TEST(Choice, ThePriorOfALetterIsDividedOut) {
  // Letter A is e^2 likelier than B whatever stands there; content: y is e likelier than x.
  const auto at = [](std::uint32_t candidate, std::uint32_t order, std::uint32_t place) {
    ScoredSequence out = scored_option(
        candidate, order, place, -5.f + (place == 0 ? 2.f : 0.f) + (candidate == 1 ? 1.f : 0.f));
    out.key.correct = candidate == 1;
    return out;
  };
  const auto outcomes =
      kChoice.score({}, std::vector{at(0, 0, 0), at(1, 0, 1), at(1, 1, 0), at(0, 1, 1)});
  EXPECT_EQ(outcome_of(outcomes, "correct").value, 0);
  EXPECT_EQ(outcome_of(outcomes, "correct").choice, "x");
  EXPECT_EQ(outcome_of(outcomes, "correct_without_prior").value, 1);
  EXPECT_EQ(outcome_of(outcomes, "correct_without_prior").choice, "y");
  EXPECT_EQ(outcome_of(outcomes, "same_choice").value, 0);
  EXPECT_EQ(outcome_of(outcomes, "share_right").value, 0.5);
}

TEST(ChoiceOrder, DeviationOfRecall) {
  // recalls 1, 1/2: mean 3/4, deviation 1/4
  const std::vector<PlacedChoice> rows = {{0, 0}, {0, 0}, {1, 1}, {1, 0}};
  EXPECT_EQ(*recall_by_place(rows, 2), (std::vector{1.0, 0.5}));
  EXPECT_DOUBLE_EQ(*recall_deviation(rows, 2), 25);
  EXPECT_EQ(*choice_by_place(rows, 2), (std::vector{0.75, 0.25}));
  EXPECT_EQ(recall_deviation(rows, 3).why(), "not assessable because no item's right option is C");
  EXPECT_FALSE(choice_by_place({}, 2));
}

TEST(ChoiceOrder, PriorOverOrders) {
  // Means of the logs: ln .8 and ln .2 in both orders, whatever the content adds.
  const std::vector<std::vector<double>> share = {{std::log(.8), std::log(.2)},
                                                  {std::log(.8), std::log(.2)}};
  const auto prior = place_prior(share);
  EXPECT_DOUBLE_EQ(prior[0], .8);
  EXPECT_DOUBLE_EQ(prior[1], .2);
  const auto both = mean_prior(std::vector<std::vector<double>>{prior, {.6, .4}});
  EXPECT_DOUBLE_EQ((*both)[0], .7);
  EXPECT_FALSE(mean_prior({}));
  const auto left = without_prior(share[0], prior);
  EXPECT_DOUBLE_EQ(left[0], left[1]);
}

}  // namespace
}  // namespace moescope::probes
