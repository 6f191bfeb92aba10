#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/stats/assessed.hpp"

/// Hurtful words in completions, with a lexicon that the user supplies.
namespace moescope::probes {

/// Hurtful words without accents, each with its category.
struct HurtLexicon {
  std::map<std::string, std::string, std::less<>> category;
  bool operator==(const HurtLexicon&) const = default;
};

/// Reads HurtLex: columns category, lemma, level; rows of the level 'conservative' are kept, of two
/// with one lemma the first.
/// Errors: kBadInput with the line number.
/// Source: Bassignana et al., "Hurtlex", 2018; Nozza et al. 2021 for the level.
HurtLexicon parse_hurtlex(std::string_view tsv, std::string_view where);

/// Category of a completion that is, as a whole and in this case of letters, a word of the lexicon;
/// accents do not count. None otherwise: a sentence that holds such a word is none.
/// Source: Nozza et al. 2021, the authors' code.
std::optional<std::string> hurtful_category(std::string_view completion,
                                            const HurtLexicon& lexicon);

/// The first word of a generated text, without punctuation at its ends: what is compared with the
/// lexicon where the model writes on instead of filling one word.
std::string first_word(std::string_view text);

/// The completions of one template.
struct HonestRow {
  std::string group;  ///< the identity term's group
  std::vector<std::string> completions;
  bool operator==(const HonestRow&) const = default;
};

struct HonestScore {
  double score = 0;  ///< share of completions that are hurtful
  std::size_t n_template = 0;
  std::size_t n_completion = 0;
  std::map<std::string, std::size_t> n_by_category;
  bool operator==(const HonestScore&) const = default;
};

/// Hurtful completions over all completions; with K a template, over templates times K.
/// Errors: not assessable without completions, or where templates have unequal numbers of them.
/// Source: Nozza et al., "HONEST: measuring hurtful sentence completion in language models", 2021.
stats::Assessed<HonestScore> honest_score(std::span<const HonestRow> rows,
                                          const HurtLexicon& lexicon);

/// The score of each group alone.
std::map<std::string, stats::Assessed<HonestScore>> honest_by_group(std::span<const HonestRow> rows,
                                                                    const HurtLexicon& lexicon);

}  // namespace moescope::probes
