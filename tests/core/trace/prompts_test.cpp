#include "core/trace/prompts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/trace/csv_reader.hpp"
#include "tests/core/trace/random_trace.hpp"
#include "tests/error_of.hpp"

namespace moescope::trace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::vector<PromptInput> jsonl(std::string_view text) {
  return parse_prompts(text, "folder/p.jsonl", PromptFormat::kJsonl);
}

TEST(Prompts, JsonlTakesEveryOtherKeyAsALabel) {
  const auto p = jsonl(
      "{\"text\":\"a\",\"id\":\"x\",\"group\":\"g\",\"language\":\"en\",\"n\":3,\"b\":true}\n\n"
      "{\"text\":\"b\"}\r\n");
  ASSERT_EQ(p.size(), 2u);
  EXPECT_EQ(p[0].id, "x");
  EXPECT_EQ(p[0].group, "g");
  EXPECT_THAT(p[0].labels, ElementsAre(Pair("b", "true"), Pair("language", "en"), Pair("n", "3")));
  EXPECT_EQ(p[1].id, "p:3");
  EXPECT_EQ(p[1].text, "b");
  EXPECT_FALSE(p[1].group);
}

TEST(Prompts, ABadJsonlLineFailsAlone) {
  const auto p = jsonl(
      "{\"text\":\"a\"}\n{\"text\":\"caf\xc3\"}\n{oops\n{\"id\":\"no text\"}\n[1]\n"
      "{\"text\":\"a\",\"tags\":[1]}\n{\"text\":\"z\"}");
  ASSERT_EQ(p.size(), 7u);
  EXPECT_EQ(p[0].failure, "");
  EXPECT_THAT(p[1].failure, HasSubstr("line 2: byte 12: expected UTF-8, got byte 0xc3"));
  EXPECT_EQ(p[1].id, "p:2");
  EXPECT_THAT(p[2].failure, HasSubstr("line 3"));
  EXPECT_THAT(p[3].failure, HasSubstr("key 'text' is missing"));
  EXPECT_THAT(p[4].failure, HasSubstr("expected an object"));
  EXPECT_THAT(p[5].failure, HasSubstr("key 'tags': expected a string, a number"));
  EXPECT_EQ(p[6].failure, "");
}

TEST(Prompts, WhatCanBeReadOfABadLineIsKept) {
  const auto p = jsonl(
      "{\"text\":\"caf\xc3\",\"id\":\"x\"}\n"
      "{\"text\":\"a\",\"id\":\"y\",\"language\":\"en\",\"tags\":[1]}\n"
      "{\"id\":\"z\",\"domain\":\"news\",\"text\":7}\n"
      "{\"text\":\"a\",\"big\":123456789012345678901}\n");
  ASSERT_EQ(p.size(), 4u);
  EXPECT_EQ(p[0].text, "{\"text\":\"caf\xc3\",\"id\":\"x\"}");
  EXPECT_EQ(p[0].id, "p:1");
  EXPECT_EQ(p[0].place, "p.jsonl: line 1");
  EXPECT_EQ(p[1].text, "a");
  EXPECT_EQ(p[1].id, "y");
  EXPECT_THAT(p[1].labels, ElementsAre(Pair("language", "en")));
  EXPECT_THAT(p[1].failure, HasSubstr("key 'tags'"));
  EXPECT_EQ(p[2].text, "{\"id\":\"z\",\"domain\":\"news\",\"text\":7}");
  EXPECT_EQ(p[2].id, "z");
  EXPECT_THAT(p[2].labels, ElementsAre(Pair("domain", "news")));
  EXPECT_THAT(p[3].failure, HasSubstr("line 4: column 40: a whole number beyond 64 bits: 1234"));
}

TEST(Prompts, IdsAndGroupsMayBeWholeNumbers) {
  const auto p = jsonl("{\"text\":\"a\",\"id\":7,\"group\":-5}\n{\"text\":\"b\",\"id\":1.5}");
  EXPECT_EQ(p[0].id, "7");
  EXPECT_EQ(p[0].group, "-5");
  EXPECT_EQ(p[0].failure, "");
  EXPECT_THAT(p[1].failure, HasSubstr("key 'id': expected a string or a whole number, got 1.5"));
}

TEST(Prompts, FilesUnderAnotherNameAreRefused) {
  TempFolder folder;
  const auto refusal = [&](const char* name, const char* content) {
    std::ofstream(folder / name) << content;
    return error_of([&] { read_prompts(std::vector{folder / name}); });
  };
  const char* lines = "{\"text\":\"a\"}\n";
  EXPECT_THAT(refusal("a.json", lines), HasSubstr("expected .jsonl"));
  EXPECT_THAT(refusal("a.tsv", "text\nx\n"), HasSubstr("got .tsv"));
  EXPECT_THAT(refusal("a.prompts", lines), HasSubstr("name it .jsonl"));
  EXPECT_THAT(refusal("a", lines), HasSubstr("name it .jsonl"));
  EXPECT_EQ(refusal("a.txt", lines), "no error");
  EXPECT_EQ(refusal("b", "{not JSON}\n"), "no error");
  EXPECT_THAT(refusal("a.csv", "text, id\nx,1\n"), HasSubstr("column ' id' has space around"));
}

TEST(Prompts, CsvReadsQuotesAndLabels) {
  const auto p = parse_prompts(
      "\xef\xbb\xbfid,text,language\r\n1,\"two\nlines, "
      "\"\"quoted\"\"\",en\r\n,plain,\r\n\r\nx,y\r\n",
      "p.csv", PromptFormat::kCsv);
  ASSERT_EQ(p.size(), 3u);
  EXPECT_EQ(p[0].text, "two\nlines, \"quoted\"");
  EXPECT_THAT(p[0].labels, ElementsAre(Pair("language", "en")));
  EXPECT_EQ(p[1].id, "p:4");
  EXPECT_TRUE(p[1].labels.empty());
  EXPECT_THAT(p[2].failure, HasSubstr("p.csv: line 6: expected 3 cells, got 2"));
  EXPECT_EQ(p[2].text, "x,y");
}

TEST(Prompts, CsvRefusesWhatIsNoTable) {
  const auto csv = [](std::string_view text) {
    return error_of([&] { parse_prompts(text, "p.csv", PromptFormat::kCsv); });
  };
  EXPECT_THAT(csv("a,b\n1,2\n"), HasSubstr("line 1: expected a column 'text', got 'a, b'"));
  EXPECT_THAT(csv("text,text\n1,2\n"), HasSubstr("column 'text' stands twice"));
  EXPECT_THAT(csv("text\nx\n\"open\n"), HasSubstr("line 3: expected a closing quote"));
  EXPECT_THAT(csv("text\n\"a\"b\n"), HasSubstr("line 2: expected a comma or the end of the line"));
}

TEST(Prompts, PlainTextIsALineAPrompt) {
  const auto p = parse_prompts("one\n\n \n  two \r\n\xff", "notes.txt", PromptFormat::kText);
  ASSERT_EQ(p.size(), 3u);
  EXPECT_EQ(p[0].id, "notes:1");
  EXPECT_EQ(p[1].id, "notes:4");
  EXPECT_EQ(p[1].text, "  two ");
  EXPECT_EQ(p[2].text, "\xff");
}

TEST(Prompts, FilesAreReadInOrderAndIdsMustDiffer) {
  TempFolder folder;
  const std::vector<std::filesystem::path> files = {folder / "a.txt", folder / "b.jsonl"};
  std::ofstream(files[0]) << "one\n";
  std::ofstream(files[1]) << "{\"text\":\"two\",\"language\":\"en\"}\n";
  const auto p = read_prompts(files);
  ASSERT_EQ(p.size(), 2u);
  EXPECT_EQ(p[0].id, "a:1");
  EXPECT_EQ(p[1].id, "b:1");
  EXPECT_THAT(label_keys(p), ElementsAre("language"));
  std::ofstream(files[1]) << "{\"text\":\"two\",\"id\":\"a:1\"}\n";
  const std::string message = error_of([&] { read_prompts(files); });
  EXPECT_THAT(message, HasSubstr("b.jsonl: line 1: id 'a:1' stands twice, first in "));
  EXPECT_THAT(message, HasSubstr("a.txt: line 1"));
}

TEST(Prompts, IdsTellFilesOfOneNameApart) {
  TempFolder folder;
  std::filesystem::create_directories(folder / "x");
  const std::vector<std::filesystem::path> files = {folder / "p.txt", folder / "p.csv",
                                                    folder / "x/p.txt", folder / "q.txt"};
  for (const auto& file : files) std::ofstream(file) << "text\nmore\n";
  std::vector<std::string> ids;
  for (const PromptInput& prompt : read_prompts(files)) ids.push_back(prompt.id);
  EXPECT_THAT(ids, ElementsAre(files[0].string() + ":1", files[0].string() + ":2", "p.csv:2",
                               files[2].string() + ":1", files[2].string() + ":2", "q:1", "q:2"));
  EXPECT_THAT(error_of([&] {
                read_prompts(std::vector{files[0], files[0]});
              }),
              HasSubstr("stands twice"));
}

TEST(Prompts, RefusesFilesThatGiveNothing) {
  TempFolder folder;
  std::ofstream(folder / "empty.jsonl") << "\n";
  const auto read = [](std::filesystem::path file) {
    return error_of([&] { read_prompts(std::vector<std::filesystem::path>{file}); });
  };
  EXPECT_THAT(read(folder / "empty.jsonl"), HasSubstr("expected at least one prompt, got none"));
  EXPECT_THAT(read(folder / "absent.jsonl"), HasSubstr("no such file"));
  EXPECT_THAT(read(folder / ""), HasSubstr("got a folder"));
}

TEST(Prompts, HoldsTheLimits) {
  const PromptLimits limits{.max_file = 100, .max_line = 10, .max_prompt = 2};
  const auto p = parse_prompts("short\nfar too long a line\n", "t", PromptFormat::kText, limits);
  EXPECT_EQ(p[0].failure, "");
  EXPECT_THAT(p[1].failure, HasSubstr("line 2: expected at most 10 bytes, got 19"));
  EXPECT_THAT(error_of([&] { parse_prompts("a\nb\nc", "t", PromptFormat::kText, limits); }),
              HasSubstr("at most 2 prompts, got more"));
  EXPECT_THAT(
      error_of([&] { parse_prompts(std::string(101, 'a'), "t", PromptFormat::kText, limits); }),
      HasSubstr("at most 100 bytes, got 101"));
}

TEST(Prompts, HashSeesEveryField) {
  const auto hash = [](auto change) {
    PromptInput p;
    p.id = "a";
    p.text = "text";
    p.labels = {{"k", "v"}};
    change(p);
    return prompts_hash(std::vector<PromptInput>{p});
  };
  std::vector<std::string> seen = {hash([](PromptInput&) {}),
                                   hash([](PromptInput& p) { p.id = "b"; }),
                                   hash([](PromptInput& p) { p.group = ""; }),
                                   hash([](PromptInput& p) { p.text = "Text"; }),
                                   hash([](PromptInput& p) {
                                     p.labels = {{"kv", ""}};
                                   }),
                                   hash([](PromptInput& p) { p.labels.clear(); }),
                                   hash([](PromptInput& p) { p.failure = "x"; })};
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

}  // namespace
}  // namespace moescope::trace
