#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/text_width.hpp"
#include "tests/cli/looking_fixture.hpp"

namespace moescope::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

using Tokens = Looking;

TEST_F(Tokens, ReadsLikeThis) {
  const Said said = say({"tokens", recorded(), "de-0"});
  EXPECT_EQ(said.code, 0) << said.error;
  EXPECT_EQ(said.out,
            R"(run 1, tiny, prompt de-0 (number 0), language de, group g0: 16 tokens, 4 of them
generated
below each token: the experts it chose, best first; after |: generated

   The ▁cat ▁日本 ␊ \xc3 ▁ca̱t ␛[31m The ▁cat ▁日本 ␊ \xc3 | ▁ca̱t ␛[31m The ▁cat
L2 0   2    0     0 0    0    0     0   0    1     0 0    | 0    0     0   -
   3   3    2     1 1    2    1     3   2    0     3 2    | 2    2     3   -
)");
}

TEST_F(Tokens, ColoursAddNothingAndHostileTextStaysText) {
  const std::string expected = say({"tokens", recorded(), "de-0"}).out;
  EXPECT_THAT(expected, Not(HasSubstr("\x1b")));
  EXPECT_THAT(expected, HasSubstr("\\xc3"));
  const std::string coloured = say({"tokens", recorded(), "de-0", "--color", "always"}).out;
  EXPECT_THAT(coloured, HasSubstr("\x1b[48;5;214;38;5;16m"));
  EXPECT_THAT(plain(coloured), HasSubstr(expected.substr(expected.find("\n\n"))));
}

TEST_F(Tokens, WithoutUtf8DrawsInAscii) {
  ::setenv("LC_ALL", "C", 1);
  const Said said = say({"tokens", recorded(), "de-0"});
  EXPECT_THAT(said.out, HasSubstr("The _cat _日本 \\n \\xc3 _ca\xcc\xb1t \\x1b[31m The"));
  EXPECT_THAT(said.out, HasSubstr("\nL2 0   2    0     0  0    0    0        0   0 "));
}

TEST_F(Tokens, AllLayersIsOneLineAToken) {
  const Said said = say({"tokens", recorded(), "0", "--all-layers"});
  EXPECT_THAT(said.out, HasSubstr("L0  L2\n 0  The    "));
  EXPECT_THAT(said.out, HasSubstr("\n12+ "));
  EXPECT_EQ(lines(said.out).back().substr(0, 10), "15+ ▁cat");
  std::size_t width = 0;
  for (const std::string& line : lines(said.out))
    if (line.starts_with(" ") && line.find("The") != std::string::npos) width = display_width(line);
  EXPECT_GT(width, 0u);
}

TEST_F(Tokens, DetailsHaveWeightsAndMargins) {
  const Said said = say({"tokens", recorded(), "en-3", "--layer", "2", "--details"});
  EXPECT_THAT(said.out, HasSubstr("L2 choice 1"));
  EXPECT_THAT(said.out, HasSubstr("0.750"));
  EXPECT_THAT(said.out, HasSubstr("1.750"));
  EXPECT_THAT(said.out, HasSubstr("-5.500"));
}

TEST_F(Tokens, JsonHasEveryChoiceAndNoneForTheTokenNeverFed) {
  const auto doc = nlohmann::json::parse(say({"tokens", recorded(), "de-0", "--json"}).out);
  EXPECT_EQ(doc["schema"], "moescope.tokens.v1");
  ASSERT_EQ(doc["tokens"].size(), 16u);
  EXPECT_EQ(doc["tokens"][3]["layers"].size(), 2u);
  EXPECT_EQ(doc["tokens"][3]["layers"][1]["layer"], 2);
  EXPECT_EQ(doc["tokens"][3]["layers"][1]["experts"].size(), 2u);
  EXPECT_EQ(doc["tokens"][4]["text_hex"], "c3");
  EXPECT_EQ(doc["tokens"][15]["layers"].size(), 0u);
  EXPECT_EQ(doc["tokens"][15]["phase"], "decode");
  EXPECT_EQ(doc["prompt"]["labels"]["language"], "de");
}

TEST_F(Tokens, CsvHasOneLineAChoice) {
  const Said said = say({"tokens", recorded(), "de-0", "--csv"});
  EXPECT_EQ(lines(said.out).front(),
            "run,prompt,pos,phase,token_id,text,logprob,entropy,rank,layer,slot,expert,weight,"
            "margin");
  EXPECT_THAT(said.out, HasSubstr(",0.75,1.75\n"));
  EXPECT_THAT(said.out, HasSubstr("1,de-0,15,decode,"));
}

TEST_F(Tokens, UnknownNamesAreErrors) {
  EXPECT_EQ(say({"tokens", recorded(), "nobody"}).code, 1);
  EXPECT_THAT(say({"tokens", recorded(), "nobody"}).error, HasSubstr("nobody"));
  EXPECT_EQ(say({"tokens", recorded(), "de-0", "--layer", "1"}).code, 1);
  EXPECT_EQ(say({"tokens", recorded(), "de-0", "--layer", "0", "--all-layers"}).code, 2);
  EXPECT_EQ(say({"tokens", recorded()}).code, 2);
}

}  // namespace
}  // namespace moescope::cli
