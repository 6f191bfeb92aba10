#include "audits/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "audits/rescore.hpp"
#include "core/trace/schema.hpp"
#include "tests/audits/audit_fixture.hpp"
#include "tests/error_of.hpp"

namespace moescope::audits {
namespace {

using testing::HasSubstr;
using trace::TempFolder;

Plan plan_of(double margin, std::vector<std::string> suites = {"pairs"}) {
  Plan plan{.kind = PlanKind::kAuditor, .author = "a test", .stopping_rule = "all", .n_draw = 999};
  for (const std::string& suite : suites)
    plan.hypotheses.push_back(
        {suite, {.id = suite, .estimand = "pct_more", .margin = margin, .reason = "a test"}});
  return plan;
}

/// 'more' is the likelier side of every item but each `rare`th; grammar is always right.
Oracle one_sided(std::size_t rare) {
  return [rare](const Suite& suite, const probes::Item& item, const PlannedSequence& sequence) {
    const bool usual =
        suite.info.purpose == Purpose::kGate || std::stoul(item.id) % rare != rare - 1;
    const bool is_more = sequence.key.role == "more";
    return Said{.logprob = {-1, is_more == usual ? -1.0f : -2.0f}};
  };
}

AuditSummary summary_of(const std::vector<Suite>& suites, const Plan& plan, const Oracle& oracle,
                        bool control = false) {
  TempFolder folder;
  record_audit(folder / "a.db", suites, plan, oracle, control);
  trace::Database db = trace::open_trace(folder / "a.db");
  return summarise(db, trace::find_audit(db));
}

const EstimateRow& estimate_of(const AuditSummary& summary, std::string_view suite,
                               std::string_view name) {
  for (const EstimateRow& row : summary.estimates)
    if (row.suite == suite && row.estimand == name) return row;
  throw std::logic_error("no such estimate");
}

/// Heads or tails, the same for the same number.
bool coin(std::size_t i) {
  return std::popcount(static_cast<std::uint32_t>(i * 2654435761u)) % 2 == 0;
}

const Suite kGrammar = pairs_suite("grammar", 240, Purpose::kGate);

TEST(Summary, CountsAndDecides) {
  const AuditSummary summary =
      summary_of({pairs_suite("pairs", 160), kGrammar}, plan_of(5), one_sided(5));
  const EstimateRow& row = estimate_of(summary, "pairs", "pct_more");
  ASSERT_TRUE(row.interval);
  EXPECT_DOUBLE_EQ(row.interval->estimate.value, 80);
  EXPECT_EQ(row.denominators.n_item, 160u);
  EXPECT_EQ(row.denominators.measured, 160u);
  EXPECT_EQ(row.interval->shape.n_cluster, 40u);
  EXPECT_DOUBLE_EQ(estimate_of(summary, "pairs", "mean_delta").interval->estimate.value, 0.6);
  ASSERT_EQ(summary.gates.size(), 1u);
  EXPECT_TRUE(summary.gates[0].passed) << summary.gates[0].why;
}

TEST(Summary, ALopsidedModelIsBeyondTheMargin) {
  const AuditSummary summary =
      summary_of({pairs_suite("pairs", 160), kGrammar}, plan_of(5), one_sided(7));
  EXPECT_EQ(summary.hypotheses[0].decision.verdict, Verdict::kBeyondMargin);
  EXPECT_EQ(summary.exit_code, 3);
}

TEST(Summary, AnEvenModelIsWithinAWideMargin) {
  const Oracle even = [](const Suite& suite, const probes::Item& item,
                         const PlannedSequence& sequence) {
    const bool usual = suite.info.purpose == Purpose::kGate || coin(std::stoul(item.id));
    return Said{.logprob = {(sequence.key.role == "more") == usual ? -1.0f : -2.0f}};
  };
  const AuditSummary summary = summary_of({pairs_suite("pairs", 402), kGrammar}, plan_of(20), even);
  EXPECT_EQ(summary.hypotheses[0].decision.verdict, Verdict::kWithinMargin)
      << summary.hypotheses[0].decision.why;
  EXPECT_EQ(summary.exit_code, 0);
}

TEST(Summary, WithoutCompetenceThereIsNoVerdict) {
  const std::vector<Suite> pairs = {pairs_suite("pairs", 160)};
  const AuditSummary none = summary_of(pairs, plan_of(5), one_sided(7));
  EXPECT_EQ(none.hypotheses[0].decision.verdict, Verdict::kNotAssessable);
  EXPECT_THAT(none.hypotheses[0].decision.why, HasSubstr("no grammar set of the language 'en'"));
  EXPECT_EQ(none.exit_code, 5);
  const Oracle ignorant = [](const Suite&, const probes::Item& item,
                             const PlannedSequence& sequence) {
    const bool usual = coin(std::stoul(item.id));
    return Said{.logprob = {(sequence.key.role == "more") == usual ? -1.0f : -2.0f}};
  };
  const AuditSummary closed = summary_of({pairs[0], kGrammar}, plan_of(30), ignorant);
  EXPECT_EQ(closed.hypotheses[0].decision.verdict, Verdict::kNotAssessable);
  EXPECT_THAT(closed.hypotheses[0].decision.why, HasSubstr("competence: grammatical sentences"));
  // A planted control keeps the gate printed and is decided all the same.
  const AuditSummary planted = summary_of(pairs, plan_of(5), one_sided(7), true);
  EXPECT_FALSE(planted.gates[0].passed);
  EXPECT_EQ(planted.hypotheses[0].decision.verdict, Verdict::kBeyondMargin);
}

TEST(Summary, AFlaggedControlWithholdsTheVerdicts) {
  Suite control = pairs_suite("neutral", 160, Purpose::kControl);
  control.hypotheses = {{.id = "n", .estimand = "pct_more", .margin = 5, .reason = "a test"}};
  const AuditSummary summary =
      summary_of({pairs_suite("pairs", 160), control, kGrammar}, plan_of(5), one_sided(7));
  ASSERT_EQ(summary.controls.size(), 1u);
  EXPECT_TRUE(summary.controls[0].flagged);
  EXPECT_THAT(summary.hypotheses[0].decision.why, HasSubstr("confounded on this model"));
}

TEST(Summary, AVerdictMustOutliveWhatIsNotKnown) {
  const Oracle half_failed = [](const Suite& suite, const probes::Item& item,
                                const PlannedSequence& sequence) {
    const std::size_t i = std::stoul(item.id);
    if (suite.info.purpose != Purpose::kGate && i % 2 == 1) return Said{.failure = "too long"};
    const bool usual = suite.info.purpose == Purpose::kGate || i % 14 != 0;
    return Said{.logprob = {(sequence.key.role == "more") == usual ? -1.0f : -2.0f}};
  };
  const AuditSummary summary =
      summary_of({pairs_suite("pairs", 160), kGrammar}, plan_of(5), half_failed);
  const HypothesisResult& result = summary.hypotheses[0];
  EXPECT_EQ(result.estimate.denominators.failed, 80u);
  EXPECT_EQ(result.estimate.denominators.measured, 80u);
  EXPECT_EQ(result.decision.verdict, Verdict::kInconclusive);
  EXPECT_THAT(result.decision.why, HasSubstr("counted for and against"));
}

TEST(Summary, FewClustersAndDraftsHaveNoVerdict) {
  const AuditSummary few =
      summary_of({pairs_suite("pairs", 20), kGrammar}, plan_of(5), one_sided(7));
  EXPECT_EQ(few.hypotheses[0].decision.verdict, Verdict::kNotAssessable);
  Suite draft = pairs_suite("pairs", 160);
  draft.info.sources.clear();
  EXPECT_EQ(default_plan(std::vector{draft}, {}).kind, PlanKind::kNone);
  const AuditSummary summary = summary_of({draft, kGrammar}, plan_of(5), one_sided(7));
  EXPECT_THAT(summary.hypotheses[0].decision.why, HasSubstr("draft"));
}

TEST(Summary, HolmHoldsTheFamily) {
  const std::vector<Suite> suites = {pairs_suite("pairs", 160), pairs_suite("other", 160),
                                     kGrammar};
  const AuditSummary summary = summary_of(suites, plan_of(5, {"pairs", "other"}), one_sided(7));
  for (const HypothesisResult& result : summary.hypotheses) {
    EXPECT_GE(*result.holm_p, result.estimate.test->p);
    EXPECT_GE(result.level, 0.95);
  }
  EXPECT_DOUBLE_EQ(std::max(summary.hypotheses[0].level, summary.hypotheses[1].level), 0.975);
}

TEST(Rescore, AgreesUntilSomebodyChangesAToken) {
  TempFolder folder;
  record_audit(folder / "a.db", {pairs_suite("pairs", 40)}, plan_of(5), one_sided(4));
  {
    trace::Database db = trace::open_trace(folder / "a.db");
    const Rescored rescored = rescore(db, trace::find_audit(db));
    EXPECT_EQ(rescored.n_outcome, 40u * 6);
    EXPECT_EQ(rescored.n_difference, 0u);
  }
  trace::Database(folder / "a.db", trace::OpenMode::kReadWrite)
      .execute("UPDATE token SET logprob = logprob - 0.5 WHERE id = 2");
  trace::Database db = trace::open_trace(folder / "a.db");
  const Rescored rescored = rescore(db, trace::find_audit(db));
  EXPECT_GT(rescored.n_difference, 0u);
  EXPECT_EQ(rescored.differences[0].item, "0");
}

TEST(Worklist, ALimitDrawsWholeClustersBySeed) {
  const Suite suite = pairs_suite("pairs", 80);
  const auto drawn = drawn_items(suite, {.limit = 10, .seed = 3});
  EXPECT_EQ(drawn.size(), 12u);
  EXPECT_EQ(drawn, drawn_items(suite, {.limit = 10, .seed = 3}));
  EXPECT_NE(drawn, drawn_items(suite, {.limit = 10, .seed = 4}));
  for (std::size_t i = 0; i < drawn.size(); i += 4) {
    EXPECT_EQ(drawn[i] % 4, 0u);
    EXPECT_EQ(drawn[i + 3], drawn[i] + 3);
  }
  EXPECT_THAT(error_of([&] { plan_work({{suite, suite}}, {}); }), HasSubstr("named twice"));
  EXPECT_THAT(error_of([&] {
                plan_work({{suite}}, {.formats = {"plain", "fancy"}});
              }),
              HasSubstr("no suite has the format 'fancy'; formats: plain"));
}

TEST(Plan, IsReadBackAsItWasStoredAndRefusesWhatIsNotThere) {
  const std::vector<Suite> suites = {pairs_suite("pairs", 80)};
  const auto parse = [&](std::string_view hypotheses) {
    return parse_plan(fmt::format(R"({{"moescope_plan": 1, "author": "me", "alpha": 0.01,
 "hypotheses": [{}]}})",
                                  hypotheses),
                      "p.json", suites, {});
  };
  constexpr std::string_view kGood =
      R"({"id": "h", "suite": "pairs", "estimand": "pct_more", "margin": 5, "reason": "r"})";
  const Plan plan = parse(kGood);
  const Plan again = read_plan(plan_text(plan, suites, {}, "w"), "db");
  EXPECT_EQ(again.kind, PlanKind::kAuditor);
  EXPECT_EQ(again.hypotheses, plan.hypotheses);
  EXPECT_EQ(again.alpha, 0.01);
  EXPECT_EQ(again.stopping_rule, plan.stopping_rule);
  const auto refusal = [&](std::string from, std::string to) {
    std::string text(kGood);
    text.replace(text.find(from), from.size(), to);
    return error_of([&] { parse(text); });
  };
  EXPECT_EQ(
      refusal("\"pairs\"", "\"crows\""),
      "p.json: line 2, column 38: key 'hypotheses[0].suite': this audit has no suite 'crows'");
  EXPECT_THAT(refusal("pct_more", "likelihood_diff"), HasSubstr("one of pct_more, mean_delta"));
  EXPECT_THAT(refusal("5", "0"), HasSubstr("expected a margin above 0"));
  EXPECT_THAT(refusal("\"margin\": 5", "\"margin\": 5, \"label\": \"half\", \"value\": \"third\""),
              HasSubstr("no item of 'pairs' has the label half = 'third'"));
}

}  // namespace
}  // namespace moescope::audits
