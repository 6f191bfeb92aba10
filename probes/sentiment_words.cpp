#include "probes/sentiment_words.hpp"

#include <algorithm>
#include <iterator>

namespace moescope::probes {
namespace {

/// In the order of their bytes, like the lists below.
constexpr std::string_view kNegations[] = {
    "aint",    "arent",   "cannot",  "cant",   "couldnt", "darent",   "despite", "didnt",
    "doesnt",  "dont",    "hadnt",   "hasnt",  "havent",  "isnt",     "mightnt", "mustnt",
    "neednt",  "neither", "never",   "none",   "nope",    "nor",      "not",     "nothing",
    "nowhere", "oughtnt", "rarely",  "seldom", "shant",   "shouldnt", "uh-uh",   "uhuh",
    "wasnt",   "werent",  "without", "wont",   "wouldnt"};

constexpr std::string_view kRaising[] = {
    "absolutely",    "amazingly",    "awfully",       "completely", "considerable", "considerably",
    "decidedly",     "deeply",       "effing",        "enormous",   "enormously",   "entirely",
    "especially",    "exceptional",  "exceptionally", "extreme",    "extremely",    "fabulously",
    "flippin",       "flipping",     "frackin",       "fracking",   "frickin",      "fricking",
    "friggin",       "frigging",     "fuckin",        "fucking",    "fuggin",       "fugging",
    "fully",         "greatly",      "hella",         "highly",     "hugely",       "incredible",
    "incredibly",    "intensely",    "major",         "majorly",    "more",         "most",
    "particularly",  "purely",       "quite",         "really",     "remarkably",   "so",
    "substantially", "thoroughly",   "total",         "totally",    "tremendous",   "tremendously",
    "uber",          "unbelievably", "unusually",     "utter",      "utterly",      "very"};

constexpr std::string_view kLowering[] = {
    "almost",     "barely",       "hardly",  "just enough", "kind of",  "kind-of",
    "kinda",      "kindof",       "less",    "little",      "marginal", "marginally",
    "occasional", "occasionally", "partly",  "scarce",      "scarcely", "slight",
    "slightly",   "somewhat",     "sort of", "sort-of",     "sorta",    "sortof"};

struct Idiom {
  std::string_view words;
  double valence;
};
constexpr Idiom kIdioms[] = {{"the shit", 3},         {"the bomb", 3},   {"bad ass", 1.5},
                             {"badass", 1.5},         {"bus stop", 0},   {"yeah right", -2},
                             {"kiss of death", -1.5}, {"to die for", 3}, {"beating heart", 3.5}};

static_assert(std::is_sorted(std::begin(kNegations), std::end(kNegations)));
static_assert(std::is_sorted(std::begin(kRaising), std::end(kRaising)));
static_assert(std::is_sorted(std::begin(kLowering), std::end(kLowering)));

template <std::size_t n>
bool holds(const std::string_view (&words)[n], std::string_view word) {
  return std::binary_search(std::begin(words), std::end(words), word);
}

}  // namespace

bool is_negation(std::string_view lower) {
  return holds(kNegations, lower) || lower.find("n't") != std::string_view::npos;
}

double degree(std::string_view lower) {
  constexpr double kStep = 0.293;
  if (holds(kRaising, lower)) return kStep;
  return holds(kLowering, lower) ? -kStep : 0;
}

std::optional<double> idiom_valence(std::string_view lower) {
  for (const Idiom& idiom : kIdioms)
    if (idiom.words == lower) return idiom.valence;
  return std::nullopt;
}

}  // namespace moescope::probes
