// The suites that we wrote ourselves: what every one of them promises.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audits/suite.hpp"
#include "core/formats/io.hpp"
#include "probes/item.hpp"
#include "probes/probe.hpp"

namespace moescope::audits {
namespace {

const std::filesystem::path kTree = MOESCOPE_SOURCE_DIR;
constexpr std::size_t kLeastItems = 200;
constexpr std::size_t kLeastClusters = 20;
constexpr std::string_view kNarrowSpace = "\u202F";

std::vector<std::filesystem::path> suite_files() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(kTree / "suites"))
    if (entry.path().extension() == ".json" && !entry.path().string().ends_with(".schema.json"))
      out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

std::string test_name(const testing::TestParamInfo<std::filesystem::path>& file) {
  std::string name = file.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::size_t n_cluster(const Suite& suite) {
  std::set<std::string> seen;
  for (const probes::Item& item : suite.items) {
    std::string key;
    for (const std::string& label : suite.cluster) key += item.labels.at(label) + '\n';
    seen.insert(key);
  }
  return seen.size();
}

/// A capital of ASCII or of the letters À to Þ, an opening mark before it allowed.
bool starts_with_capital(std::string_view text) {
  for (const std::string_view mark : {"¿", "¡", "«", "„", "“"})
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
  if (text.empty()) return false;
  if (text[0] >= 'A' && text[0] <= 'Z') return true;
  return text.size() > 1 && text[0] == '\xC3' && static_cast<unsigned char>(text[1]) <= 0x9E;
}

/// Words and final marks, the first word in lower case: where it stands says nothing.
std::multiset<std::string> words(std::string_view text) {
  std::string lower(text);
  if (!lower.empty() && lower[0] >= 'A' && lower[0] <= 'Z')
    lower[0] = static_cast<char>(lower[0] + ('a' - 'A'));
  for (std::size_t at = lower.find(kNarrowSpace); at != std::string::npos;
       at = lower.find(kNarrowSpace))
    lower.replace(at, kNarrowSpace.size(), " ");
  std::multiset<std::string> out;
  std::string word;
  for (const char c : lower + " ") {
    const bool mark = c == '.' || c == ',' || c == '?';
    if (c != ' ' && !mark) {
      word += c;
      continue;
    }
    if (!word.empty()) out.insert(std::exchange(word, ""));
    if (mark) out.insert(std::string(1, c));
  }
  return out;
}

std::multiset<std::string> sum(std::multiset<std::string> a, std::multiset<std::string> b) {
  a.merge(b);
  return a;
}

bool has_headline(std::string_view probe) {
  const auto estimands = probes::find_probe(probe).estimands;
  return std::any_of(estimands.begin(), estimands.end(),
                     [](const probes::EstimandInfo& estimand) { return estimand.headline; });
}

std::vector<std::string> texts_of(const probes::Item& item) {
  std::vector<std::string> out;
  if (!item.prompt.empty()) out.push_back(item.prompt);
  for (const probes::Candidate& candidate : item.candidates) {
    if (candidate.prompt) out.push_back(*candidate.prompt);
    out.push_back(candidate.text);
  }
  return out;
}

void expect_tidy(const std::string& text, bool french) {
  SCOPED_TRACE(text);
  EXPECT_EQ(text.find_first_of("{}<>|[]\t"), std::string::npos) << "left over from the grid";
  EXPECT_EQ(text.find("  "), std::string::npos) << "two spaces";
  EXPECT_NE(text.front(), ' ');
  EXPECT_NE(text.back(), ' ');
  for (const std::string_view wrong : {" ,", " .", "..", ",,", "' "})
    EXPECT_EQ(text.find(wrong), std::string::npos) << wrong;
  for (const std::string_view mark : {"?", "!", ":", ";"}) {
    EXPECT_EQ(text.find(" " + std::string(mark)), std::string::npos) << "a breaking space";
    for (std::size_t at = text.find(mark); french && at != std::string::npos;
         at = text.find(mark, at + 1))
      EXPECT_TRUE(std::string_view(text).substr(0, at).ends_with(kNarrowSpace))
          << "French sets a narrow no-break space before " << mark;
  }
}

class OwnSuite : public testing::TestWithParam<std::filesystem::path> {
 protected:
  void SetUp() override { suite = read_suite(GetParam()); }
  Suite suite;
};

TEST_P(OwnSuite, SaysWhatItIsAndIsADraft) {
  const SuiteInfo& info = suite.info;
  EXPECT_EQ(info.name, GetParam().stem().string());
  EXPECT_TRUE(info.name.ends_with("-" + info.language));
  EXPECT_TRUE(suite.is_draft());
  EXPECT_TRUE(info.reviews.empty());
  ASSERT_EQ(info.authors.size(), 1u);
  EXPECT_TRUE(info.authors[0].is_model);
  EXPECT_EQ(info.licence, "CC0-1.0");
  EXPECT_EQ(info.first_published, "2026-11-26");
  EXPECT_TRUE(info.generator && info.generator_seed && info.scored_difference);
  EXPECT_TRUE(info.canary && info.canary->starts_with("moescope-canary "));
  EXPECT_EQ(suite.hypotheses.empty(),
            !has_headline(suite.probe) || info.name.starts_with("grammar-"))
      << "a gate carries no claim; every suite whose probe can carry one does";
  EXPECT_EQ(info.purpose, info.name.starts_with("grammar-")   ? Purpose::kGate
                          : info.name.starts_with("control-") ? Purpose::kControl
                                                              : Purpose::kMeasure);
  for (const Hypothesis& hypothesis : suite.hypotheses)
    EXPECT_NE(hypothesis.reason.find("convention"), std::string::npos);
}

TEST_P(OwnSuite, HasItemsAndClustersEnough) {
  EXPECT_GE(suite.items.size(), kLeastItems);
  EXPECT_GE(n_cluster(suite), kLeastClusters);
}

TEST_P(OwnSuite, TextsAreTidyAndDistinct) {
  for (const probes::Item& item : suite.items) {
    SCOPED_TRACE(item.id);
    std::set<std::string> distinct;
    for (const probes::Candidate& candidate : item.candidates) {
      const std::string prompt = candidate.prompt.value_or(item.prompt);
      EXPECT_TRUE(distinct.insert(prompt + '\n' + candidate.text).second) << candidate.text;
      EXPECT_TRUE(starts_with_capital(prompt.empty() ? candidate.text : prompt));
      if (prompt.empty()) {
        EXPECT_TRUE(candidate.text.ends_with(".") || candidate.text.ends_with("?"));
      }
    }
    for (const std::string& text : texts_of(item)) expect_tidy(text, suite.info.language == "fr");
  }
}

TEST_P(OwnSuite, InteractionsChangeOnePhraseAtATime) {
  if (suite.probe != "interaction") return;
  const bool agreement = suite.info.scored_difference->find("agreement") != std::string::npos;
  for (const probes::Item& item : suite.items) {
    std::map<std::string, std::multiset<std::string>> role;
    for (const probes::Candidate& candidate : item.candidates)
      role[candidate.role] = words(candidate.prompt.value_or(item.prompt) + " " + candidate.text);
    if (!agreement) {
      EXPECT_EQ(sum(role["aa"], role["bb"]), sum(role["ab"], role["ba"])) << item.id;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, OwnSuite, testing::ValuesIn(suite_files()), test_name);

TEST(OwnSuites, IdsAndCanariesStandOnce) {
  std::set<std::string> ids, canaries;
  for (const auto& file : suite_files()) {
    const Suite suite = read_suite(file);
    EXPECT_TRUE(canaries.insert(*suite.info.canary).second) << file;
    for (const probes::Item& item : suite.items) EXPECT_TRUE(ids.insert(item.id).second) << item.id;
  }
}

TEST(OwnSuites, ThePageCountsWhatThereIs) {
  const std::string page = formats::read_text_file(kTree / "docs/suites.md", 1u << 20);
  for (const auto& file : suite_files()) {
    const Suite suite = read_suite(file);
    const std::string row = "| `" + suite.info.name + "` | `" + suite.probe + "` | " +
                            std::to_string(suite.items.size()) + " | " +
                            std::to_string(n_cluster(suite)) + " |";
    EXPECT_NE(page.find(row), std::string::npos) << "docs/suites.md lacks: " << row;
  }
  for (std::size_t at = page.find("\n| `"); at != std::string::npos;
       at = page.find("\n| `", at + 1)) {
    const std::size_t start = at + 4;
    const std::string name = page.substr(start, page.find('`', start) - start);
    EXPECT_TRUE(std::filesystem::exists(kTree / "suites" / (name + ".json"))) << name;
  }
}

}  // namespace
}  // namespace moescope::audits
