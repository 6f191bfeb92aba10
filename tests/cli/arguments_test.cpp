#include "cli/arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/operands.hpp"
#include "cli/suggest.hpp"
#include "core/base/error.hpp"

namespace moescope::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr OptionInfo kOptions[] = {
    {.name = "output", .argument = "FILE", .help = "where to"},
    {.name = "scores", .argument = "all|topk|none", .help = "which"},
    {.name = "capture", .argument = "SITE", .help = "what", .repeatable = true},
    {.name = "seed", .argument = "N", .help = "chance"},
    {.name = "top-p", .argument = "P", .help = "mass"},
    {.name = "resume", .argument = "", .help = "go on"},
};

constexpr CommandInfo kRecord = {
    .name = "record",
    .summary = "s",
    .operands = "MODEL PROMPTS...",
    .description = "d",
    .options = kOptions,
    .examples = {},
    .run = nullptr,
};

constexpr CommandInfo kOptional = {
    .name = "show",
    .summary = "s",
    .operands = "DB [RUN]",
    .description = "d",
    .options = {},
    .examples = {},
    .run = nullptr,
};

Arguments parse(const CommandInfo& command, const std::vector<std::string>& words) {
  return parse_arguments(command, words);
}

std::string usage_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUsage);
    return e.message();
  }
  return "no error";
}

std::string refused(const std::vector<std::string>& words) {
  return usage_of([&] { parse(kRecord, words); });
}

TEST(Arguments, ReadsBothSpellingsAndTheShortForm) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"demo", "--output", "run.db", "a"},
        {"--output=run.db", "demo", "a"},
        {"demo", "-o", "run.db", "a"},
        {"demo", "-orun.db", "a"}}) {
    const Arguments arguments = parse(kRecord, words);
    EXPECT_EQ(arguments.value("output"), "run.db");
    EXPECT_THAT(arguments.positionals(), ElementsAre("demo", "a"));
    EXPECT_FALSE(arguments.flag("resume"));
  }
}

TEST(Arguments, KeepsEveryValueOfARepeatableOption) {
  const Arguments arguments = parse(kRecord, {"m", "p", "--capture", "a", "--capture=b=c"});
  EXPECT_THAT(arguments.values("capture"), ElementsAre("a", "b=c"));
  EXPECT_EQ(arguments.command_line(), "moescope record m p --capture a --capture=b=c");
}

TEST(Arguments, TakesEveryWordAfterTwoDashesAsAnOperand) {
  const Arguments arguments = parse(kRecord, {"m", "--resume", "--", "-x", "--json"});
  EXPECT_THAT(arguments.positionals(), ElementsAre("m", "-x", "--json"));
  EXPECT_FALSE(arguments.json());
  EXPECT_TRUE(arguments.flag("resume"));
}

TEST(Arguments, ALoneDashIsAnOperand) {
  EXPECT_THAT(parse(kRecord, {"m", "-"}).positionals(), ElementsAre("m", "-"));
}

TEST(Arguments, SaysWhatIsWrong) {
  EXPECT_EQ(refused({}), "moescope record: operand MODEL is missing; see 'moescope record --help'");
  EXPECT_THAT(refused({"m"}), HasSubstr("operand PROMPTS is missing"));
  EXPECT_THAT(refused({"m", "p", "--outptu", "x"}),
              HasSubstr("unknown option '--outptu'; did you mean '--output'? known: --output, "));
  EXPECT_THAT(refused({"m", "p", "-z"}), HasSubstr("unknown option '-z'"));
  EXPECT_THAT(refused({"m", "p", "--output"}), HasSubstr("option '--output' needs FILE"));
  EXPECT_THAT(refused({"m", "p", "-o", "a", "-o", "b"}),
              HasSubstr("option '--output' stands twice"));
  EXPECT_THAT(refused({"m", "p", "--resume=yes"}), HasSubstr("option '--resume' takes no value"));
  EXPECT_THAT(refused({"m", "p", "--scores", "al"}),
              HasSubstr("option '--scores': unknown value 'al'; did you mean 'all'? known: all, "
                        "topk, none"));
  EXPECT_THAT(usage_of([] {
                parse(kOptional, {"a", "b", "c"});
              }),
              HasSubstr("unexpected operand 'c'"));
}

TEST(Arguments, ShowsHostileWordsEscaped) {
  EXPECT_THAT(refused({"m", "p", "--\x1b[2J"}), testing::Not(HasSubstr("\x1b")));
}

TEST(Arguments, HelpNeedsNoOperands) {
  EXPECT_TRUE(parse(kRecord, {"-h"}).flag("help"));
}

TEST(Arguments, NumbersHaveRanges) {
  const Arguments good = parse(kRecord, {"m", "p", "--seed", "-3", "--top-p=0.25"});
  EXPECT_EQ(good.integer("seed"), -3);
  EXPECT_EQ(good.number("top-p", 0, 1), 0.25);
  EXPECT_THAT(usage_of([&] { good.integer("seed", 0, 9); }),
              HasSubstr("option '--seed': expected a whole number from 0 to 9, got '-3'"));
  EXPECT_THAT(usage_of([&] { good.seed("seed"); }), HasSubstr("got '-3'"));
  for (const char* bad : {"", "1x", "nan", "inf", "1e999", "0x10", " 1"}) {
    const Arguments arguments = parse(kRecord, {"m", "p", "--seed", bad, "--top-p", bad});
    EXPECT_THAT(usage_of([&] { arguments.integer("seed"); }), HasSubstr("whole number")) << bad;
    EXPECT_THAT(usage_of([&] { arguments.number("top-p", 0, 1); }), HasSubstr("from 0 to 1"))
        << bad;
  }
  EXPECT_EQ(parse(kRecord, {"m", "p", "--seed", "18446744073709551615"}).seed("seed"), UINT64_MAX);
  EXPECT_EQ(parse(kRecord, {"m", "p"}).integer("seed"), std::nullopt);
}

TEST(Arguments, AskingForAnOptionThatTheTableLacksIsAMistakeInTheProgram) {
  EXPECT_THROW(parse(kRecord, {"m", "p"}).flag("colour"), std::logic_error);
  EXPECT_THROW(parse(kOptional, {"a"}).positional(1), std::logic_error);
  EXPECT_EQ(parse(kOptional, {"a"}).optional_positional(1), std::nullopt);
}

TEST(Operands, ReadsTheNotation) {
  EXPECT_THAT(operands_of(kRecord),
              ElementsAre(Operand{"MODEL", true, false}, Operand{"PROMPTS", true, true}));
  EXPECT_THAT(operands_of(kOptional),
              ElementsAre(Operand{"DB", true, false}, Operand{"RUN", false, false}));
}

TEST(Choices, AreLowerCaseWordsWithBars) {
  EXPECT_THAT(choices(kOptions[1]), ElementsAre("all", "topk", "none"));
  EXPECT_THAT(choices({.name = "x", .argument = "MODEL|FILE", .help = ""}), IsEmpty());
  EXPECT_THAT(choices({.name = "x", .argument = "FILE", .help = ""}), IsEmpty());
}

TEST(Suggest, FindsNeighboursAndBeginnings) {
  const std::vector<std::string_view> names = {"record", "usage", "tokens", "tokenize"};
  EXPECT_EQ(nearest_name("recrod", names), "record");
  EXPECT_EQ(nearest_name("tokenise", names), "tokenize");
  EXPECT_EQ(nearest_name("us", names), "usage");
  EXPECT_EQ(nearest_name("bicycle", names), std::nullopt);
  EXPECT_EQ(nearest_name("", names), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(100000, 'a'), names), std::nullopt);
}

}  // namespace
}  // namespace moescope::cli
