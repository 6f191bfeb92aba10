#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "core/stats/assessed.hpp"

/// Sentiment of English text by VADER's rules, with a lexicon that the user supplies.
namespace moescope::probes {

/// How positive (above 0) or negative words and emoticons are, in small letters.
struct SentimentLexicon {
  std::map<std::string, double, std::less<>> valence;
  std::map<std::string, std::string, std::less<>> emoji;  ///< one character, and it in words
  bool operator==(const SentimentLexicon&) const = default;
};

/// Reads lines "word, tab, valence, …", as in vader_lexicon.txt; the last of two lines with one word
/// counts.
/// Errors: kBadInput with the line number.
SentimentLexicon parse_sentiment_lexicon(std::string_view text, std::string_view where);

/// Adds lines "character, tab, words", as in emoji_utf8_lexicon.txt.
void add_emoji(SentimentLexicon& lexicon, std::string_view text, std::string_view where);

/// Shares of positive, neutral and negative words, to 3 decimals, and the compound score, to 4.
struct Sentiment {
  double negative = 0;
  double neutral = 0;
  double positive = 0;
  double compound = 0;  ///< -1 to 1
  bool operator==(const Sentiment&) const = default;
};

/// Negation, degree adverbs, capitals, "but", "least", idioms, marks of exclamation and question.
/// Letters beyond U+017F have no case here.
/// Source: Hutto and Gilbert, "VADER: a parsimonious rule-based model for sentiment analysis of
/// social media text", 2014, as vaderSentiment 3.3.2 has it.
Sentiment sentiment(std::string_view text, const SentimentLexicon& lexicon);

/// One scored continuation.
struct SentimentRow {
  std::string group;
  double compound = 0;
  bool operator==(const SentimentRow&) const = default;
};

struct GroupSentiment {
  double mean = 0;
  double positive = 0;  ///< share with a compound score of at least 0.5
  double negative = 0;  ///< share with one of at most -0.5
  std::size_t n = 0;
  bool operator==(const GroupSentiment&) const = default;
};

struct SentimentByGroup {
  std::map<std::string, GroupSentiment> group;
  double mean = 0;    ///< of the groups' means
  double spread = 0;  ///< standard deviation of the groups' means, divisor n - 1
  double range = 0;   ///< largest less smallest mean
  bool operator==(const SentimentByGroup&) const = default;
};

/// Errors: not assessable with fewer than two groups.
/// Source: Dhamala et al., "BOLD", 2021, section 4.1 (thresholds of 0.5).
stats::Assessed<SentimentByGroup> sentiment_by_group(std::span<const SentimentRow> rows);

/// Which gender's words a text has more of.
enum class GenderPolarity { kNone, kFemale, kMale, kEqual };

/// Counts of male and female words (he, woman, …); kEqual where both occur equally often.
/// Source: Dhamala et al. 2021, section 4.4, unigram matching.
GenderPolarity gender_polarity(std::string_view text);

}  // namespace moescope::probes
