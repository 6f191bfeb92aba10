#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "audits/importer.hpp"
#include "core/base/json.hpp"
#include "core/formats/io.hpp"

/// The published files themselves, where somebody has put them: not all of them may be passed on.
namespace moescope::audits {
namespace {
namespace fs = std::filesystem;

using probes::Item;

/// What one import of real files must give.
struct RealSet {
  std::string importer;
  std::vector<std::string> paths;
  std::size_t n_item;
  std::size_t n_malformed;
  std::size_t n_cluster;  ///< of the first key
  std::string language;
};

fs::path shared(const std::string& name) {
  return fs::path(MOESCOPE_SHARED_DIR) / name;
}

ImportedSuite import_real(const RealSet& set) {
  std::vector<fs::path> paths;
  for (const std::string& path : set.paths) paths.push_back(shared("data/" + path));
  return import_suite(set.importer, paths);
}

std::string name_of(const testing::TestParamInfo<RealSet>& set) {
  std::string name = set.param.importer + "_" + fs::path(set.param.paths[0]).stem().string();
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

class RealFiles : public testing::TestWithParam<RealSet> {};

TEST_P(RealFiles, HaveTheRowsThatTheyAreKnownToHave) {
  const RealSet& set = GetParam();
  for (const std::string& path : set.paths)
    if (!fs::exists(shared("data/" + path)))
      GTEST_SKIP() << "../shared/data/" << path << " is not there";
  const ImportedSuite imported = import_real(set);
  EXPECT_EQ(imported.suite.items.size(), set.n_item);
  EXPECT_EQ(imported.malformed.size(), set.n_malformed);
  for (std::size_t i = 0; i < std::min<std::size_t>(imported.malformed.size(), 5); ++i)
    std::printf("%s:%zu: %s\n", imported.malformed[i].file.c_str(), imported.malformed[i].line,
                imported.malformed[i].reason.c_str());
  std::set<std::string> clusters;
  for (const Item& item : imported.suite.items)
    clusters.insert(item.labels.at(imported.suite.cluster[0]));
  EXPECT_EQ(clusters.size(), set.n_cluster);
  EXPECT_EQ(imported.suite.info.language, set.language);
}

INSTANTIATE_TEST_SUITE_P(
    Importers, RealFiles,
    testing::Values(
        RealSet{"crows-pairs", {"crows_pairs"}, 1508, 0, 77, "en"},
        RealSet{"crows-pairs",
                {"crows_pairs_multilingual/crows_pairs_EN_revised_1677.tsv"},
                1677,
                0,
                957,
                "en"},
        RealSet{"crows-pairs",
                {"crows_pairs_multilingual/crows_pairs_FR_1677.tsv"},
                1673,
                4,
                996,
                "fr"},
        RealSet{"crows-pairs", {"crows_pairs_multilingual/crows_dutch.csv"}, 1463, 0, 827, "nl"},
        RealSet{"bbq", {"bbq"}, 11956, 0, 150, "en"},
        RealSet{"winobias", {"winobias"}, 1605, 0, 20, "en"},
        RealSet{"winobias-referent", {"winobias"}, 1605, 0, 20, "en"},
        RealSet{"gest", {"gest/gest.csv"}, 7130, 0, 3565, "en"},
        RealSet{"truthfulqa", {"truthfulqa/TruthfulQA_v1_817.csv"}, 817, 0, 817, "en"},
        RealSet{"truthfulqa", {"truthfulqa/TruthfulQA_v2_790.csv"}, 790, 0, 790, "en"},
        RealSet{"winogenerated", {"winogenerated"}, 2990, 0, 299, "en"},
        RealSet{"bec-pro", {"bec_pro"}, 5400, 0, 60, "mul"},
        RealSet{"honest", {"honest/binary"}, 4920, 0, 256, "mul"},
        RealSet{"honest", {"honest/queer_nonqueer"}, 705, 0, 15, "en"},
        RealSet{"bold", {"bold"}, 23674, 5, 6876, "en"},
        RealSet{"holistic-bias", {"holistic_bias"}, 15158, 0, 579, "en"},
        RealSet{"arc", {"arc_challenge/ARC-Challenge-Test.jsonl"}, 1172, 0, 1172, "en"},
        RealSet{"arc", {"arc_challenge/ARC-Challenge-Dev.jsonl"}, 299, 0, 299, "en"},
        RealSet{"nq-open", {"nq_open"}, 5410, 0, 5410, "en"},
        RealSet{"scone", {"scone"}, 1200, 0, 71, "en"},
        RealSet{"pararel", {"pararel"}, 20742, 0, 3755, "en"},
        RealSet{"ntrex", {"ntrex"}, 9985, 0, 123, "mul"},
        RealSet{"conllu", {"pud"}, 5000, 0, 397, "mul"},
        RealSet{"conllu", {"ud_test"}, 4379, 0, 2540, "mul"}),
    name_of);

/// Texts that another implementation scored, by the id that it gave them.
std::map<std::string, std::pair<std::string, std::string>> scored_texts(const fs::path& file) {
  std::map<std::string, std::pair<std::string, std::string>> out;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const nlohmann::json row = parse_json(line, file.string());
    out[row.at("id")] = {row.at("prompt"), row.at("text")};
  }
  return out;
}

TEST(ScoredTexts, AreThoseThatTheImportersGive) {
  const fs::path goldens = shared("goldens/audits");
  if (!fs::exists(goldens) || !fs::exists(shared("data/winobias")))
    GTEST_SKIP() << "../shared/goldens/audits or ../shared/data is not there";
  std::size_t n = 0;
  const auto winobias = scored_texts(goldens / "winobias.jsonl");
  const auto expect_scored = [&](const std::string& id, const std::string& text) {
    const auto at = winobias.find(id);
    if (at == winobias.end()) return;
    EXPECT_EQ(text, at->second.second) << id;
    ++n;
  };
  for (const Item& item :
       import_real({.importer = "winobias", .paths = {"winobias"}}).suite.items) {
    const std::string name = item.id.substr(item.id.find('_'));
    const std::string& published = item.labels.at("published");
    if (published != "anti") expect_scored("pro" + name, item.candidates[0].text);
    if (published != "pro") expect_scored("anti" + name, item.candidates[1].text);
  }
  EXPECT_EQ(n, winobias.size());
  // The reference numbers pairs by their place, the files by ids of their own.
  const auto n_missing = [&](const char* golden, const char* path) {
    std::set<std::string> texts;
    const RealSet set{"crows-pairs", {path}, 0, 0, 0, ""};
    for (const Item& item : import_real(set).suite.items)
      for (const probes::Candidate& candidate : item.candidates) texts.insert(candidate.text);
    const auto scored = scored_texts(goldens / golden);
    return std::count_if(scored.begin(), scored.end(),
                         [&](const auto& row) { return !texts.contains(row.second.second); });
  };
  EXPECT_EQ(n_missing("crows_pairs_en.jsonl", "crows_pairs/crows_pairs_anonymized.csv"), 0);
  // Of a pair whose sentences are the same, and of one that lacks a sentence.
  EXPECT_EQ(
      n_missing("crows_pairs_fr_0_300.jsonl", "crows_pairs_multilingual/crows_pairs_FR_1677.tsv"),
      4);
}

TEST(ScoredTexts, AreTheAnswersOfTruthfulqa) {
  const fs::path golden = shared("goldens/audits/truthfulqa_0_100.jsonl");
  const std::string file = "truthfulqa/TruthfulQA_v1_817.csv";
  if (!fs::exists(golden) || !fs::exists(shared("data/" + file)))
    GTEST_SKIP() << "../shared/goldens/audits or ../shared/data is not there";
  using Texts = std::map<std::string, std::set<std::string>>;
  Texts wanted, got;
  for (const auto& [id, text] : scored_texts(golden))
    wanted[id.substr(0, id.rfind('/')) + text.first].insert(text.second);
  for (const Item& item : import_real({.importer = "truthfulqa", .paths = {file}}).suite.items)
    for (const probes::Candidate& candidate : item.candidates)
      if (std::stoul(item.id) < 100)
        got[item.id + (candidate.correct ? "/correct" : "/incorrect") + item.prompt].insert(
            candidate.text);
  EXPECT_EQ(got, wanted);
}

}  // namespace
}  // namespace moescope::audits
