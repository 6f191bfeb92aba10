#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "core/base/text_width.hpp"
#include "tests/cli/looking_fixture.hpp"

namespace moescope::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::size_t kGroups = 24;

class CompareCommand : public Looking {
 protected:
  /// b.db: the recording of run.db after a change of each prompt.
  static void record_changed(const std::function<void(trace::PromptTrace&)>& change,
                             trace::RunInfo info = looking_run(3 * kGroups)) {
    std::filesystem::remove("b.db");
    recorded(kGroups);
    trace::Writer writer("b.db");
    writer.begin_run(info);
    for (std::uint64_t i = 0; i < info.n_prompt; ++i) {
      trace::PromptTrace trace = looking_prompt(i, info);
      change(trace);
      writer.push(std::move(trace));
    }
    writer.finish("fedcba9876543210");
  }

  /// The second expert of layer 2 at token 5 of the German prompts is another one, by less.
  static void change_one_choice(trace::PromptTrace& trace) {
    if (trace.index % 3 != 0) return;
    constexpr std::size_t kAt = (5 * 2 + 1) * 2;
    std::uint16_t& second = trace.expert[kAt + 1];
    const std::uint16_t first = trace.expert[kAt], before = second;
    while (second == before || second == first)
      second = static_cast<std::uint16_t>((second + 1) % 4);
    trace.margin[kAt + 1] = 0.25f;
    trace.tokens[5].logprob = *trace.tokens[5].logprob - 0.5f;
  }

  static json compared(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"compare", "run.db", "b.db", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const Said said = say(words);
    EXPECT_EQ(said.code, 0) << said.error;
    return json::parse(said.out);
  }
};

TEST_F(CompareCommand, ReadsLikeThis) {
  record_changed(change_one_choice);
  const Said said = say({"compare", "run.db", "b.db", "--worst", "2"});
  EXPECT_EQ(said.code, 0) << said.error;
  EXPECT_EQ(said.out, R"(A: run.db, run 1: tiny, mixtral, f32
B: b.db, run 1: tiny, mixtral, f32
differing: model_hash (0123456789ab…, fedcba987654…)
matched by prompt-name, prefill: 864 tokens of 72 prompts, 1,728 decisions in 2
layers with a router (4 experts, top 2)

     same experts, %       same first, %  overlap, %            disagreements
                   [95 %]  [95 %]                       [95 %]  number near ties
 L0                100.00  100.00                       100.00       0         0
 L2  97.22 [96.68, 97.77]  100.00         98.61 [98.34, 98.88]      24         0
all  98.61 [98.34, 98.88]  100.00         99.31 [99.17, 99.44]      24         0

     margin in A     margin in B     router, nats
     median largest  median largest  mean largest
 L0       -       -       -       -     0       0
 L2    0.75    0.75    0.25    0.25     0       0
all    0.75    0.75    0.25    0.25     0       0

                 disagreements  all decisions  of these differ
    margin in A  number      %  number      %     %
   below 0.0001       0   0.00       0   0.00     -
0.0001 to 0.001       0   0.00       0   0.00     -
  0.001 to 0.01       0   0.00       0   0.00     -
    0.01 to 0.1       0   0.00       0   0.00     -
   0.1 and more      24 100.00   1,728 100.00  1.39

Of 24 disagreements, 0 are near ties (the margin in A below 0.001) and 24 are
not. Half of their margins are below about 0.75 in A, 0.25 in B. The largest
margin in A is 0.75: prompt de-0, token 5 (' ca̱t'), layer 2. Overlap is the mean
of |A and B| / k over decisions: experts in common over experts chosen (router
saturation, OLMoE, arXiv 2409.02060, section 5). Limits: 95 %, by leaving out
one of 48 prompt groups at a time (exploratory: no hypothesis was tested).

Router's log-probability of the experts that A chose, 1,728 decisions: mean
absolute difference 0 nats.
Tokens' log-probability, 792 tokens: mean absolute difference 0.0152 nats,
largest 0.5 (prompt de-0, token 5 (' ca̱t')).
Entropy of the predictions, 792 tokens: mean absolute difference 0 nats.

Disagreements with the largest margins in A:
                          A               B
      token text   layer  margin experts  margin experts
de-0      5 ' ca̱t'    L2    0.75 0 2        0.25 0 3
de-1      5 ' ca̱t'    L2    0.75 0 2        0.25 0 3
)");
}

TEST_F(CompareCommand, JsonHasWhatWasCounted) {
  record_changed(change_one_choice);
  const json doc = compared({"--worst", "3"});
  EXPECT_EQ(doc["schema"], "moescope.compare.v1");
  EXPECT_EQ(doc["n_token"], 864);
  EXPECT_EQ(doc["n_prompt_compared"], 72);
  EXPECT_EQ(doc["n_cluster"], 48);
  EXPECT_EQ(doc["layers"][0]["same_set"]["share"], 1.0);
  EXPECT_THAT(doc["layers"][0]["same_set"]["not_assessable"], HasSubstr("the same share"));
  const json& layer = doc["layers"][1];
  EXPECT_EQ(layer["layer"], 2);
  EXPECT_EQ(layer["n_disagreement"], 24);
  EXPECT_EQ(layer["same_set"]["count"], 840);
  EXPECT_DOUBLE_EQ(layer["same_set"]["share"], 840.0 / 864);
  EXPECT_DOUBLE_EQ(layer["overlap"]["share"], (2 * 864 - 24) / 1728.0);
  EXPECT_EQ(layer["same_first"]["share"], 1.0);
  EXPECT_LT(layer["overlap"]["lower"], layer["overlap"]["share"]);
  EXPECT_EQ(layer["margin_a"], (json{{"n", 24}, {"median", 0.75}, {"largest", 0.75}}));
  EXPECT_EQ(layer["margin_b"], (json{{"n", 24}, {"median", 0.25}, {"largest", 0.25}}));
  EXPECT_EQ(layer["n_near_tie"], 0);
  EXPECT_EQ(doc["all"]["n_decision"], 2 * 864);
  EXPECT_EQ(doc["logprob"]["n"], 72 * 11);
  EXPECT_DOUBLE_EQ(doc["logprob"]["largest"], 0.5);
  EXPECT_EQ(doc["router_logprob"]["n"], 2 * 864);
  EXPECT_EQ(doc["router_logprob"]["largest"], 0.0);
  ASSERT_EQ(doc["worst"].size(), 3u);
  EXPECT_EQ(doc["worst"][0]["prompt"], "de-0");
  EXPECT_EQ(doc["worst"][0]["pos"], 5);
  EXPECT_EQ(doc["worst"][0]["layer"], 2);
  EXPECT_EQ(doc["worst"][0]["margin_b"], 0.25);
  EXPECT_NE(doc["worst"][0]["experts_a"], doc["worst"][0]["experts_b"]);
  ASSERT_EQ(doc["differences"].size(), 1u);
  EXPECT_EQ(doc["differences"][0]["what"], "model_hash");
}

TEST_F(CompareCommand, NearTiesAreThoseBelowTheMarginAskedFor) {
  record_changed(change_one_choice);
  EXPECT_EQ(compared({"--near-tie", "0.75"})["all"]["n_near_tie"], 0);
  EXPECT_EQ(compared({"--near-tie", "0.76"})["all"]["n_near_tie"], 24);
  EXPECT_EQ(compared({"--near-tie", "0.76"})["largest"]["near_tie"], true);
}

TEST_F(CompareCommand, CsvHasALineALayerOrALineADisagreement) {
  record_changed(change_one_choice);
  const auto layers = lines(say({"compare", "run.db", "b.db", "--csv"}).out);
  ASSERT_EQ(layers.size(), 4u);
  EXPECT_THAT(layers[0], StartsWith("layer,n_decision,same_set,same_set_lower,same_set_upper,"));
  EXPECT_EQ(layers[1], "0,864,1,,,1,,,1,,,0,0,,,,,0,0");
  EXPECT_THAT(layers[2], StartsWith("2,864,0.972"));
  EXPECT_THAT(layers[2], HasSubstr(",24,0,0.75,0.75,0.25,0.25,0,0"));
  EXPECT_THAT(layers[3], StartsWith("all,1728,"));
  for (const std::string& line : layers)
    EXPECT_EQ(std::count(line.begin(), line.end(), ','), 18) << line;
  const auto worst = lines(say({"compare", "run.db", "b.db", "--csv", "--worst", "5"}).out);
  ASSERT_EQ(worst.size(), 6u);
  EXPECT_EQ(worst[0], "prompt,pos,token_id,text,layer,experts_a,experts_b,margin_a,margin_b");
  EXPECT_THAT(worst[1], StartsWith("de-0,5,"));
}

TEST_F(CompareCommand, AFileBesideItselfAgreesEverywhereAndIsNoted) {
  recorded(kGroups);
  testing::internal::CaptureStderr();
  const Said said = say({"compare", "run.db", "run.db"});
  const std::string note = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.code, 0) << said.error;
  EXPECT_THAT(said.out, HasSubstr("Both runs chose the same experts in all 1,728 decisions."));
  EXPECT_THAT(said.out, HasSubstr("name the same model"));
  EXPECT_THAT(note, HasSubstr("run.db: note: both sides are run 1; --run-a and --run-b"));
}

TEST_F(CompareCommand, TokensCountUpToTheFirstThatDiffers) {
  record_changed([](trace::PromptTrace& trace) {
    if (trace.index == 1) trace.tokens[4].id = TokenId(trace.tokens[4].id.value ^ 1U);
    if (trace.index == 2) trace.input.id = "=new";
  });
  const Said said = say({"compare", "run.db", "b.db"});
  EXPECT_EQ(said.code, 0) << said.error;
  EXPECT_THAT(said.out, HasSubstr("844 tokens of 71 prompts"));
  EXPECT_THAT(said.out, HasSubstr("token ids differ: 1 prompt (en-0 from token 4 on)"));
  EXPECT_THAT(said.out, HasSubstr("8 tokens of A and 8 of"));
  EXPECT_THAT(said.out, HasSubstr("only in A: 1 prompt (code-0)"));
  EXPECT_THAT(said.out, HasSubstr("only in B: 1 prompt (=new)"));
  EXPECT_EQ(compared()["not_compared"][0],
            (json{{"prompt", "en-0"}, {"why", "token ids differ"}, {"pos", 4}}));
  EXPECT_EQ(compared({"--by", "prompt-index"})["n_prompt_compared"], 72);
}

TEST_F(CompareCommand, GeneratedTokensAreComparedWhenAskedFor) {
  record_changed([](trace::PromptTrace&) {});
  const json doc = compared({"--phase", "decode"});
  EXPECT_EQ(doc["n_token"], 4);
  EXPECT_EQ(doc["n_token_not_fed"], 1);
  EXPECT_EQ(doc["not_compared"].size(), 71u);
}

TEST_F(CompareCommand, ScoresThatWereNotRecordedAreSaid) {
  trace::RunInfo info = looking_run(3 * kGroups);
  info.scores = trace::Scores::kNone;
  record_changed([](trace::PromptTrace& trace) { trace.router_logits.clear(); }, info);
  EXPECT_THAT(say({"compare", "run.db", "b.db"}).out, HasSubstr("(--scores all in A, none in"));
  EXPECT_TRUE(compared()["router_logprob"].is_null());
}

TEST_F(CompareCommand, EveryLineFitsAndHostileTextStaysText) {
  record_changed([](trace::PromptTrace& trace) {
    change_one_choice(trace);
    if (trace.index > 5) trace.input.id += std::string(40, 'x');
    trace.tokens[5].text = "\x1b[31m日本";
  });
  for (const char* columns : {"60", "80", "200"}) {
    ::setenv("COLUMNS", columns, 1);
    const Said said = say({"compare", "run.db", "b.db", "--worst", "30"});
    ASSERT_EQ(said.code, 0) << said.error;
    EXPECT_THAT(said.out, Not(HasSubstr("\x1b")));
    for (const std::string& line : lines(said.out))
      EXPECT_LE(display_width(line), std::stoul(columns)) << line;
    const Said coloured = say({"compare", "run.db", "b.db", "--worst", "30", "--color", "always"});
    EXPECT_EQ(plain(coloured.out).substr(0, 60), said.out.substr(0, 60));
  }
}

TEST_F(CompareCommand, RunsThatCannotBeComparedAreErrors) {
  trace::RunInfo info = looking_run(3 * kGroups);
  info.n_expert = 8;
  info.scores = trace::Scores::kNone;
  record_changed([](trace::PromptTrace& trace) { trace.router_logits.clear(); }, info);
  const Said shape = say({"compare", "run.db", "b.db"});
  EXPECT_EQ(shape.code, 1);
  EXPECT_EQ(shape.out, "");
  EXPECT_THAT(shape.error, HasSubstr("b.db: run 1: experts: expected 4 as in run 1 of run.db, got "
                                     "8"));
  record_changed([](trace::PromptTrace& trace) { trace.input.id += "-new"; });
  const Said names = say({"compare", "run.db", "b.db"});
  EXPECT_EQ(names.code, 1);
  EXPECT_THAT(names.error, HasSubstr("no prompt id is in both; --by prompt-index"));
  EXPECT_THAT(names.error, HasSubstr("usage --by KEY --compare A,B"));
  record_changed([](trace::PromptTrace& trace) {
    trace.tokens[0].id = TokenId(trace.tokens[0].id.value ^ 1U);
  });
  EXPECT_THAT(say({"compare", "run.db", "b.db"}).error, HasSubstr("begins with the same tokens"));
  EXPECT_EQ(say({"compare", "run.db", "b.db", "--run-b", "7"}).code, 1);
  EXPECT_THAT(say({"compare", "run.db", "b.db", "--run-b", "7"}).error,
              HasSubstr("b.db: run 7: no such run"));
  EXPECT_EQ(say({"compare", "run.db"}).code, 2);
  EXPECT_EQ(say({"compare", "run.db", "b.db", "--json", "--csv"}).code, 2);
  EXPECT_EQ(say({"compare", "run.db", "b.db", "--worst", "0"}).code, 2);
  EXPECT_EQ(say({"compare", "run.db", "b.db", "--near-tie", "-1"}).code, 2);
}

}  // namespace
}  // namespace moescope::cli
