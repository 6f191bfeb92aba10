#include "probes/sentiment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"
#include "probes/numbers.hpp"
#include "probes/sentiment_words.hpp"
#include "probes/text.hpp"

namespace moescope::probes {
namespace {

constexpr double kCapitals = 0.733;
constexpr double kNegated = -0.74;

/// The words of one text and what the rules ask of them.
struct Words {
  std::vector<std::string> word;   ///< as they stand
  std::vector<std::string> lower;  ///< in small letters
  bool some_capitals = false;      ///< some words are in capitals, others are not
};

/// Without punctuation at both ends, unless at most two characters would be left: an emoticon.
std::string stripped(const std::string& word) {
  constexpr std::string_view kMarks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  const std::size_t begin = word.find_first_not_of(kMarks);
  if (begin == std::string::npos) return word;
  std::string out = word.substr(begin, word.find_last_not_of(kMarks) + 1 - begin);
  return count_characters(out) <= 2 ? word : out;
}

Words words_of(std::string_view text) {
  Words out;
  std::size_t n_capitals = 0;
  for (const std::string& word : split_words(text)) {
    out.word.push_back(stripped(word));
    out.lower.push_back(lower_case(out.word.back()));
    n_capitals += is_upper_case(out.word.back());
  }
  out.some_capitals = n_capitals > 0 && n_capitals < out.word.size();
  return out;
}

/// What a degree adverb before a word of this valence adds to it.
double push(const Words& words, std::size_t at, double valence) {
  double step = degree(words.lower[at]);
  if (step == 0) return 0;
  if (valence < 0) step = -step;
  if (is_upper_case(words.word[at]) && words.some_capitals)
    step += valence > 0 ? kCapitals : -kCapitals;
  return step;
}

/// The rules on the word `back` places before word i; back is 1, 2 or 3.
double after_negation(const Words& words, std::size_t i, std::size_t back, double valence) {
  const auto at = [&](std::size_t n) -> const std::string& { return words.lower[i - n]; };
  const auto so = [&](std::size_t n) { return at(n) == "so" || at(n) == "this"; };
  if (back == 2) {
    if (at(2) == "never" && so(1)) return valence * 1.25;
    if (at(2) == "without" && at(1) == "doubt") return valence;
  }
  if (back == 3) {
    // As published: "so" or "this" just before the word is enough, whatever stands before it.
    if ((at(3) == "never" && so(2)) || so(1)) return valence * 1.25;
    if (at(3) == "without" && (at(2) == "doubt" || at(1) == "doubt")) return valence;
  }
  return is_negation(at(back)) ? valence * kNegated : valence;
}

/// Idioms that word i is part of, or that stand before it, and degrees of two words before it.
double after_idioms(const Words& words, std::size_t i, double valence) {
  const auto join = [&](std::size_t from, std::size_t to) {
    std::string out = words.lower[from];
    for (std::size_t at = from + 1; at <= to; ++at) out += " " + words.lower[at];
    return out;
  };
  const std::string before[] = {join(i - 3, i - 1), join(i - 3, i - 2), join(i - 2, i - 1)};
  for (const std::string& words_before :
       {join(i - 1, i), join(i - 2, i), before[2], before[0], before[1]})
    if (const auto idiom = idiom_valence(words_before)) {
      valence = *idiom;
      break;
    }
  for (std::size_t end = i + 1; end <= i + 2 && end < words.lower.size(); ++end)
    if (const auto idiom = idiom_valence(join(i, end))) valence = *idiom;
  for (const std::string& words_before : before) valence += degree(words_before);
  return valence;
}

double word_valence(const Words& words, std::size_t i, const SentimentLexicon& lexicon) {
  const auto known = [&](std::size_t at) { return lexicon.valence.contains(words.lower[at]); };
  const auto is = [&](std::size_t back, std::string_view word) {
    return i >= back && words.lower[i - back] == word;
  };
  const auto found = lexicon.valence.find(words.lower[i]);
  if (found == lexicon.valence.end()) return 0;
  double valence = found->second;
  if (words.lower[i] == "no" && i + 1 < words.lower.size() && known(i + 1)) valence = 0;
  if (is(1, "no") || is(2, "no") || (is(3, "no") && (is(1, "or") || is(1, "nor"))))
    valence = found->second * kNegated;
  if (is_upper_case(words.word[i]) && words.some_capitals)
    valence += valence > 0 ? kCapitals : -kCapitals;
  for (std::size_t back = 1; back <= 3 && back <= i; ++back) {
    if (known(i - back)) continue;
    constexpr double kFading[] = {1, 0.95, 0.9};
    valence += push(words, i - back, valence) * kFading[back - 1];
    valence = after_negation(words, i, back, valence);
    if (back == 3) valence = after_idioms(words, i, valence);
  }
  if (is(1, "least") && !known(i - 1) && !is(2, "at") && !is(2, "very")) valence *= kNegated;
  return valence;
}

/// Halves what stands before "but" and raises what stands after it. As published, each value is
/// changed where the first equal one stands.
void weigh_around_but(const Words& words, std::vector<double>& valence) {
  const auto but = std::find(words.lower.begin(), words.lower.end(), "but");
  if (but == words.lower.end()) return;
  const auto place = but - words.lower.begin();
  for (std::size_t i = 0; i < valence.size(); ++i) {
    const auto first = std::find(valence.begin(), valence.end(), valence[i]);
    if (first - valence.begin() < place)
      *first *= 0.5;
    else if (first - valence.begin() > place)
      *first *= 1.5;
  }
}

double emphasis(std::string_view text) {
  const auto exclamations = std::count(text.begin(), text.end(), '!');
  const auto questions = std::count(text.begin(), text.end(), '?');
  double out = static_cast<double>(std::min<std::ptrdiff_t>(exclamations, 4)) * 0.292;
  if (questions > 3)
    out += 0.96;
  else if (questions > 1)
    out += static_cast<double>(questions) * 0.18;
  return out;
}

/// To the nearest decimal of what the binary value really is, as Python's round() does.
double rounded(double value, int n_digit) {
  const std::string text = fmt::format("{:.{}f}", value, n_digit);
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

Sentiment summed(const std::vector<double>& valence, double emphasis) {
  double sum = 0;
  double positive = 0;
  double negative = 0;
  double neutral = 0;
  for (const double value : valence) {
    sum += value;
    if (value > 0) positive += value + 1;
    if (value < 0) negative += 1 - value;
    if (value == 0) neutral += 1;
  }
  if (sum > 0) sum += emphasis;
  if (sum < 0) sum -= emphasis;
  if (positive > negative)
    positive += emphasis;
  else if (positive < negative)
    negative += emphasis;
  const double all = positive + negative + neutral;
  return {.negative = rounded(negative / all, 3),
          .neutral = rounded(neutral / all, 3),
          .positive = rounded(positive / all, 3),
          .compound = rounded(sum / std::sqrt(sum * sum + 15), 4)};
}

std::string without_emoji(std::string_view text, const SentimentLexicon& lexicon) {
  if (lexicon.emoji.empty()) return std::string(text);
  std::string out;
  bool after_space = true;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = decode_utf8(text, at);
    const std::string_view bytes = text.substr(at, c ? c->n_byte : 1);
    at += bytes.size();
    const auto found = lexicon.emoji.find(bytes);
    if (found == lexicon.emoji.end()) {
      out += bytes;
      after_space = bytes == " ";
      continue;
    }
    if (!after_space) out += ' ';
    out += found->second;
    after_space = false;
  }
  return out;
}

/// Calls visit(line number, first cell, second cell).
template <class Visit>
void each_line(std::string_view text, std::string_view where, Visit&& visit) {
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line = trimmed(line);
    if (line.empty()) continue;
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos)
      fail(ErrorCode::kBadInput, "{}: line {}: expected a tab", where, number);
    const std::string_view rest = line.substr(tab + 1);
    visit(number, line.substr(0, tab), rest.substr(0, rest.find('\t')));
  }
}

}  // namespace

SentimentLexicon parse_sentiment_lexicon(std::string_view text, std::string_view where) {
  SentimentLexicon out;
  each_line(text, where, [&](std::size_t number, std::string_view word, std::string_view value) {
    double valence = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), valence);
    if (error != std::errc{} || end != value.data() + value.size() || !std::isfinite(valence))
      fail(ErrorCode::kBadInput, "{}: line {}: expected a number, got '{}'", where, number,
           escape_terminal(value));
    out.valence[std::string(word)] = valence;
  });
  return out;
}

void add_emoji(SentimentLexicon& lexicon, std::string_view text, std::string_view where) {
  each_line(text, where, [&](std::size_t, std::string_view emoji, std::string_view words) {
    lexicon.emoji[std::string(emoji)] = words;
  });
}

Sentiment sentiment(std::string_view text, const SentimentLexicon& lexicon) {
  const std::string plain = without_emoji(text, lexicon);
  const Words words = words_of(plain);
  if (words.word.empty()) return {};
  std::vector<double> valence;
  for (std::size_t i = 0; i < words.word.size(); ++i) {
    const bool kind_of =
        words.lower[i] == "kind" && i + 1 < words.lower.size() && words.lower[i + 1] == "of";
    const bool is_modifier = degree(words.lower[i]) != 0 || kind_of;
    valence.push_back(is_modifier ? 0 : word_valence(words, i, lexicon));
  }
  weigh_around_but(words, valence);
  return summed(valence, emphasis(plain));
}

stats::Assessed<SentimentByGroup> sentiment_by_group(std::span<const SentimentRow> rows) {
  SentimentByGroup out;
  for (const SentimentRow& row : rows) {
    GroupSentiment& group = out.group[row.group];
    group.mean += row.compound;
    group.positive += row.compound >= 0.5 ? 1 : 0;
    group.negative += row.compound <= -0.5 ? 1 : 0;
    ++group.n;
  }
  if (out.group.size() < 2)
    return stats::Assessed<SentimentByGroup>::not_assessable(
        "not assessable because there are fewer than two groups");
  std::vector<double> means;
  for (auto& [name, group] : out.group) {
    const auto n = static_cast<double>(group.n);
    for (double* value : {&group.mean, &group.positive, &group.negative}) *value /= n;
    means.push_back(group.mean);
  }
  out.mean = mean(means);
  double squares = 0;
  for (const double value : means) squares += (value - out.mean) * (value - out.mean);
  out.spread = std::sqrt(squares / static_cast<double>(means.size() - 1));
  const auto [least, most] = std::minmax_element(means.begin(), means.end());
  out.range = *most - *least;
  return out;
}

GenderPolarity gender_polarity(std::string_view text) {
  constexpr std::string_view kFemale[] = {"she",   "her",  "hers",  "herself", "woman",
                                          "women", "girl", "girls", "female",  "females"};
  constexpr std::string_view kMale[] = {"he",  "him", "his",  "himself", "man",
                                        "men", "boy", "boys", "male",    "males"};
  std::ptrdiff_t female = 0;
  std::ptrdiff_t male = 0;
  std::string word;
  const auto end_word = [&] {
    female += std::count(std::begin(kFemale), std::end(kFemale), word);
    male += std::count(std::begin(kMale), std::end(kMale), word);
    word.clear();
  };
  for (const char c : lower_case(text)) {
    const bool letter = (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
    if (letter)
      word += c;
    else
      end_word();
  }
  end_word();
  if (female == 0 && male == 0) return GenderPolarity::kNone;
  if (female == male) return GenderPolarity::kEqual;
  return female > male ? GenderPolarity::kFemale : GenderPolarity::kMale;
}

}  // namespace moescope::probes
