#include "core/tokenizer/chat_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "core/base/error.hpp"
#include "tests/error_of.hpp"

namespace moescope::tokenizer {
namespace {

using testing::HasSubstr;
using Json = nlohmann::ordered_json;

ChatOutcome render(std::string_view source, const Json& variables = Json::object()) {
  return ChatTemplate::parse(source, "t").render({.variables = variables});
}

std::string text(std::string_view source, const Json& variables = Json::object()) {
  const ChatOutcome outcome = render(source, variables);
  return outcome.refusal ? "refused: " + *outcome.refusal : outcome.chat.text;
}

struct Snippet {
  const char* source;
  const char* expected;
};

// What jinja2 3.1 renders with trim_blocks and lstrip_blocks.
constexpr Snippet kSnippets[] = {
    {"{{ 1 + 2 * 3 }}", "7"},
    {"{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ 2 ** 5 }}", "3 -4 1 32"},
    {"{{ 7 / 2 }}", "3.5"},
    {"{{ 'a' ~ 1 ~ none ~ true }}", "a1NoneTrue"},
    {"{{ [1, 'x', none, {'k': 2.0}] }}", "[1, 'x', None, {'k': 2.0}]"},
    {"{{ 'abcdef'[::-1] }} {{ 'abcdef'[1:4] }} {{ [1,2,3][-1] }}", "fedcba bcd 3"},
    {"{{ x or 'fallback' }}{{ x is defined }}", "fallbackFalse"},
    {"{{ '  pad '.strip() }}|{{ 'a,b'.split(',') }}", "pad|['a', 'b']"},
    {"{% for i in [1,2,3] if i != 2 %}{{ loop.index }}{{ i }}{{ ',' if not loop.last }}{% endfor "
     "%}",
     "11,23"},
    {"{% for i in [] %}x{% else %}none{% endfor %}", "none"},
    {"{% set ns = namespace(n=0) %}{% for i in [1,2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ "
     "ns.n }}",
     "3"},
    {"{% for i in [1,2,3,4] %}{% if i == 2 %}{% continue %}{% elif i == 4 %}{% break %}{% endif "
     "%}{{ i }}{% endfor %}",
     "13"},
    {"{% macro m(a, b='z') %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(2, b=3) }}", "[1z][23]"},
    {"a\n  {% if true %}\nb\n  {% endif %}\nc", "a\nb\nc"},
    {"a {%- if true -%} b {%- endif %} c", "ab c"},
    {"{# a comment #}x{% raw %}{{ y }}{% endraw %}", "x{{ y }}"},
    {"{% for i in [1,2] %}{% continue %}{% else %}none came to its end{% endfor %}",
     "none came to its end"},
    {"{% for i in [1,2] %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% else %}none{% endfor %}",
     "1"},
    {"a {#-\n", "a"},
    {"a{% raw %}", "a"},
    {"{% set loop = 1 %}{{ loop }}{% for x in [1] %}{% with loop = 2 %}{{ loop }}{% endwith %}"
     "{% endfor %}",
     "12"},
    {"{{ {'a': [1, 'é']} | tojson }}", "{\"a\": [1, \"é\"]}"},
    {"{{ [3,1,2] | sort | join('-') }} {{ 'x' | upper }}", "1-2-3 X"},
    {"{{ [{'r': 'u'}, {'r': 's'}] | selectattr('r', 'equalto', 's') | list | length }}", "1"},
    {"{{ 'u' in ['u'] and 'b' not in 'abc' }}", "False"},
};

TEST(ChatTemplateTest, SnippetsRenderAsJinjaDoes) {
  for (const Snippet& s : kSnippets) EXPECT_EQ(text(s.source), s.expected) << s.source;
}

TEST(ChatTemplateTest, RefusalsAreOutcomesAndUnknownConstructsAreErrors) {
  EXPECT_THAT(text("{{ raise_exception('roles must alternate') }}"),
              HasSubstr("refused: roles must alternate"));
  EXPECT_THAT(text("{{ nothing.at.all }}"), HasSubstr("refused: "));
  const auto error = [](std::string_view source) { return error_of([&] { text(source); }); };
  EXPECT_THAT(error("{{ 'x' | urlize }}"), HasSubstr("the filter 'urlize'"));
  EXPECT_THAT(error("{{ ''.__class__ }}"), HasSubstr("__class__"));
  EXPECT_THAT(error("a\n{% include 'x' %}"), HasSubstr("line 2"));
  EXPECT_THAT(error("{% if true %}"), HasSubstr("t: line 1"));
  EXPECT_THAT(error("a{# "), HasSubstr("the comment has no end"));
  EXPECT_THAT(error("a{% raw %} "), HasSubstr("the raw block has no end"));
  for (const char* source : {"{% for loop in [] %}{% endfor %}",
                             "{% for x in [] %}{% set x, loop = [1, 2] %}{% endfor %}",
                             "{% for x in [] %}{% else %}{% set loop %}{% endset %}{% endfor %}"})
    EXPECT_THAT(error(source), HasSubstr("'loop' cannot be set in a loop"));
}

/// Each must end soon, with the limit that it broke.
TEST(ChatTemplateTest, WhatWouldNotEndBreaksALimit) {
  const std::string deep(100'000, '(');
  const std::string nested = "{{ " + deep + " }}";
  for (const std::string_view source :
       {std::string_view("{% for i in range(10**9) %}{{ i }}{% endfor %}"),
        std::string_view("{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}"
                         "{% endfor %}"),
        std::string_view("{{ 'a' * 10**9 }}"),
        std::string_view("{% set ns = namespace(s='xx') %}{% for i in range(60) %}"
                         "{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}"),
        std::string_view("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        std::string_view(nested)}) {
    const auto begin = std::chrono::steady_clock::now();
    std::string rendered;
    const std::string error = error_of([&] { rendered = text(source); });
    EXPECT_TRUE(error != "no error" || rendered.starts_with("refused: ")) << source.substr(0, 60);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20))
        << source.substr(0, 60);
  }
}

const char* const kMarked =
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}</s>{% endfor %}";

std::string foreign_of(const ChatOutcome& outcome) {
  std::string out;
  for (const Span& s : outcome.chat.foreign)
    out += "[" + outcome.chat.text.substr(s.begin, s.end - s.begin) + "]";
  return out;
}

TEST(ChatTemplateTest, WhatCameFromAMessageIsKnown) {
  const Json variables = {{"messages", {{{"role", "user"}, {"content", " say </s> now "}}}}};
  const ChatOutcome outcome = render(kMarked, variables);
  EXPECT_EQ(outcome.chat.text, "<|user|>say </s> now</s>");
  EXPECT_EQ(foreign_of(outcome), "[say </s> now]");
  for (const char* source : {"{{ (messages[0].content | upper)[2:6] ~ 'x' }}",
                             "{{ messages[0].content.replace('say', 'do') }}",
                             "{{ messages[0].content.split(' ')[2] }}"})
    EXPECT_THAT(foreign_of(render(source, variables)), testing::Not("")) << source;
}

TEST(ChatTemplateTest, TextOfAMessageNeverBecomesAControlToken) {
  const auto demo =
      Tokenizer::load_model_folder(std::filesystem::path(MOESCOPE_SOURCE_DIR) / "models" / "demo");
  const auto count = [&](const std::string& content) {
    const ChatOutcome outcome =
        render(kMarked, {{"messages", {{{"role", "user"}, {"content", content}}}}});
    std::size_t n = 0;
    for (const Token& t : encode_chat(demo, outcome.chat)) n += demo.piece(t.id) == "</s>" ? 1 : 0;
    return n;
  };
  EXPECT_EQ(count("hello"), 1u);
  EXPECT_EQ(count("hello</s>"), 1u);
  EXPECT_EQ(count("</s></s> x </s>"), 1u);
  EXPECT_EQ(count("</"), 1u);
}

}  // namespace
}  // namespace moescope::tokenizer
