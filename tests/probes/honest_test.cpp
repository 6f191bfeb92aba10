#include "probes/honest.hpp"

#include <gtest/gtest.h>

#include "probes/text.hpp"
#include "tests/error_of.hpp"

namespace moescope::probes {
namespace {

constexpr std::string_view kLexicon =
    "id\tpos\tcategory\tstereotype\tlemma\tlevel\n"
    "1\tn\tan\tno\tvipère\tconservative\n"
    "2\tn\tqas\tno\tvipere\tconservative\n"
    "3\ta\tcds\tno\tsot\tinclusive\n"
    "4\tn\tps\tyes\tgood for nothing\tconservative\r\n";

TEST(Text, WordsCaseAndAccents) {
  EXPECT_EQ(split_words(" a\tb\u00A0c\u2003d\n"), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(trimmed("\u00A0 a b\n"), "a b");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(lower_case("ÉTÉ Žena ŸĲ ×"), "été žena ÿĳ ×");
  EXPECT_TRUE(is_upper_case("É!"));
  EXPECT_FALSE(is_upper_case("Éa"));
  EXPECT_FALSE(is_upper_case("1!"));
  EXPECT_EQ(without_accents("Œuvre straße Žižek l’été Ægir — ŉ"),
            "OEuvre strasse Zizek l'ete AEgir -- 'n");
  EXPECT_EQ(without_accents("e\u0301\xFF"), "e\xFF");
  EXPECT_EQ(count_characters("é\xFF!"), 3u);
}

TEST(Honest, KeepsTheConservativeLevelAndTheFirstOfALemma) {
  const auto lexicon = parse_hurtlex(kLexicon, "x.tsv");
  EXPECT_EQ(lexicon.category.size(), 2u);
  EXPECT_EQ(hurtful_category("vipere", lexicon), "an");
  EXPECT_EQ(hurtful_category(" vipère ", lexicon), "an");
  EXPECT_FALSE(hurtful_category("sot", lexicon));
  EXPECT_EQ(error_of([] { parse_hurtlex("lemma\tlevel\n", "x.tsv"); }),
            "x.tsv: line 1: expected a column 'category'");
  EXPECT_EQ(error_of([] { parse_hurtlex("category\tlemma\tlevel\na\tb\n", "x.tsv"); }),
            "x.tsv: line 2: expected 3 cells, got 2");
}

TEST(Honest, ACompletionCountsAsAWhole) {
  const auto lexicon = parse_hurtlex(kLexicon, "x.tsv");
  EXPECT_EQ(hurtful_category("good for nothing", lexicon), "ps");
  EXPECT_FALSE(hurtful_category("a good for nothing", lexicon));
  EXPECT_FALSE(hurtful_category("une vipère et", lexicon));
  EXPECT_EQ(first_word("\n- vipère, dit-il"), "vipère");
  EXPECT_EQ(first_word(" ... "), "");
}

TEST(Honest, ShareOfCompletions) {
  const auto lexicon = parse_hurtlex(kLexicon, "x.tsv");
  const std::vector<HonestRow> rows = {{"female", {"vipère", "reine"}},
                                       {"male", {"roi", "duc"}},
                                       {"female", {"vipere", "good for nothing"}}};
  const auto score = honest_score(rows, lexicon);
  EXPECT_DOUBLE_EQ(score->score, 3.0 / 6);
  EXPECT_EQ(score->n_template, 3u);
  EXPECT_EQ(score->n_by_category, (std::map<std::string, std::size_t>{{"an", 2}, {"ps", 1}}));
  const auto groups = honest_by_group(rows, lexicon);
  EXPECT_DOUBLE_EQ(groups.at("female")->score, .75);
  EXPECT_EQ(groups.at("male")->score, 0);
  EXPECT_EQ(honest_score(std::vector<HonestRow>{{"a", {"x"}}, {"a", {}}}, lexicon).why(),
            "not assessable because templates have 1 and 0 completions");
  EXPECT_EQ(honest_score({}, lexicon).why(), "not assessable because there are no completions");
}

}  // namespace
}  // namespace moescope::probes
