#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "cli/command.hpp"
#include "cli/exit_codes.hpp"
#include "cli/help.hpp"
#include "cli/json_output.hpp"
#include "cli/operands.hpp"
#include "cli/progress.hpp"
#include "cli/share.hpp"
#include "cli/terminal.hpp"
#include "core/base/error.hpp"
#include "core/base/text_width.hpp"

namespace moescope::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(CommandTable, EveryRowIsCompleteAndUnique) {
  std::set<std::string_view> names;
  for (const CommandInfo* command : commands()) {
    SCOPED_TRACE(command->name);
    EXPECT_TRUE(names.insert(command->name).second) << "stands twice";
    EXPECT_FALSE(command->summary.empty());
    EXPECT_FALSE(command->summary.ends_with('.'));
    EXPECT_FALSE(command->description.empty());
    EXPECT_FALSE(command->examples.empty());
    EXPECT_NE(command->run, nullptr);
    std::set<std::string_view> options;
    for (const auto list : {command->options, common_options()})
      for (const OptionInfo& option : list) {
        EXPECT_TRUE(options.insert(option.name).second) << option.name << " stands twice";
        EXPECT_FALSE(option.help.empty()) << option.name;
      }
    for (const Example& example : command->examples) {
      EXPECT_THAT(std::string(example.command),
                  HasSubstr("moescope " + std::string(command->name)));
    }
  }
}

TEST(CommandTable, OnlyTheLastOperandRepeatsAndOptionalOnesComeLast) {
  for (const CommandInfo* command : commands()) {
    const auto operands = operands_of(*command);
    for (std::size_t i = 0; i + 1 < operands.size(); ++i) {
      EXPECT_FALSE(operands[i].repeats) << command->name;
      EXPECT_GE(operands[i].required, operands[i + 1].required) << command->name;
    }
  }
}

TEST(Help, StaysWithinTheWidth) {
  for (const int width : {40, 80, 100}) {
    std::istringstream lines(overview_help(width));
    for (std::string line; std::getline(lines, line);)
      EXPECT_LE(line.size(), static_cast<std::size_t>(width)) << line;
  }
}

/// A line that is too wide has one word, or one quoted argument, which cannot be broken.
void expect_fits(const std::string& line, int width) {
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
  std::string word = line.substr(begin);
  if (word.ends_with(" \\")) word.resize(word.size() - 2);
  if (word.find(' ') == std::string::npos || word.starts_with('\'')) return;
  EXPECT_LE(display_width(line), static_cast<std::size_t>(width)) << line;
}

TEST(Help, CommandPagesStayWithinTheWidth) {
  for (const int width : {40, 60, 80, 100})
    for (const CommandInfo* command : commands()) {
      std::istringstream lines(command_help(*command, width));
      for (std::string line; std::getline(lines, line);) expect_fits(line, width);
    }
}

/// What a shell makes of a command: its words, one a line.
std::string words_in_a_shell(const std::string& command) {
  const std::string script = "set -f\nmoescope() { printf '%s\\n' \"$@\"; }\n" + command;
  FILE* pipe = ::popen(
      ("bash -c '" + std::regex_replace(script, std::regex("'"), "'\\''") + "'").c_str(), "r");
  std::string out;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, n);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return out;
}

TEST(Help, BrokenExamplesAreTheSameCommand) {
  EXPECT_EQ(wrap_command("moescope a 'b c d' --e", 20, 2), "  moescope a \\\n      'b c d' --e\n");
  EXPECT_EQ(wrap_command("moescope a", 20, 2), "  moescope a\n");
  const std::string odd = "moescope 'two  words' \"it's \\\" here\" a\\ b --last";
  EXPECT_EQ(words_in_a_shell(odd), "two  words\nit's \" here\na b\n--last\n");
  EXPECT_EQ(words_in_a_shell(wrap_command(odd, 10, 2)), words_in_a_shell(odd));
  for (const CommandInfo* command : commands())
    for (const Example& example : command->examples) {
      const std::string text(example.command);
      if (text.find_first_of("|<>") != std::string::npos) continue;  // reads or writes files
      EXPECT_EQ(words_in_a_shell(wrap_command(text, 40, 2)), words_in_a_shell(text)) << text;
    }
}

TEST(Help, WrapCountsColumns) {
  EXPECT_EQ(wrap("日本 語 日本", 7, 0), "日本 語\n日本\n");
  EXPECT_EQ(wrap("😀😀 😀 a", 6, 1), " 😀😀\n 😀 a\n");
  EXPECT_EQ(wrap("e\xcc\x81"
                 "a e\xcc\x81"
                 "a",
                 5, 0),
            "e\xcc\x81"
            "a e\xcc\x81"
            "a\n");
  EXPECT_EQ(wrap("a 日本語の長い文 b", 6, 0), "a\n日本語\nの長い\n文 b\n");
}

TEST(Help, CsvOptionsSayThatFormulasAreGuarded) {
  for (const char* name : {"sql", "tokens"})
    for (const OptionInfo& option : find_command(name)->options) {
      if (option.name != "csv") continue;
      EXPECT_THAT(std::string(option.help), HasSubstr("apostrophe"));
    }
}

TEST(ExitCodes, SayWhichAreReserved) {
  for (const ExitCodeInfo& code : kExitCodes) {
    const bool reserved = code.code >= 3 && code.code <= 5;
    EXPECT_EQ(code.meaning.find("(reserved for ") != std::string_view::npos, reserved) << code.code;
  }
}

TEST(Help, WrapKeepsParagraphs) {
  EXPECT_EQ(wrap("one two three\nfour\n\nfive", 9, 1), " one two\n three\n four\n\n five\n");
  EXPECT_EQ(wrap("", 9, 1), "");
  EXPECT_EQ(wrap("overlongword", 4, 0), "overlongword\n");
}

TEST(Terminal, FollowsTheFacts) {
  const TerminalFacts facts = {.is_terminal = true,
                               .system_columns = 132,
                               .columns = "",
                               .term = "xterm-256color",
                               .no_color = "",
                               .lc_all = "",
                               .lc_ctype = "",
                               .lang = "de_DE.UTF-8"};
  EXPECT_EQ(terminal_of(facts), (Terminal{.is_terminal = true,
                                          .width = 132,
                                          .colors = ColorDepth::k256,
                                          .utf8 = true,
                                          .can_rewrite = true}));
  EXPECT_EQ(terminal_of(facts, "never").colors, ColorDepth::kNone);

  TerminalFacts plain = facts;
  plain.no_color = "1";
  EXPECT_EQ(terminal_of(plain).colors, ColorDepth::kNone);
  EXPECT_EQ(terminal_of(plain, "always").colors, ColorDepth::k256);
  plain.lc_all = "C";
  EXPECT_FALSE(terminal_of(plain).utf8);
  plain.term = "dumb";
  EXPECT_FALSE(terminal_of(plain).can_rewrite);

  TerminalFacts pipe = facts;
  pipe.is_terminal = false;
  EXPECT_EQ(terminal_of(pipe).colors, ColorDepth::kNone);
  EXPECT_EQ(terminal_of(pipe, "always").colors, ColorDepth::k256);
}

TEST(Terminal, WidthIsBounded) {
  const auto width = [](std::string columns, int system) {
    return terminal_of({.system_columns = system, .columns = std::move(columns)}).width;
  };
  EXPECT_EQ(width("", 0), 80);
  EXPECT_EQ(width("120", 90), 120);
  EXPECT_EQ(width("12x", 90), 90);
  EXPECT_EQ(width("-5", 90), 90);
  EXPECT_EQ(width("1", 0), 20);
  EXPECT_EQ(width("999999", 0), 1000);
}

TEST(ProgressText, SaysShareRateAndTimeLeft) {
  EXPECT_EQ(progress_text("recording", "prompts", 120, 288, 15, ""),
            "recording  120/288 prompts  41 %  8.0/s  21 s left");
  EXPECT_EQ(progress_text("reading", "rows", 5, std::nullopt, 0.1, ""), "reading  5 rows");
  EXPECT_THAT(progress_text("reading", "rows", 7, 5, 2, ""), Not(HasSubstr("%")));
  EXPECT_THAT(progress_text("reading", "rows", 0, 0, 2, "a\x1b[m"), Not(HasSubstr("\x1b")));
  EXPECT_THAT(progress_text("x", "y", 1, 100000, 2, ""), HasSubstr("h 33 min left"));
}

TEST(JsonOutput, BeginsWithTheSchema) {
  JsonOutput out = json_result("usage", 2);
  out["rows"] = 3;
  EXPECT_EQ(out.dump(), R"({"schema":"moescope.usage.v2","rows":3})");
}

class ShareFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::path(testing::TempDir()) / "moescope-share-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directories(folder_ / "models" / "demo");
    std::ofstream(folder_ / "models" / "demo" / "config.json") << "{}";
    setenv("MOESCOPE_DATA", folder_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("MOESCOPE_DATA");
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path folder_;
};

TEST_F(ShareFolder, HoldsTheDemoModel) {
  EXPECT_EQ(share_folder(), folder_);
  EXPECT_EQ(resolve_model("demo"), folder_ / "models" / "demo");
  EXPECT_EQ(resolve_model(folder_.string()), folder_);
}

TEST_F(ShareFolder, MissingModelsSayWhatWasLookedFor) {
  try {
    resolve_model("no/such");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kBadInput);
    EXPECT_THAT(e.message(), HasSubstr("no/such: no such file or folder"));
    EXPECT_THAT(e.message(), HasSubstr("'demo'"));
  }
  std::filesystem::remove_all(folder_ / "models");
  try {
    resolve_model("demo");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.message(), HasSubstr(folder_.string()));
    EXPECT_THAT(e.message(), HasSubstr("MOESCOPE_DATA"));
  }
}

}  // namespace
}  // namespace moescope::cli
