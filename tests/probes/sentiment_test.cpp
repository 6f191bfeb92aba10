#include "probes/sentiment.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/error_of.hpp"

namespace moescope::probes {
namespace {

/// The entries that the sentences below need.
const SentimentLexicon& lexicon() {
  static const SentimentLexicon few = parse_sentiment_lexicon(
      "smart\t1.7\t0.8\nhandsome\t2.2\nfunny\t1.9\ngood\t1.9\nhorrible\t-2.5\ngreat\t3.1\n"
      "uncompelling\t-0.9\nsux\t-1.5\nlol\t1.8\nsure\t1.3\n:)\t2.0\n:d\t2.3\nbad\t-2.5\n"
      "shit\t-2.6\nass\t-2.5\nexcellent\t2.7\ncompelling\t0.9\ndoubt\t-1.5\nno\t-1.2\n"
      "badass\t1.4\nbomb\t-2.2\nhand\t2.2\nsentence\t0.3\n",
      "lexicon");
  return few;
}

double compound(std::string_view text) {
  return sentiment(text, lexicon()).compound;
}

TEST(Sentiment, PublishedSentences) {
  EXPECT_EQ(sentiment("VADER is smart, handsome, and funny.", lexicon()),
            (Sentiment{.negative = 0, .neutral = .254, .positive = .746, .compound = .8316}));
  EXPECT_EQ(compound("VADER is smart, handsome, and funny!"), .8439);
  EXPECT_EQ(compound("VADER is very smart, handsome, and funny."), .8545);
  EXPECT_EQ(compound("VADER is VERY SMART, handsome, and FUNNY."), .9227);
  EXPECT_EQ(compound("VADER is VERY SMART, handsome, and FUNNY!!!"), .9342);
  EXPECT_EQ(compound("VADER is VERY SMART, uber handsome, and FRIGGIN FUNNY!!!"), .9469);
  EXPECT_EQ(compound("VADER is not smart, handsome, nor funny."), -.7424);
  EXPECT_EQ(sentiment("The book was good.", lexicon()),
            (Sentiment{.negative = 0, .neutral = .508, .positive = .492, .compound = .4404}));
  EXPECT_EQ(compound("At least it isn't a horrible book."), .431);
  EXPECT_EQ(compound("The book was only kind of good."), .3832);
  EXPECT_EQ(sentiment("The plot was good, but the characters are uncompelling and the dialog is "
                      "not great.",
                      lexicon()),
            (Sentiment{.negative = .327, .neutral = .579, .positive = .094, .compound = -.7042}));
  EXPECT_EQ(compound("Today SUX!"), -.5461);
  EXPECT_EQ(compound("Today only kinda sux! But I'll get by, lol"), .5249);
  EXPECT_EQ(compound("Make sure you :) or :D today!"), .8633);
  EXPECT_EQ(compound("Not bad at all"), .431);
}

TEST(Sentiment, PublishedTrickySentences) {
  EXPECT_EQ(compound("Sentiment analysis has never been good."), -.3412);
  EXPECT_EQ(compound("Sentiment analysis has never been this good!"), .5672);
  EXPECT_EQ(compound("Most automated sentiment analysis tools are shit."), -.5574);
  EXPECT_EQ(compound("With VADER, sentiment analysis is the shit!"), .6476);
  EXPECT_EQ(compound("Other sentiment analysis tools can be quite bad."), -.5849);
  EXPECT_EQ(compound("On the other hand, VADER is quite bad ass"), .802);
  EXPECT_EQ(compound("VADER is such a badass!"), .4003);
  EXPECT_EQ(compound("Without a doubt, excellent idea."), .7013);
  EXPECT_EQ(compound("Not such a badass after all."), -.2584);
  EXPECT_EQ(compound("Roger Dodger is one of the most compelling variations on this theme."),
            .2944);
  EXPECT_EQ(compound("Roger Dodger is at least compelling as a variation on the theme."), .2263);
  EXPECT_EQ(compound("Roger Dodger is one of the least compelling variations on this theme."),
            -.1695);
}

TEST(Sentiment, SharesAreRoundedAsTheBinaryValueIs) {
  // Shares of 0.7125 and 0.1625 lie a little above the half as doubles.
  EXPECT_EQ(sentiment("sentence, Doubt the bomb", lexicon()),
            (Sentiment{.negative = .713, .neutral = .125, .positive = .163, .compound = -.6597}));
}

TEST(Sentiment, NothingToScore) {
  EXPECT_EQ(sentiment("", lexicon()), Sentiment{});
  EXPECT_EQ(sentiment(" \n", lexicon()), Sentiment{});
  EXPECT_EQ(sentiment("the table!!!", lexicon()),
            (Sentiment{.negative = 0, .neutral = 1, .positive = 0, .compound = 0}));
  EXPECT_EQ(sentiment("bad\xFF", lexicon()).compound, 0);
}

TEST(Sentiment, EmojiAreReadAsWords) {
  SentimentLexicon with = lexicon();
  add_emoji(with, "😁\tfunny face\n", "emoji");
  EXPECT_EQ(sentiment("a😁", with), sentiment("a funny face", with));
}

TEST(Sentiment, LexiconsAreChecked) {
  EXPECT_EQ(error_of([] { parse_sentiment_lexicon("good 1.9\n", "v.txt"); }),
            "v.txt: line 1: expected a tab");
  EXPECT_EQ(error_of([] { parse_sentiment_lexicon("\ngood\tmuch\t1\n", "v.txt"); }),
            "v.txt: line 2: expected a number, got 'much'");
}

TEST(SentimentByGroup, MeansSharesAndSpread) {
  const auto result = sentiment_by_group(
      std::vector<SentimentRow>{{"a", .5}, {"a", -.5}, {"a", .3}, {"b", .7}, {"c", .4}});
  EXPECT_DOUBLE_EQ(result->group.at("a").mean, .1);
  EXPECT_DOUBLE_EQ(result->group.at("a").positive, 1.0 / 3);
  EXPECT_DOUBLE_EQ(result->group.at("a").negative, 1.0 / 3);
  EXPECT_DOUBLE_EQ(result->mean, .4);
  EXPECT_DOUBLE_EQ(result->spread, .3);
  EXPECT_DOUBLE_EQ(result->range, .6);
  EXPECT_EQ(sentiment_by_group(std::vector<SentimentRow>{{"a", .5}}).why(),
            "not assessable because there are fewer than two groups");
}

TEST(GenderPolarity, CountsWholeWords) {
  EXPECT_EQ(gender_polarity("She told her brother that he's late."), GenderPolarity::kFemale);
  EXPECT_EQ(gender_polarity("Her, him"), GenderPolarity::kEqual);
  EXPECT_EQ(gender_polarity("The theme: there, human"), GenderPolarity::kNone);
  EXPECT_EQ(gender_polarity("HIS"), GenderPolarity::kMale);
}

}  // namespace
}  // namespace moescope::probes
