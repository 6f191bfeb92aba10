#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/usage_view.hpp"
#include "core/base/text_width.hpp"
#include "tests/cli/looking_fixture.hpp"

namespace moescope::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

using Usage = Looking;

std::string unwrapped(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

TEST_F(Usage, ByLanguageReadsLikeThis) {
  const Said said = say({"usage", recorded(), "--by", "language"});
  EXPECT_EQ(said.code, 0) << said.error;
  EXPECT_EQ(said.out, R"(run.db, run 1: tiny, 2 layers with a router, 4 experts, top 2
by language, prefill: 864 tokens of 72 prompts
cells: % of assignments (each token makes 2 in a layer); uniform 25.0

    de  288 tokens  en  288 tokens  (none)  288 tokens
     0  1  2  3      0  1  2  3      0  1  2  3
L0  22 25 27 26     24 25 23 28     25 26 25 24
L2  44 18 19 20     19 44 20 18     17 19 45 19

    JSD, bits [95 %]      entropy, bits (uniform 2.00)  max/min load
          between labels   all   de   en (none)         all
L0  0.001 [0.000, 0.004]  2.00 2.00 1.99   2.00         1.1
L2  0.109 [0.093, 0.126]  1.98 1.87 1.88   1.86         1.5

Labels differ most in layer 2: Jensen-Shannon divergence 0.109 bits, corrected
for sample size (95 % limits 0.093 to 0.126; 1.58 would be no expert in common),
by leaving out one of 48 prompt groups at a time; least in layer 0 (0.001). This
describes these prompts (exploratory: no hypothesis was tested).

Experts chosen most in layer 2:
  de      0 (44%), 3 (20%)
  en      1 (44%), 2 (20%)
  (none)  2 (45%), 3 (19%)
)");
}

TEST_F(Usage, ColoursAddNothingToTheText) {
  const std::string expected = say({"usage", recorded()}).out;
  const std::string many = say({"usage", recorded(), "--color", "always"}).out;
  EXPECT_THAT(many, HasSubstr("\x1b[48;5;"));
  EXPECT_EQ(plain(many), expected);
  ::setenv("TERM", "linux", 1);
  const std::string few = say({"usage", recorded(), "--color", "always"}).out;
  EXPECT_THAT(few, Not(HasSubstr("48;5;")));
  EXPECT_THAT(few, HasSubstr("\x1b[43;30m"));
  EXPECT_EQ(plain(few), expected);
}

TEST_F(Usage, EveryLineFits) {
  for (const char* columns : {"60", "80", "200"})
    for (const char* cells : {"numbers", "codes"}) {
      ::setenv("COLUMNS", columns, 1);
      const Said said = say({"usage", recorded(), "--cells", cells});
      ASSERT_EQ(said.code, 0) << said.error;
      for (const std::string& line : lines(said.out))
        EXPECT_LE(display_width(line), std::stoul(columns)) << line;
    }
}

TEST_F(Usage, CompareSetsTwoLabelsSideBySide) {
  const Said said = say({"usage", recorded(), "--compare", "en,de"});
  EXPECT_EQ(said.code, 0) << said.error;
  EXPECT_THAT(said.out, HasSubstr("de minus en, points"));
  EXPECT_THAT(said.out,
              HasSubstr("Compared: en, 288 tokens of 24 prompts in 24 clusters; with de"));
  EXPECT_THAT(said.out, HasSubstr("exploratory"));
  EXPECT_THAT(said.out, Not(HasSubstr("support too small")));
}

TEST_F(Usage, CompareInCsvHasTheTwoAndTheirDifference) {
  const auto rows = lines(say({"usage", recorded(), "--compare", "en,(none)", "--csv"}).out);
  EXPECT_EQ(rows.size(), 1 + 4 * 2 * 4u);
  const auto share = [&rows](const std::string& begin) {
    for (const std::string& row : rows)
      if (row.starts_with(begin)) {
        std::size_t at = 0;
        for (int comma = 0; comma < 10; ++comma) at = row.find(',', at) + 1;
        return std::stod(row.substr(at));
      }
    ADD_FAILURE() << begin;
    return 0.0;
  };
  EXPECT_DOUBLE_EQ(
      share("1,prefill,language,difference,(none) minus en,2,2,,,,"),
      share("1,prefill,language,missing,,2,2,") - share("1,prefill,language,value,en,2,2,"));
}

TEST_F(Usage, OneLayerSaysSo) {
  const Said said = say({"usage", recorded(), "--layer", "2"});
  EXPECT_EQ(said.code, 0) << said.error;
  EXPECT_THAT(said.out, HasSubstr("2 layers with a router"));
  EXPECT_THAT(said.out, HasSubstr("864 tokens of 72 prompts; layer 2 only"));
  EXPECT_THAT(said.out, HasSubstr("Layer 2: Jensen-Shannon divergence 0.109"));
  EXPECT_THAT(said.out, Not(HasSubstr("differ most")));
}

TEST_F(Usage, ALayerThatDoesNotTellTheLabelsApartSaysSo) {
  const Said said = say({"usage", recorded(), "--layer", "0"});
  EXPECT_EQ(said.code, 0) << said.error;
  EXPECT_THAT(said.out, HasSubstr(R"(
Layer 0 does not tell the labels apart: the 95 % interval of the Jensen-Shannon
divergence includes 0 (value 0.001 bits; up to 0.004 bits remain possible), by
leaving out one of 48 prompt groups at a time. This describes these prompts
(exploratory: no hypothesis was tested).
)"));
  EXPECT_THAT(said.out, Not(HasSubstr("chosen most")));
}

/// Two labels that choose among two experts in three layers.
UsageReport three_layers() {
  UsageReport report{.file = "run.db", .model = "tiny", .status = "complete"};
  report.usage.by = "language";
  report.usage.n_expert = 2;
  report.usage.top_k = 1;
  report.usage.layers = {LayerIdx(0), LayerIdx(1), LayerIdx(5)};
  report.usage.all = {.n_token = 200, .n_prompt = 20, .count = std::vector<std::uint64_t>(6, 100)};
  report.usage.labels.assign(2, report.usage.all);
  report.usage.labels[0].value = "de";
  report.usage.labels[1].value = "en";
  report.n_route = 3;
  report.compared = {0, 1};
  const auto add = [&report](double value, double lower, double upper) {
    report.divergence.emplace_back(stats::Divergence{
        .plug_in = value,
        .unbounded = value,
        .corrected = {.value = value, .lower = lower, .upper = upper, .n_cluster = 20}});
  };
  add(-0.0, 0, 0.009);
  add(0.003, 0, 0.008);
  add(0.002, 0, 0.007);
  return report;
}

TEST_F(Usage, WhereNoLayerTellsTheLabelsApartNoneIsNamedAsTheMostDifferent) {
  const Terminal terminal{.width = 80};
  UsageReport report = three_layers();
  const std::string none = usage_text(report, {}, terminal);
  EXPECT_THAT(none, HasSubstr(R"(
No layer tells the labels apart: every 95 % interval of the Jensen-Shannon
divergence includes 0 (largest value 0.003 bits, in layer 1; up to 0.009 bits
remain possible), by leaving out one of 20 prompt groups at a time.)"));
  EXPECT_THAT(none, Not(HasSubstr("chosen most")));
  EXPECT_THAT(none, Not(HasSubstr("-0.000")));

  stats::Divergence told = *report.divergence[2];
  told.corrected.lower = 0.001;
  report.divergence[2] = told;
  const std::string some = usage_text(report, {}, terminal);
  EXPECT_THAT(some, HasSubstr("Labels differ most in layer 5"));
  EXPECT_THAT(unwrapped(some), HasSubstr("least in layer 0 (0.000)"));
  EXPECT_THAT(some, HasSubstr("Experts chosen most in layer 5"));

  // Equal lower limits: the larger value counts.
  told.corrected.value = 0.004;
  report.divergence[0] = told;
  EXPECT_THAT(usage_text(report, {}, terminal), HasSubstr("Labels differ most in layer 0"));
}

TEST_F(Usage, LabelsThatLookLikeNoneAreQuoted) {
  trace::LabelUsage label;
  EXPECT_EQ(label_text(label), "(none)");
  label.value = "";
  EXPECT_EQ(label_text(label), "\"\"");
  label.value = "(none)";
  EXPECT_EQ(label_text(label), "\"(none)\"");
  label.value = "\"\"";
  EXPECT_EQ(label_text(label), "\"\"\"\"");
  label.value = "de";
  EXPECT_EQ(label_text(label), "de");
}

TEST_F(Usage, SmallSupportIsSaid) {
  const Said pair = say({"usage", recorded(8), "--compare", "en,(none)"});
  EXPECT_THAT(unwrapped(pair.out), HasSubstr("Exploratory, support too small"));
  EXPECT_THAT(pair.out, HasSubstr("JSD, bits"));
  const Said all = say({"usage", recorded(8)});
  EXPECT_THAT(unwrapped(all.out), HasSubstr("Left out, support too small"));
  EXPECT_THAT(all.out, Not(HasSubstr("JSD, bits")));
}

TEST_F(Usage, TooFewClustersAreNotAssessable) {
  const Said said = say({"usage", recorded(3), "--compare", "en,de"});
  EXPECT_THAT(unwrapped(said.out), HasSubstr("not assessable: a sample has 3 clusters"));
}

TEST_F(Usage, JsonNamesTheDenominatorAndKeepsTheMissingLabel) {
  const auto shares = nlohmann::json::parse(say({"usage", recorded(), "--json"}).out);
  EXPECT_EQ(shares["schema"], "moescope.usage.v1");
  EXPECT_EQ(shares["denominator"], "assignments");
  EXPECT_DOUBLE_EQ(shares["uniform"], 0.25);
  ASSERT_EQ(shares["labels"].size(), 3u);
  EXPECT_TRUE(shares["labels"][2]["value"].is_null());
  EXPECT_EQ(shares["labels"][2]["n_token"], 288);
  EXPECT_EQ(shares["labels"][0]["n_cluster"], 24);
  const auto tokens = nlohmann::json::parse(say({"usage", recorded(), "--json", "--tokens"}).out);
  EXPECT_EQ(tokens["denominator"], "tokens");
  for (std::size_t layer = 0; layer < 2; ++layer) {
    double by_assignment = 0, by_token = 0;
    for (std::size_t e = 0; e < 4; ++e) {
      by_assignment += shares["labels"][0]["layers"][layer]["share"][e].get<double>();
      by_token += tokens["labels"][0]["layers"][layer]["share"][e].get<double>();
    }
    EXPECT_NEAR(by_assignment, 1, 1e-12);
    EXPECT_NEAR(by_token, 2, 1e-12);
  }
  const auto& d = shares["divergence"]["layers"][1];
  EXPECT_LT(d["lower"], d["corrected"]);
  EXPECT_LT(d["corrected"], d["plug_in"]);
  EXPECT_EQ(d["corrected"], d["unbounded"]);
  EXPECT_GE(shares["divergence"]["layers"][0]["lower"], 0);
  EXPECT_EQ(d["n_cluster"], 48);
}

TEST_F(Usage, CsvCountsAreThoseOfTheRows) {
  const std::string kept = say({"usage", recorded(), "--csv", "--phase", "all"}).out;
  const std::string counted =
      say({"sql", recorded(),
           "SELECT CASE WHEN l.value IS NULL THEN 'missing' ELSE 'value' END, l.value, g.layer, "
           "g.expert, count(*) FROM routing g JOIN token t ON t.id = g.token JOIN prompt p ON p.id "
           "= t.prompt LEFT JOIN prompt_label l ON l.prompt = p.id AND l.key = 'language' "
           "GROUP BY 1, 2, 3, 4",
           "--csv"})
          .out;
  const auto rows = lines(counted);
  ASSERT_EQ(rows.size(), 1 + 3 * 2 * 4u);
  for (std::size_t i = 1; i < rows.size(); ++i)
    EXPECT_NE(kept.find("\n1,all,language," + rows[i] + ","), std::string::npos) << rows[i];
  EXPECT_EQ(lines(kept).size(), 1 + 4 * 2 * 4u);
}

TEST_F(Usage, GroupsAndNoneAndPhases) {
  const Said group = say({"usage", recorded(), "--by", "group"});
  EXPECT_THAT(group.out, HasSubstr("g23  24 tokens"));
  EXPECT_THAT(group.out, HasSubstr("(none)  288 tokens"));
  EXPECT_THAT(unwrapped(group.out), HasSubstr("and 16 more"));
  EXPECT_THAT(unwrapped(group.out), HasSubstr("not assessable: fewer than two labels"));
  const Said none = say({"usage", recorded(), "--by", "none"});
  EXPECT_THAT(none.out, HasSubstr("all 864 tokens"));
  const Said decode = say({"usage", recorded(), "--phase", "decode", "--by", "none"});
  EXPECT_THAT(decode.out, HasSubstr("decode: 3 tokens of 1 prompt"));
  const Said all = say({"usage", recorded(), "--phase", "all", "--by", "none"});
  EXPECT_THAT(all.out, HasSubstr("prefill and decode: 867 tokens of 72 prompts"));
}

TEST_F(Usage, UnknownNamesListThoseThereAre) {
  Said said = say({"usage", recorded(), "--by", "lang"});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.error,
            "run.db: run 1 has no label 'lang'; it can be shown by: domain, language, group, none");
  said = say({"usage", recorded(), "--compare", "en,nl"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.error, HasSubstr("labels: de, en, (none)"));
  said = say({"usage", recorded(), "--layer", "1"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.error, HasSubstr("layers with one: 0, 2"));
  said = say({"usage", recorded(), "--run", "7"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.error, HasSubstr("7"));
  EXPECT_EQ(say({"usage", recorded(), "--tokens", "--assignments"}).code, 2);
  EXPECT_EQ(say({"usage", recorded(), "--json", "--csv"}).code, 2);
}

TEST_F(Usage, OtherFilesAreRefused) {
  EXPECT_EQ(say({"usage", "absent.db"}).code, 1);
  EXPECT_FALSE(std::filesystem::exists("absent.db"));
  std::ofstream("empty.db").close();
  EXPECT_EQ(say({"usage", "empty.db"}).code, 1);
  std::ofstream("text.db") << std::string(5000, 'x');
  EXPECT_EQ(say({"usage", "text.db"}).code, 1);
  recorded();
  std::string newer = content("run.db");
  newer[60 + 3] = 99;  // user_version, big-endian at byte 60 of the file's header
  std::ofstream("newer.db", std::ios::binary) << newer;
  const Said said = say({"usage", "newer.db"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.error, HasSubstr("99"));
}

}  // namespace
}  // namespace moescope::cli
