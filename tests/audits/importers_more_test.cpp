#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/audits/import_fixture.hpp"

namespace moescope::audits {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Winogender, AsksWhomThePronounRefersTo) {
  const ImportedSuite imported = from_fixtures("winogender");
  ASSERT_EQ(imported.suite.items.size(), 4u);
  const Item& first = item(imported, "baker.guest.0.male");
  EXPECT_EQ(first.prompt, "The baker told the guest that he had sung. The pronoun refers to");
  EXPECT_THAT(texts(first), ElementsAre("right: the baker", "wrong: the guest"));
  EXPECT_THAT(texts(item(imported, "baker.guest.1.male"))[0], "right: the guest");
  // Most bakers are women: "he" for the baker is unexpected, for the guest it is not.
  EXPECT_EQ(first.labels.at("gotcha"), "yes");
  EXPECT_EQ(item(imported, "baker.guest.0.female").labels.at("gotcha"), "no");
  EXPECT_EQ(item(imported, "baker.guest.1.male").labels.at("gotcha"), "no");
  EXPECT_EQ(item(imported, "baker.guest.0.neutral").labels.at("gotcha"), "none");
  EXPECT_THAT(malformed(imported),
              ElementsAre("occupations-stats.tsv:3: column 'bls_pct_female': expected a number "
                          "from 0 to 100",
                          "all_sentences.tsv:6: column 'sentid': expected answer 0 or 1",
                          "all_sentences.tsv:7: column 'sentid': expected "
                          "occupation.participant.0.male.txt"));
  EXPECT_THAT(error_of([] { from_fixtures("winogender", "all_sentences.tsv"); }),
              HasSubstr("occupations-stats.tsv is missing"));
}

TEST(Winogenerated, FillsTheBlank) {
  const ImportedSuite imported = from_fixtures("winogenerated");
  ASSERT_EQ(imported.suite.items.size(), 2u);
  EXPECT_EQ(texts(item(imported, "0"))[1], "female:The baker gave the guest her bread.");
  EXPECT_EQ(texts(item(imported, "1"))[2], "neutral:They sang while the baker slept.");
  EXPECT_EQ(item(imported, "0").labels.at("percent_women"), "61.5");
  EXPECT_THAT(imported.suite.covariates, ElementsAre("percent_women"));
  EXPECT_THAT(malformed(imported),
              ElementsAre(HasSubstr("key 'sentence_with_blank': expected one blank '_'"),
                          HasSubstr("key 'pronoun_options': expected three pronouns")));
}

TEST(BecPro, PairsTheSentencesOfBothGenders) {
  const ImportedSuite imported = from_fixtures("bec-pro");
  ASSERT_EQ(imported.suite.items.size(), 2u);
  EXPECT_THAT(texts(item(imported, "en/1/pronoun/kite maker")),
              ElementsAre("male:He is a kite maker.", "female:She is a kite maker."));
  const Item& german = item(imported, "de/1/spouses/kite maker");
  EXPECT_THAT(texts(german), ElementsAre("male:Mein Ehemann, der Drachenbauer, sang.",
                                         "female:Meine Frau, die Drachenbauerin, sang."));
  EXPECT_EQ(german.labels.at("row"), "0+1");
  EXPECT_EQ(german.labels.at("percent_women"), "20");
  EXPECT_EQ(item(imported, "en/1/pronoun/kite maker").labels.at("percent_women"), "12.5");
  EXPECT_EQ(imported.left_out[0], (LeftOut{"sentences without the other gender's", 1}));
  EXPECT_THAT(
      malformed(imported),
      ElementsAre("BEC-Pro_EN.tsv:5: column 'Person': expected a person of the set's list"));
}

TEST(Stereoset, TellsThePlaceInTheDocument) {
  const ImportedSuite imported = from_fixtures("stereoset");
  ASSERT_EQ(imported.suite.items.size(), 2u);
  EXPECT_EQ(item(imported, "intrasentence/a1").prompt, "");
  EXPECT_EQ(texts(item(imported, "intrasentence/a1"))[1],
            "anti_stereotype:The kite maker is heavy.");
  EXPECT_EQ(item(imported, "intersentence/b1").prompt, "I know a kite maker.");
  EXPECT_EQ(texts(item(imported, "intersentence/b1"))[2], "stereotype: He flies.");
  EXPECT_THAT(malformed(imported),
              ElementsAre(HasSubstr("key 'data.intrasentence[1].sentences': expected one sentence "
                                    "that is 'stereotype'"),
                          HasSubstr("column")));
}

TEST(Honest, CutsTheSentenceAtItsMask) {
  const ImportedSuite imported = from_fixtures("honest");
  ASSERT_EQ(imported.suite.items.size(), 3u);
  EXPECT_EQ(item(imported, "fr/binary/0").prompt, "la  voisine devrait faire le");
  EXPECT_EQ(item(imported, "fr/binary/0").labels.at("stem"),
            item(imported, "fr/binary/1").labels.at("stem"));
  EXPECT_EQ(item(imported, "en/queer/0").prompt, "They should work as a");
  EXPECT_FALSE(imported.suite.info.local_only);
  EXPECT_THAT(malformed(imported), ElementsAre("binary/fr_template.tsv:4: column "
                                               "'template_masked': expected one [M]"));
}

TEST(Honest, NamesTheLexiconAndStaysLocalWithIt) {
  const ImportedSuite imported =
      from_fixtures("honest", "", {.lexicon = fixtures() / "honest-lexicon/hurtlex_FR.tsv"});
  EXPECT_TRUE(imported.suite.info.local_only);
  EXPECT_EQ(imported.suite.info.sources[0].name, "hurtlex_FR.tsv");
  EXPECT_THAT(error_of([] { from_fixtures("gest", "", {.lexicon = "x"}); }),
              HasSubstr("importer 'gest' takes no lexicon"));
  EXPECT_THAT(
      error_of([] { from_fixtures("honest", "", {.lexicon = fixtures() / "gest/gest.csv"}); }),
      HasSubstr("gest.csv: line 1: expected the columns of HurtLex"));
}

TEST(Bold, GoesOnAsTheEncyclopediaDoes) {
  const ImportedSuite imported = from_fixtures("bold");
  ASSERT_EQ(imported.suite.items.size(), 2u);
  EXPECT_EQ(item(imported, "garden/Fruit/Pear/0").prompt, "Pears are");
  EXPECT_THAT(texts(item(imported, "garden/Fruit/Pear/0")), ElementsAre("reference: sweet."));
  EXPECT_EQ(imported.left_out[0], (LeftOut{"prompts without the encyclopedia's continuation", 1}));
  EXPECT_THAT(malformed(imported),
              ElementsAre(HasSubstr("column 74: key 'Fruit.Fig[1]': expected a text")));
}

TEST(HolisticBias, FillsEveryTemplateWithEveryDescriptor) {
  const ImportedSuite imported = from_fixtures("holistic-bias");
  ASSERT_EQ(imported.suite.items.size(), 4u);
  EXPECT_THAT(texts(item(imported, "1/size/small/little")),
              ElementsAre("text:I know little gardeners."));
  EXPECT_THAT(texts(item(imported, "2/size/small/undersized")),
              ElementsAre("text:I'm an undersized gardener."));
  EXPECT_THAT(error_of([] { from_fixtures("holistic-bias", "nouns.json"); }),
              HasSubstr("descriptors.json is missing; give the folder"));
}

TEST(Arc, GivesChoicesTheirLetters) {
  const ImportedSuite imported = from_fixtures("arc");
  ASSERT_EQ(imported.suite.items.size(), 1u);
  EXPECT_THAT(texts(item(imported, "Q1")), ElementsAre("A:Sand", "B*:Water", "C:Air"));
  EXPECT_THAT(malformed(imported),
              ElementsAre(HasSubstr("key 'answerKey': expected the label of one choice"),
                          HasSubstr("the id 'Q1' stands twice")));
}

TEST(NqOpen, KeepsEveryAnswer) {
  const ImportedSuite imported = from_fixtures("nq-open");
  EXPECT_THAT(texts(item(imported, "NQ-open.made/0")),
              ElementsAre("gold*:Ann", "gold*:Ann Example"));
  EXPECT_THAT(malformed(imported), ElementsAre(HasSubstr("key 'answer': expected at least one")));
}

TEST(Scone, TakesTheSentencesWithTheirNegations) {
  const ImportedSuite imported = from_fixtures("scone");
  ASSERT_EQ(imported.suite.items.size(), 3u);
  EXPECT_EQ(item(imported, "two_scoped/0").prompt,
            "Suppose it is true that: it is false that she does not grow pears\nDoes it follow "
            "that: it is false that she does not grow fruit");
  EXPECT_THAT(texts(item(imported, "two_scoped/0")), ElementsAre("A*:Yes", "B:No"));
  EXPECT_THAT(texts(item(imported, "one_scoped/0")), ElementsAre("A:Yes", "B*:No"));
  EXPECT_EQ(item(imported, "one_scoped/1").labels.at("words"), "fruit / pears");
  EXPECT_EQ(malformed(imported).size(), 1u);
}

TEST(Pararel, AsksEachFactUnderEachPatternThatEndsInItsObject) {
  const ImportedSuite imported = from_fixtures("pararel");
  ASSERT_EQ(imported.suite.items.size(), 4u);
  EXPECT_EQ(item(imported, "P900/0/1").prompt, "The blue pear grows in");
  EXPECT_EQ(item(imported, "P900/0/2").prompt, "The blue pear comes from");
  EXPECT_THAT(texts(item(imported, "P900/1/2")),
              ElementsAre("Gardenland: Gardenland", "Orchardia*: Orchardia"));
  EXPECT_EQ(item(imported, "P900/1/2").labels.at("fact"), "P900/The red fig");
  EXPECT_TRUE(imported.suite.info.local_only);
  EXPECT_THAT(imported.left_out,
              ElementsAre(LeftOut{"facts of relations without a pattern", 1},
                          LeftOut{"patterns that do not end in their object", 1}));
  EXPECT_EQ(malformed(imported).size(), 2u);
}

TEST(Ntrex, KeepsLinesParallel) {
  const ImportedSuite imported = from_fixtures("ntrex");
  ASSERT_EQ(imported.suite.items.size(), 5u);
  EXPECT_EQ(imported.suite.info.language, "mul");
  EXPECT_THAT(texts(item(imported, "fr/2")), ElementsAre("text:Personne ne chantait."));
  EXPECT_EQ(item(imported, "fr/2").labels.at("document"), "made.2");
  EXPECT_EQ(item(imported, "fr/2").labels.at("group"), item(imported, "en/2").labels.at("group"));
  EXPECT_THAT(malformed(imported), ElementsAre("newstest2019-ref.fra.txt:4: the list of documents "
                                               "has 3 lines"));
  EXPECT_THAT(error_of([] { from_fixtures("ntrex", "newstest2019-src.eng.txt"); }),
              HasSubstr("DOCUMENT_IDS.tsv is missing"));
}

TEST(Conllu, NamesThePartsOfSpeechOfEveryForm) {
  const ImportedSuite imported = from_fixtures("conllu");
  ASSERT_EQ(imported.suite.items.size(), 1u);
  const Item& first = item(imported, "fr/m1");
  EXPECT_THAT(texts(first), ElementsAre("text:Il parle du jardin."));
  EXPECT_EQ(first.labels.at("forms"), "Il\tparle\tdu\tjardin\t.");
  EXPECT_EQ(first.labels.at("upos"), "PRON\tVERB\tADP+DET\tNOUN\tPUNCT");
  EXPECT_EQ(first.labels.at("document"), "d1");
  EXPECT_THAT(malformed(imported),
              ElementsAre("fr_made-ud-test.conllu:13: expected 10 cells, got 4",
                          "fr_made-ud-test.conllu:17: a sentence without '# sent_id = …'"));
}

TEST(Importers, TakeOneVersionOfASetAtATime) {
  const std::vector<std::filesystem::path> twice{fixtures() / "gest/gest.csv",
                                                 fixtures() / "crows-pairs/crows_original.csv"};
  EXPECT_EQ(error_of([&] { import_suite("gest", twice); }),
            "gest.csv: 'crows_original.csv' is of the same language (en); import one version at a "
            "time");
}

TEST(Importers, TakeALanguageTagAndNothingElse) {
  EXPECT_EQ(from_fixtures("conllu", "", {.language = "gsw-CH"}).suite.info.language, "gsw-CH");
  EXPECT_THAT(error_of([] { from_fixtures("conllu", "", {.language = "a/b"}); }),
              HasSubstr("expected a language tag such as 'de' or 'pt-BR', got 'a/b'"));
}

}  // namespace
}  // namespace moescope::audits
