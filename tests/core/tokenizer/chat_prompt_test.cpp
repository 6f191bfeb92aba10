#include "core/tokenizer/chat_prompt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/formats/files.hpp"
#include "tests/core/formats/gguf_bytes.hpp"
#include "tests/error_of.hpp"

namespace moescope::tokenizer {
namespace {

using formats::GgufBytes;
using formats::GgufType;
using testing::HasSubstr;

constexpr std::string_view kTemplate =
    "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }}{{ eos_token }}{% endfor %}";

std::string tokens(std::initializer_list<std::string_view> pieces) {
  std::string out;
  for (const std::string_view piece : pieces) out += formats::gguf_string(piece);
  return formats::gguf_array(GgufType::kString, pieces.size(), out);
}

GgufBytes model() {
  GgufBytes out;
  out.keys = {{"tokenizer.chat_template", formats::gguf_text(kTemplate)},
              {"tokenizer.ggml.tokens", tokens({"<unk>", "<s>", "</s>"})},
              {"tokenizer.ggml.bos_token_id", formats::gguf_scalar(GgufType::kUint32, 1u)},
              {"tokenizer.ggml.eos_token_id", formats::gguf_scalar(GgufType::kUint32, 2u)}};
  return out;
}

std::string prompt_of(const std::filesystem::path& place) {
  return ChatPrompt(place, {}).message("Hallo").text;
}

TEST(ChatPrompt, TemplateAndTokensOfAGgufFile) {
  const formats::TempFolder folder;
  EXPECT_EQ(prompt_of(folder.write("m.gguf", model().file())), "<s>user:Hallo</s>");
}

TEST(ChatPrompt, TemplateAndTokensOfAFolder) {
  const formats::TempFolder folder;
  folder.write("chat_template.jinja", kTemplate);
  folder.write("tokenizer_config.json", R"({"bos_token": "<b>", "eos_token": {"content": "<e>"}})");
  EXPECT_EQ(prompt_of(folder.path()), "<b>user:Hallo<e>");
  EXPECT_EQ(prompt_of(folder / "model.safetensors"), "<b>user:Hallo<e>");
}

TEST(ChatPrompt, GgufFilesThatLackSomething) {
  const formats::TempFolder folder;
  GgufBytes none = model();
  none.keys.erase(none.keys.begin());
  EXPECT_THAT(error_of([&] { prompt_of(folder.write("none.gguf", none.file())); }),
              HasSubstr("none.gguf: no chat template: key 'tokenizer.chat_template' is absent"));
  GgufBytes beyond = model();
  beyond.keys.back().second = formats::gguf_scalar(GgufType::kUint32, 3u);
  EXPECT_THAT(error_of([&] { prompt_of(folder.write("beyond.gguf", beyond.file())); }),
              HasSubstr("key 'tokenizer.ggml.eos_token_id': expected the id of a token"));
  GgufBytes number = model();
  number.keys.front().second = formats::gguf_scalar(GgufType::kUint32, 3u);
  EXPECT_THAT(error_of([&] { prompt_of(folder.write("number.gguf", number.file())); }),
              HasSubstr("key 'tokenizer.chat_template'"));
}

TEST(ChatPrompt, SaysWhatItCannotRender) {
  const formats::TempFolder folder;
  const auto file = folder.write("t.jinja", "{{ raise_exception('no ' ~ messages[0].content) }}");
  const ChatPrompt prompt(file, {});
  EXPECT_THAT(error_of([&] { prompt.message("Hallo"); }),
              HasSubstr("t.jinja: the template refuses the conversation: no Hallo"));
  EXPECT_THAT(error_of([&] { prompt.message("a\xff"); }),
              HasSubstr("message: byte 1 is not UTF-8"));
  EXPECT_THAT(error_of([&] { prompt.message("a", "\xff"); }),
              HasSubstr("message: byte 0 is not UTF-8"));
}

}  // namespace
}  // namespace moescope::tokenizer
