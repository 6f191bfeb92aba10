#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "tests/core/trace/odd_runs.hpp"

/// The documented queries against answers counted from the traces that were written.
namespace moescope::trace {
namespace {

using testing::ElementsAreArray;

TEST_F(DocumentedQuery, TheRunIsAsOddAsItShouldBe) {
  EXPECT_EQ(chosen(0, 4, [](const Seen&) { return true; }), 0u);
  EXPECT_EQ(chosen(1, 3, language("fr")), 0u);
  EXPECT_GT(chosen(1, 3, language("en")), 0u);
  EXPECT_GT(tokens(language("fr")), 0u);
  EXPECT_GT(tokens([](const Seen& s) { return !is_prefill(s); }), 0u);
}

TEST_F(DocumentedQuery, UsageListsIdleExperts) {
  Rows expected;
  for (std::size_t r = 0; r < 2; ++r)
    for (std::uint64_t e = 0; e < kExperts; ++e)
      expected.push_back(row(kLayer[r], e, chosen(r, e, is_prefill), share(r, e, is_prefill)));
  EXPECT_THAT(answer(2), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, TimesUniformCountsEveryExpertOfTheModel) {
  std::vector<std::tuple<double, std::uint64_t, std::uint64_t>> order;
  for (std::size_t r = 0; r < 2; ++r)
    for (std::uint64_t e = 0; e < kExperts; ++e)
      if (chosen(r, e, is_prefill) > 0)
        order.emplace_back(-share(r, e, is_prefill) * kExperts, kLayer[r], e);
  std::sort(order.begin(), order.end());
  Rows expected;
  for (const auto& [times, layer, e] : order) expected.push_back(row(layer, e, -times));
  EXPECT_THAT(answer(3), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, UsageByLanguageListsWhatALanguageNeverChose) {
  Rows expected;
  for (const std::string& name : {kNull, std::string("en"), std::string("fr")})
    for (std::size_t r = 0; r < 2; ++r)
      for (std::uint64_t e = 0; e < kExperts; ++e)
        expected.push_back(row(name, kLayer[r], e, chosen(r, e, language(name)),
                               share(r, e, language(name)), tokens(language(name))));
  EXPECT_THAT(answer(4), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, TwoLanguagesDifferMostWhereOneNeverGoes) {
  std::vector<std::tuple<double, std::uint64_t, std::uint64_t, double>> order;
  for (std::size_t r = 0; r < 2; ++r)
    for (std::uint64_t e = 0; e < kExperts; ++e) {
      const double points = 100 * (share(r, e, language("en")) - share(r, e, language("fr")));
      order.emplace_back(-std::abs(points), kLayer[r], e, points);
    }
  std::sort(order.begin(), order.end());
  Rows expected;
  for (const auto& [size, layer, e, points] : order) expected.push_back(row(layer, e, points));
  const Rows got = answer(5);
  EXPECT_THAT(got, ElementsAreArray(expected));
  EXPECT_THAT(got, testing::Contains(
                       row(std::uint64_t{2}, std::uint64_t{3}, 100 * share(1, 3, language("en")))));
}

TEST_F(DocumentedQuery, ALanguageWithoutTokensHasNoShareAndNoDifference) {
  Database db(folder_ / "run.db", OpenMode::kReadWrite);
  db.execute(
      "DELETE FROM usage_label WHERE label IN (SELECT id FROM label WHERE value = 'fr');"
      "DELETE FROM label_tokens WHERE label IN (SELECT id FROM label WHERE value = 'fr')");
  const Rows got = answer(5);
  EXPECT_EQ(got.size(), 10u);
  for (const Row& r : got) EXPECT_EQ(r[2], kNull);
}

TEST_F(DocumentedQuery, AnIdleExpertLeavesNoRatio) {
  EXPECT_THAT(answer(6), ElementsAreArray(Rows{{"0", "1", kNull}, {"2", "1", kNull}}));
  Database db(folder_ / "run.db", OpenMode::kReadWrite);
  db.execute("UPDATE run SET n_expert = 4");
  Rows expected;
  for (std::size_t r = 0; r < 2; ++r) {
    std::vector<double> count;
    for (std::uint64_t e = 0; e < 4; ++e)
      count.push_back(static_cast<double>(chosen(r, e, is_prefill)));
    const auto [least, most] = std::minmax_element(count.begin(), count.end());
    expected.push_back(row(kLayer[r], std::uint64_t{0}, *most / *least));
  }
  EXPECT_THAT(answer(6), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, APromptsTokensWithItsChoicesInOrder) {
  Rows expected;
  for (const Seen& s : seen_)
    for (std::size_t r = 0; r < 2 && s.prompt->index == 1; ++r)
      expected.push_back(
          row(s.pos, std::string(is_prefill(s) ? "prefill" : "decode"), s.token.text, kLayer[r],
              s.token.fed ? fmt::format("{}+{}", s.expert[r][0], s.expert[r][1]) : kNull));
  EXPECT_THAT(answer(7), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, TokensOfAnExpert) {
  std::map<std::uint64_t, std::uint64_t> count;
  std::map<std::uint64_t, std::string> piece;
  for (const Seen& s : seen_) {
    piece[s.token.id.value] = s.token.text;
    if (!is_prefill(s) || !s.token.fed) continue;
    const auto& e = s.expert[0];
    if (std::find(e.begin(), e.end(), 1u) != e.end()) ++count[s.token.id.value];
  }
  std::vector<std::pair<std::int64_t, std::uint64_t>> order;
  for (const auto& [id, n] : count) order.emplace_back(-static_cast<std::int64_t>(n), id);
  std::sort(order.begin(), order.end());
  const Rows got = answer(8);
  ASSERT_EQ(got.size(), 20u);
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::uint64_t id = order[i].second;
    EXPECT_THAT(Row(got[i].begin(), got[i].begin() + 3),
                ElementsAreArray(row(piece[id], id, count[id])));
  }
}

TEST_F(DocumentedQuery, TokensOfOneExpertAreMeasuredAgainstAllTokens) {
  std::vector<std::tuple<double, std::uint64_t, std::uint64_t, Row>> order;
  for (std::uint64_t id = 0; id < 50; ++id) {
    const auto here = [id](const Seen& s) { return is_prefill(s) && s.token.id.value == id; };
    const std::uint64_t n = tokens(here);
    std::string piece;
    for (const Seen& s : seen_)
      if (s.token.id.value == id) piece = s.token.text;
    for (std::uint64_t e = 0; e < kExperts && n >= 4; ++e) {
      const std::uint64_t count = chosen(0, e, here);
      if (count == 0) continue;
      const double of_token = static_cast<double>(count) / static_cast<double>(n);
      const double of_all =
          static_cast<double>(chosen(0, e, is_prefill)) / static_cast<double>(tokens(is_prefill));
      order.emplace_back(-(of_token / of_all), e, id,
                         row(e, piece, id, count, n, of_token, of_token / of_all));
    }
  }
  std::sort(order.begin(), order.end());
  ASSERT_GT(order.size(), 20u);
  Rows expected;
  for (std::size_t i = 0; i < 20; ++i) expected.push_back(std::get<3>(order[i]));
  EXPECT_THAT(answer(9), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, PairsAreSharesOfTokens) {
  std::vector<std::pair<std::int64_t, Row>> order;
  for (std::size_t r = 0; r < 2; ++r)
    for (std::uint64_t a = 0; a < kExperts; ++a)
      for (std::uint64_t b = a + 1; b < kExperts; ++b) {
        const std::uint64_t n = tokens([&](const Seen& s) {
          const std::set<std::uint64_t> e(s.expert[r].begin(), s.expert[r].end());
          return is_prefill(s) && e.contains(a) && e.contains(b);
        });
        if (n > 0)
          order.emplace_back(-static_cast<std::int64_t>(n),
                             row(kLayer[r], a, b, n,
                                 static_cast<double>(n) / static_cast<double>(tokens(is_prefill))));
      }
  std::sort(order.begin(), order.end());
  ASSERT_GT(order.size(), 10u);
  Rows expected;
  for (std::size_t i = 0; i < 10; ++i) expected.push_back(order[i].second);
  EXPECT_THAT(answer(10), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, ForcedChoicesAreNoCloseDecisions) {
  std::vector<std::tuple<float, std::uint64_t, std::uint64_t, std::uint64_t, Row>> order;
  for (const Seen& s : seen_)
    for (std::size_t r = 0; r < s.margin.size() && is_prefill(s); ++r)
      if (s.margin[r][1] >= 0)
        order.emplace_back(s.margin[r][1], s.prompt->index, s.pos, kLayer[r],
                           row(s.prompt->input.id, s.pos, s.token.text, kLayer[r], s.expert[r][1],
                               static_cast<double>(s.margin[r][1])));
  std::sort(order.begin(), order.end());
  Rows expected;
  for (std::size_t i = 0; i < 10; ++i) expected.push_back(std::get<4>(order[i]));
  EXPECT_THAT(answer(11), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, NeighboursAreOfOneRunAndOfThePrompt) {
  Rows expected;
  for (std::size_t r = 0; r < 2; ++r) {
    std::uint64_t n = 0, same = 0;
    for (std::size_t i = 1; i < seen_.size(); ++i) {
      const Seen &a = seen_[i - 1], &b = seen_[i];
      if (a.prompt != b.prompt || !is_prefill(b) || !b.token.fed) continue;
      ++n;
      same += a.expert[r][0] == b.expert[r][0];
    }
    expected.push_back(row(kLayer[r], static_cast<double>(same) / static_cast<double>(n), n));
  }
  EXPECT_THAT(answer(12), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, LeastLikelyTokensStandOnce) {
  std::vector<std::tuple<float, std::uint64_t, std::uint64_t, Row>> order;
  for (const Seen& s : seen_)
    if (is_prefill(s) && s.token.logprob)
      order.emplace_back(
          *s.token.logprob, s.prompt->index, s.pos,
          row(s.prompt->input.id, s.pos, s.token.text, static_cast<double>(*s.token.logprob),
              std::uint64_t{*s.token.rank},
              s.token.fed ? fmt::format("L0 {}, L2 {}", s.expert[0][0], s.expert[1][0]) : kNull));
  std::sort(order.begin(), order.end());
  Rows expected;
  for (std::size_t i = 0; i < 20; ++i) expected.push_back(std::get<3>(order[i]));
  EXPECT_THAT(answer(13), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, GeneratedTokensAreNoLanguagesLogProbability) {
  Rows expected;
  for (const std::string& name : {kNull, std::string("en"), std::string("fr")}) {
    double sum = 0;
    std::uint64_t n = 0;
    for (const Seen& s : seen_)
      if (language(name)(s) && s.token.logprob) {
        sum += static_cast<double>(*s.token.logprob);
        ++n;
      }
    expected.push_back(row(name, sum / static_cast<double>(n), n));
  }
  EXPECT_THAT(answer(14), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, BothPhasesListEveryExpert) {
  const auto is_decode = [](const Seen& s) { return !is_prefill(s); };
  Rows expected;
  for (std::size_t r = 0; r < 2; ++r)
    for (std::uint64_t e = 0; e < kExperts; ++e)
      expected.push_back(row(kLayer[r], e, share(r, e, is_prefill), share(r, e, is_decode)));
  EXPECT_THAT(answer(15), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, VariantsOfAGroupAreComparedOverEveryExpert) {
  Rows expected;
  for (std::size_t r = 0; r < 2; ++r)
    for (std::uint64_t e = 0; e < kExperts; ++e)
      for (const PromptTrace& prompt : prompts_) {
        if (prompt.input.group != "g0" || !prompt.failure.empty()) continue;
        const auto here = [&](const Seen& s) { return is_prefill(s) && s.prompt == &prompt; };
        expected.push_back(
            row(prompt.input.id, kLayer[r], e, chosen(r, e, here), share(r, e, here)));
      }
  EXPECT_THAT(answer(16), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, FailedPromptsOfOneRun) {
  Rows expected;
  for (const PromptTrace& prompt : prompts_)
    if (!prompt.failure.empty()) expected.push_back(row(prompt.input.id, prompt.failure));
  EXPECT_THAT(answer(17), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, LensOfOneToken) {
  Rows expected;
  std::map<std::uint64_t, std::string> piece;
  for (const Seen& s : seen_) piece[s.token.id.value] = s.token.text;
  for (const LensTrace& lens : prompts_[1].lens)
    for (std::size_t k = 0; k < lens.token.size() && lens.pos.value == 0; ++k)
      expected.push_back(
          row(std::uint64_t{lens.layer.value}, k + 1,
              piece.contains(lens.token[k].value) ? piece[lens.token[k].value] : kNull,
              static_cast<double>(lens.logprob[k])));
  EXPECT_THAT(answer(18), ElementsAreArray(expected));
}

TEST_F(DocumentedQuery, ActivationsOfOneRun) {
  std::size_t n = 0;
  for (const PromptTrace& prompt : prompts_)
    if (!prompt.activations.empty()) n += 3;  // one a layer
  EXPECT_EQ(answer(19).size(), n);
}

TEST_F(DocumentedQuery, OneRowAnOption) {
  std::set<std::string> keys;
  const Rows got = answer(20);
  for (const Row& r : got) EXPECT_TRUE(keys.insert(r[5]).second) << r[5];
  EXPECT_TRUE(keys.contains("capture"));
}

}  // namespace
}  // namespace moescope::trace
