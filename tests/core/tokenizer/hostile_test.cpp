#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/tokenizer/gguf_vocabulary.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "tests/core/tokenizer/byte_json.hpp"
#include "tests/core/tokenizer/model_bytes.hpp"
#include "tests/error_of.hpp"

// Files that are malformed, unsupported or made to hurt: each gets one sentence and nothing else.
namespace moescope::tokenizer {
namespace {

using namespace testing_bytes;
using testing::HasSubstr;

struct Case {
  const char* name;
  std::string bytes;
  const char* message;
};

/// A sound tokenizer.json with one stretch replaced.
std::string json_with(std::string_view from = "", std::string_view to = "") {
  std::string text =
      R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":0,"content":"<unk>","special":true}],)"
      R"("normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},)"
      R"("pre_tokenizer":null,)"
      R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<unk>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<unk>":{"id":"<unk>","ids":[0]}}},)"
      R"("decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},)"
      R"("model":{"type":"BPE","dropout":null,"unk_token":"<unk>","fuse_unk":true,"byte_fallback":false,"vocab":{"<unk>":0,"a":1,"b":2,"ab":3,"▁":4,"<0x0A>":5},"merges":["a b"]}})";
  if (from.empty()) return text;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::vector<Case> json_cases() {
  return {
      {"nothing", "", "malformed JSON: unexpected end"},
      {"cut", json_with().substr(0, 300), "malformed JSON"},
      {"deep", std::string(100000, '['), "nested deeper than 64"},
      {"an array", "[]", "expected an object, got an array"},
      {"another file", "{}", "key 'model' is missing; is it a tokenizer.json?"},
      {"not UTF-8", json_with("\"a\":1", "\"\xff\":1"), "expected UTF-8, got byte 0xff"},
      {"version", json_with("1.0", "2.0"), "key 'version': expected \"1.0\""},
      {"key", json_with("\"padding\"", "\"stuffing\""), "key 'stuffing' isn't understood"},
      {"model key", json_with("fuse_unk", "fuse_all"), "key 'model.fuse_all' isn't understood"},
      {"unigram", json_with("BPE", "Unigram"), "key 'model.type': 'Unigram' isn't supported"},
      {"dropout", json_with("\"dropout\":null", "\"dropout\":0.1"),
       "key 'model.dropout': expected"},
      {"affix", json_with("\"dropout\":null", "\"end_of_word_suffix\":\"</w>\""),
       "key 'model.end_of_word_suffix' isn't supported"},
      {"vocab array", json_with(R"({"<unk>":0,"a":1,"b":2,"ab":3,"▁":4,"<0x0A>":5})", "[]"),
       "key 'model.vocab': expected an object of ids by piece, got an array"},
      {"piece twice", json_with("\"b\":2", "\"a\":2"), "stands twice in one object"},
      {"id twice", json_with("\"b\":2", "\"b\":1"), "token id 1 stands twice: \"a\" and \"b\""},
      {"negative id", json_with("\"b\":2", "\"b\":-2"), "piece \"b\": expected a token id"},
      {"broken id", json_with("\"b\":2", "\"b\":2.5"), "piece \"b\": expected a token id"},
      {"far id", json_with("\"b\":2", "\"b\":4000000000"),
       "token id 4000000000 is far beyond the number of pieces"},
      {"huge id", json_with("\"b\":2", "\"b\":18446744073709551615"), "expected a token id"},
      {"merge of absent", json_with("\"a b\"", "\"a x\""), "piece \"ax\" isn't in the vocabulary"},
      {"merge half absent", json_with("\"b\":2", "\"bb\":2"),
       "piece \"b\" isn't in the vocabulary"},
      {"merge of three", json_with("\"a b\"", "\"a b c\""),
       "key 'model.merges[0]': expected two pieces"},
      {"merge of numbers", json_with("\"a b\"", "[1,2]"), "key 'model.merges[0]': expected two"},
      {"merge twice", json_with("\"a b\"", "\"a b\",[\"a\",\"b\"]"),
       "key 'model.merges[1]': the pair \"a\" and \"b\" stands twice"},
      {"no merges", json_with(",\"merges\":[\"a b\"]", ""), "key 'model': key 'merges' is missing"},
      {"unk absent", json_with("\"unk_token\":\"<unk>\"", "\"unk_token\":\"<no>\""),
       "key 'model.unk_token': expected a piece of the vocabulary, got \"<no>\""},
      {"byte missing", json_with("\"byte_fallback\":false", "\"byte_fallback\":true"),
       "key 'model.byte_fallback': 255 of the 256 byte pieces are missing, such as '<0xFF>'"},
      {"flag", json_with("\"fuse_unk\":true", "\"fuse_unk\":1"),
       "key 'model.fuse_unk': expected true or false, got 1"},
      {"normalizer", json_with("\"Prepend\"", "\"NFKC\""),
       "key 'normalizer.normalizers[0].type': 'NFKC' isn't supported; supported: Sequence, "
       "Prepend"},
      {"pattern", json_with("{\"String\":\" \"}", "{\"Regex\":\" +\"}"),
       "key 'normalizer.normalizers[1].pattern.Regex': a regular expression isn't supported"},
      {"empty pattern", json_with("{\"String\":\" \"}", "{\"String\":\"\"}"),
       "key 'normalizer.normalizers[1].pattern.String': expected a string that isn't empty"},
      {"long content",
       json_with("\"content\":\"▁\"", "\"content\":\"" + std::string(9999, 'x') + "\""),
       "key 'normalizer.normalizers[1].content': expected at most 256 bytes"},
      {"pre-tokenizer",
       json_with("\"pre_tokenizer\":null", R"("pre_tokenizer":{"type":"Punctuation"})"),
       "key 'pre_tokenizer.type': 'Punctuation' isn't supported; supported: Sequence"},
      {"decoder", json_with("\"Fuse\"", "\"CTC\""),
       "key 'decoder.decoders[2].type': 'CTC' isn't supported"},
      {"decoder order", json_with("{\"type\":\"Fuse\"},", ""),
       "key 'decoder.decoders[2]': 'Strip' at this place isn't supported"},
      {"post-processor", json_with("TemplateProcessing", "BertProcessing"),
       "key 'post_processor.type': 'BertProcessing' isn't supported"},
      {"template id", json_with("\"ids\":[0]", "\"ids\":[77]"),
       "key 'post_processor.special_tokens.<unk>.ids[0]': expected an id of the vocabulary, got "
       "77"},
      {"added id", json_with("{\"id\":0,", "{\"id\":1,"),
       "added token \"<unk>\" has id 1, but the vocabulary gives it 0"},
      {"added far",
       json_with("{\"id\":0,\"content\":\"<unk>\"", "{\"id\":3999999999,\"content\":\"x\""),
       "token id 3999999999 is far beyond"},
      {"added empty", json_with("\"content\":\"<unk>\"", "\"content\":\"\""),
       "added token 0 is empty"},
      {"added key", json_with("\"special\":true", "\"specific\":true"),
       "key 'added_tokens[0].specific' isn't understood"},
  };
}

std::vector<ScoredPiece> pieces_with(ScoredPiece piece);

/// A sound byte-level tokenizer.json with one stretch replaced.
std::string byte_json_with(std::string_view from = "", std::string_view to = "") {
  ByteJson json;
  json.pieces = {"ab"};
  json.merges = R"(["a b"])";
  json.added = R"([{"id":257,"content":"<s>","special":true}])";
  json.normalizer = R"({"type":"Sequence","normalizers":[{"type":"NFC"}]})";
  json.pre_tokenizer =
      R"({"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"Split","pattern":{"Regex":"\\s+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]})";
  json.post_processor =
      R"({"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true}]})";
  std::string text = json.text();
  if (from.empty()) return text;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string many(std::string_view open, std::size_t n, std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < n; ++i) text += open;
  for (std::size_t i = 0; i < n; ++i) text += close;
  return text;
}

std::vector<Case> byte_json_cases() {
  const std::string digits = R"({"type":"Digits","individual_digits":true})";
  std::string crowd = digits;
  for (int i = 0; i < 99; ++i) crowd += "," + digits;
  return {
      {"pattern", byte_json_with(R"(\\s+)", R"(\\b)"),
       "key 'pre_tokenizer.pretokenizers[1].pattern.Regex': regular expression \"\\\\b\": '\\b' "
       "isn't"},
      {"empty match", byte_json_with(R"(\\s+)", R"(\\s*)"), "matches the empty text"},
      {"huge repeat", byte_json_with(R"(\\s+)", R"((?:(?:ab{999}){999}){999})"),
       "regular expression is too large"},
      {"behavior", byte_json_with("Isolated", "isolated"),
       "key 'pre_tokenizer.pretokenizers[1].behavior': expected Removed, Isolated"},
      {"both patterns", byte_json_with("\"Regex\"", "\"Glob\""),
       "'pre_tokenizer.pretokenizers[1].pattern.Glob' isn't understood"},
      {"order",
       byte_json_with(digits,
                      R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true})"),
       "key 'pre_tokenizer.pretokenizers[1]': 'Split' after 'ByteLevel' isn't supported"},
      {"crowd", byte_json_with(digits, crowd), "expected at most 64 pre-tokenizers"},
      {"deep", byte_json_with(digits, many(R"({"type":"Sequence","pretokenizers":[)", 40, "]}")),
       "nested deeper than 64"},
      {"step key", byte_json_with("individual_digits", "individual"),
       "key 'pre_tokenizer.pretokenizers[0].individual' isn't understood"},
      {"flag", byte_json_with("\"add_prefix_space\":false", "\"add_prefix_space\":0"),
       "add_prefix_space': expected true or false, got 0"},
      {"normalizer", byte_json_with("NFC", "NFKC"), "'NFKC' isn't supported"},
      {"mark", byte_json_with(digits, R"({"type":"Metaspace","replacement":"_"})"),
       "replacement': expected \"▁\", got \"_\""},
      {"scheme", byte_json_with(digits, R"({"type":"Metaspace","prepend_scheme":"last"})"),
       "prepend_scheme': expected always, never or first"},
      {"schemes",
       byte_json_with(digits,
                      R"({"type":"Metaspace","prepend_scheme":"first","add_prefix_space":false})"),
       "add_prefix_space': expected true beside this prepend_scheme"},
      {"processor",
       byte_json_with(R"("processors":[{"type":"ByteLevel")",
                      R"("processors":[{"type":"RobertaProcessing")"),
       "key 'post_processor.processors[0].type': 'RobertaProcessing' isn't supported"},
      {"decoder",
       byte_json_with(
           R"("decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})",
           R"("decoder":{"type":"Sequence","decoders":[{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true},{"type":"ByteFallback"}]})"),
       "'ByteLevel' beside other decoders isn't supported"},
      {"merge of absent", byte_json_with("[\"a b\"]", "[\"a Ġ\"]"),
       "piece \"aĠ\" isn't in the vocabulary"},
      {"id of 2^63", byte_json_with("\"ab\":256", "\"ab\":9223372036854775808"),
       "piece \"ab\": expected a token id"},
      {"id twice", byte_json_with("\"ab\":256", "\"ab\":255"), "token id 255 stands twice"},
      {"added id of 2^63", byte_json_with("\"id\":257", "\"id\":9223372036854775808"),
       "key 'added_tokens[0].id': expected"},
      {"added twice",
       byte_json_with(R"([{"id":257,"content":"<s>","special":true}])",
                      R"([{"id":257,"content":"<s>"},{"id":258,"content":"<s>"}])"),
       "expected a token that doesn't stand in the list already"},
      {"long added", byte_json_with("<s>", std::string(2000, 'x')),
       "has 2000 bytes, expected at most 1024"},
  };
}

/// A sound tekken.json with one stretch replaced.
std::string tekken_with(std::string_view from = "", std::string_view to = "") {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text =
      R"({"config":{"pattern":"\\p{L}+|\\P{L}","num_vocab_tokens":258,"default_vocab_size":260,"default_num_special_tokens":3,"version":"v3"},"special_tokens":[{"rank":1,"token_str":"<s>","is_control":true}],"vocab":[)";
  for (unsigned rank = 0; rank < 256; ++rank)
    text += fmt::format(R"({{"rank":{},"token_bytes":"{}{}==","token_str":null}},)", rank,
                        kDigits[rank >> 2], kDigits[(rank & 3) << 4]);
  text += R"({"rank":256,"token_bytes":"YWI=","token_str":"ab"}]})";
  if (from.empty()) return text;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::vector<Case> tekken_cases() {
  return {
      {"key", tekken_with("\"special_tokens\"", "\"spatial_tokens\""),
       "key 'spatial_tokens' isn't understood"},
      {"version", tekken_with("\"v3\"", "\"v4\""), "key 'config.version': expected v1"},
      {"later without specials",
       tekken_with(R"("v3"},"special_tokens":[{"rank":1,"token_str":"<s>","is_control":true}],)",
                   R"("v11"},)"),
       "key 'special_tokens' is missing"},
      {"size of 2^63", tekken_with(":260", ":9223372036854775808"),
       "key 'config.default_vocab_size': expected"},
      {"too small", tekken_with(":260", ":200"), "room for the special tokens and 256 bytes"},
      {"too few", tekken_with(":260", ":300"), "key 'vocab': expected at least 297 tokens"},
      {"all special", tekken_with("tokens\":3,", "tokens\":999,"),
       "key 'config.default_num_special_tokens': expected"},
      {"pattern", tekken_with(R"(\\p{L}+)", R"(\\y)"), "key 'config.pattern': regular expression"},
      {"rank", tekken_with("\"rank\":256", "\"rank\":257"),
       "key 'vocab[256].rank': expected 256, got 257"},
      {"base64", tekken_with("YWI=", "YW"),
       "key 'vocab[256].token_bytes': expected bytes in base64"},
      {"letters", tekken_with("YWI=", "Y*I="), "expected bytes in base64"},
      {"empty", tekken_with("YWI=", ""), "expected bytes in base64"},
      {"byte", tekken_with("AA==", "AQ=="), "key 'vocab[0].token_bytes': expected byte 0 alone"},
      {"bytes twice", tekken_with("YWI=", "YQ=="), "piece \"a\" stands twice"},
      {"special rank", tekken_with(R"("rank":1,"token_str")", R"("rank":3,"token_str")"),
       "key 'special_tokens[0].rank': expected"},
      {"special empty", tekken_with("\"<s>\"", "\"\""), "expected a string that isn't empty"},
      {"special is text", tekken_with("\"<s>\"", "\"ab\""), "piece \"ab\" stands twice"},
  };
}

/// A vocabulary of a GGUF file, of byte letters and the given pieces.
GgufVocabulary gguf_with(std::vector<std::string> pieces) {
  GgufVocabulary v{.where = "t.gguf", .model = "gpt2", .pre = "gpt-2"};
  v.tokens = byte_pieces();
  v.tokens.insert(v.tokens.end(), pieces.begin(), pieces.end());
  return v;
}

GgufVocabulary llama_with(const ScoredPiece& piece) {
  GgufVocabulary v{.where = "t.gguf", .model = "llama", .pre = "default"};
  for (const ScoredPiece& p : pieces_with(piece)) {
    v.tokens.push_back(p.text);
    v.scores.push_back(p.score);
    v.token_types.push_back(static_cast<std::int64_t>(p.type));
  }
  return v;
}

TEST(Hostile, EveryGgufVocabularyGetsItsSentence) {
  const auto expect = [](const char* message, GgufVocabulary v, auto change) {
    SCOPED_TRACE(message);
    change(v);
    const std::string got = error_of([&] { Tokenizer::from_gguf_vocabulary(v); });
    EXPECT_THAT(got, HasSubstr(message));
    EXPECT_THAT(got, testing::StartsWith("t.gguf: "));
  };
  const auto gpt2 = gguf_with({"ab"});
  const auto llama = llama_with({"b", -2});
  EXPECT_EQ(Tokenizer::from_gguf_vocabulary(gpt2).n_vocab(), 257u);
  EXPECT_EQ(Tokenizer::from_gguf_vocabulary(llama).n_vocab(), 5u);
  expect("key 'tokenizer.ggml.model': \"bert\" isn't supported; supported: llama, gpt2", gpt2,
         [](auto& v) { v.model = "bert"; });
  expect("key 'tokenizer.ggml.pre': \"falcon\" isn't supported; supported: chatglm-bpe, dbrx", gpt2,
         [](auto& v) { v.pre = "falcon"; });
  expect("expected at least one token", gpt2, [](auto& v) { v.tokens.clear(); });
  expect("token 256 is empty", gpt2, [](auto& v) { v.tokens.back() = ""; });
  expect("token 256 isn't UTF-8", gpt2, [](auto& v) { v.tokens.back() = "\xff"; });
  expect("piece \"a\" stands twice: ids 97 and 256", gpt2, [](auto& v) { v.tokens.back() = "a"; });
  expect("merge 0 \"a c\": piece \"ac\" isn't in the vocabulary", gpt2,
         [](auto& v) { v.merges = {"a c"}; });
  expect("merge 1 \"a b\": the pair stands twice", gpt2, [](auto& v) {
    v.merges = {"a b", "a b"};
  });
  for (const char* merge : {"", " ", "ab", "a b c", " ab"})
    expect("", gpt2, [&](auto& v) { v.merges = {merge}; });
  expect("key 'tokenizer.ggml.token_type': expected 257 values, one a token, got 1", gpt2,
         [](auto& v) { v.token_types = {1}; });
  expect("token 3 has type 7, expected 1 to 6", llama, [](auto& v) { v.token_types[3] = 7; });
  expect("token 3 has type -9223372036854775808", llama,
         [](auto& v) { v.token_types[3] = std::numeric_limits<std::int64_t>::min(); });
  expect("key 'tokenizer.ggml.scores': expected 5 values, one a token, got 0", llama,
         [](auto& v) { v.scores.clear(); });
  expect("score is not a number", llama,
         [](auto& v) { v.scores[4] = std::numeric_limits<float>::quiet_NaN(); });
  expect("key 'tokenizer.ggml.bos_token_id': expected less than 5, got 9223372036854775808", llama,
         [](auto& v) { v.bos = std::uint64_t{1} << 63; });
  expect("no piece is of type unknown", llama, [](auto& v) { v.token_types[0] = 3; });
}

TEST(Hostile, LongListsOfAddedTokensCostNoMoreThanTheirBytes) {
  ByteJson json;
  json.added = "[";
  for (int i = 0; i < 20000; ++i)
    json.added += fmt::format(R"({}{{"id":{},"content":"<{:x}>","normalized":{}}})", i ? "," : "",
                              256 + i, i, i % 2 ? "true" : "false");
  json.added += "]";
  const auto t = json.load();
  EXPECT_EQ(t.n_vocab(), 20256u);
  EXPECT_EQ(t.encode("a<4e1f><4e20>", SpecialText::kPlain)[1].id, TokenId(20255u));
}

std::vector<ScoredPiece> pieces_with(ScoredPiece piece) {
  auto pieces = spm_beginning(false);
  pieces.push_back({"a", -1});
  pieces.push_back(std::move(piece));
  return pieces;
}

std::vector<Case> model_cases() {
  const auto sound = spm_model(pieces_with({"b", -2}));
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  auto no_byte = spm_beginning(true);
  no_byte.pop_back();
  auto two_unknown = spm_beginning(false);
  two_unknown.push_back({"<u2>", 0, PieceType::kUnknown});
  std::string pieces_only;
  for (const ScoredPiece& piece : spm_beginning(false)) pieces_only += spm_piece(piece);
  return {
      {"nothing", "", "no pieces; is it a SentencePiece model?"},
      {"cut", sound.substr(0, 20), "claims"},
      {"cut number", pieces_only + "\x12", "the file ends inside a number"},
      {"cut score", bytes(1, bytes(1, "a") + std::string("\x15\0\0", 3)), "ends inside a number"},
      {"length beyond", "\x0a\xff\xff\xff\xff\x0f", "claims 4294967295 bytes, 0 are left"},
      {"length of 64 bits", "\x0a" + std::string(9, '\xff') + "\x01",
       "claims 18446744073709551615"},
      {"number of over 64 bits", "\x0a" + std::string(11, '\xff'), "a number of over 64 bits"},
      {"field zero", std::string("\x02\x00", 2), "expected a field, got tag 2"},
      {"wire type", "\x0b\x0b", "wire type 3"},
      {"pieces as a number", number(1, 5), "pieces has wire type 0"},
      {"score as a number", bytes(1, bytes(1, "a") + number(2, 7)), "score has wire type 0"},
      {"piece type", bytes(1, bytes(1, "a") + number(3, 9)), "piece 0 has type 9, expected 1 to 6"},
      {"no text", bytes(1, real(2, 1)), "piece 0 is empty"},
      {"not UTF-8", bytes(1, bytes(1, "\xff\xfe")), "piece isn't UTF-8"},
      {"NaN", spm_model(pieces_with({"b", nan})), "piece 4 \"b\": score is not a number"},
      {"piece twice", spm_model(pieces_with({"a", -2})), "piece \"a\" stands twice: ids 3 and 4"},
      {"control twice", spm_model(pieces_with({"<s>", -2})), "piece \"<s>\" stands twice"},
      {"no unknown", spm_model({{"a", -1}}), "no piece is of type unknown"},
      {"two unknown", spm_model(two_unknown), "pieces 0 and 3 are both the unknown piece"},
      {"byte missing", spm_model(no_byte, {.byte_fallback = true}), "piece \"<0xFF>\" is missing"},
      {"byte name",
       spm_model(pieces_with({"<0xZZ>", 0, PieceType::kByte}), {.byte_fallback = true}),
       "byte piece 4 \"<0xZZ>\": expected a name like \"<0x0A>\""},
      {"byte unasked", spm_model(pieces_with({"<0x0A>", 0, PieceType::kByte})),
       "in a model without byte fallback"},
      {"long symbol", spm_model(pieces_with({std::string(5000, 'x'), 0, PieceType::kUserDefined})),
       "user-defined piece 4 has 5000 bytes, expected at most 4096"},
      {"no trainer", pieces_only, "trainer_spec is missing"},
      {"unigram", spm_model(pieces_with({"b", -2}), {.model_type = 1}),
       "a unigram model isn't supported; supported: bpe"},
      {"word", spm_model(pieces_with({"b", -2}), {.model_type = 3}),
       "a word model isn't supported"},
      {"char", spm_model(pieces_with({"b", -2}), {.model_type = 4}),
       "a char model isn't supported"},
      {"no such type", spm_model(pieces_with({"b", -2}), {.model_type = 99}),
       "trainer_spec.model_type: expected 2 (bpe), got 99"},
      {"character map", spm_model(pieces_with({"b", -2}), {.charsmap = "xxxx"}),
       "normalizer_spec.precompiled_charsmap: 4 bytes of character map aren't supported"},
      {"denormalizer", sound + bytes(5, bytes(2, "xx")), "denormalizer_spec.precompiled_charsmap"},
  };
}

template <class Read>
void expect_messages(const std::vector<Case>& cases, std::string_view where, Read read) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    try {
      read(c.bytes);
      ADD_FAILURE() << "was taken";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kBadInput);
      EXPECT_THAT(e.message(), HasSubstr(c.message));
      EXPECT_THAT(e.message(), testing::StartsWith(std::string(where) + ": "));
    }
  }
}

TEST(Hostile, EveryTokenizerJsonGetsItsSentence) {
  EXPECT_EQ(Tokenizer::from_json_bytes(json_with(), "t.json").n_vocab(), 6u);
  expect_messages(json_cases(), "t.json",
                  [](const std::string& b) { Tokenizer::from_json_bytes(b, "t.json"); });
}

TEST(Hostile, EveryByteLevelTokenizerJsonGetsItsSentence) {
  EXPECT_EQ(Tokenizer::from_json_bytes(byte_json_with(), "t.json").n_vocab(), 258u);
  expect_messages(byte_json_cases(), "t.json",
                  [](const std::string& b) { Tokenizer::from_json_bytes(b, "t.json"); });
}

TEST(Hostile, EveryTekkenJsonGetsItsSentence) {
  EXPECT_EQ(Tokenizer::from_tekken_bytes(tekken_with(), "t.json").n_vocab(), 260u);
  expect_messages(tekken_cases(), "t.json",
                  [](const std::string& b) { Tokenizer::from_tekken_bytes(b, "t.json"); });
}

TEST(Hostile, EverySentencePieceModelGetsItsSentence) {
  EXPECT_EQ(Tokenizer::from_sentencepiece_bytes(spm_model(pieces_with({"b", -2})), "m").n_vocab(),
            5u);
  expect_messages(model_cases(), "t.model",
                  [](const std::string& b) { Tokenizer::from_sentencepiece_bytes(b, "t.model"); });
}

TEST(Hostile, PiecesWithinPiecesCostNoMoreThanTheFile) {
  auto pieces = spm_beginning(false);
  for (std::size_t n = 1; n <= 1500; ++n) pieces.push_back({std::string(n, 'a'), -float(n)});
  pieces.push_back({std::string(1u << 19, 'a') + "b", -1});
  const auto t = Tokenizer::from_sentencepiece_bytes(spm_model(pieces), "nested.model");
  EXPECT_EQ(t.encode(std::string(5000, 'a'), SpecialText::kPlain).back().end, 5000u);
}

std::string mutate(Random& random, std::string bytes) {
  for (std::size_t n = 1 + random.below(4); n > 0 && !bytes.empty(); --n) {
    const std::size_t at = random.below(bytes.size());
    const std::size_t length = 1 + random.below(12);
    switch (random.below(5)) {
      case 0:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
        break;
      case 2:
        bytes.erase(at, length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(random.below(bytes.size()), length));
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

/// Whatever the bytes are, they give a tokenizer that works or an Error.
template <class Read>
int count_sound(std::uint64_t seed, const std::string& original, Read read) {
  Random random(seed);
  int sound = 0;
  for (int i = 0; i < 5000; ++i) {
    try {
      const Tokenizer t = read(mutate(random, original));
      ++sound;
      std::vector<TokenId> ids;
      for (const Token& token : t.encode("ab ba\n漢 <unk></s>", SpecialText::kRecognise)) {
        EXPECT_LE(token.end, 22u);
        ids.push_back(token.id);
      }
      t.decode(ids);
    } catch (const Error&) {
    }
  }
  return sound;
}

TEST(Hostile, MutatedFilesGiveATokenizerOrAnError) {
  EXPECT_GT(count_sound(1, json_with(),
                        [](const std::string& b) { return Tokenizer::from_json_bytes(b, "j"); }),
            10);
  EXPECT_GT(count_sound(3, byte_json_with(),
                        [](const std::string& b) { return Tokenizer::from_json_bytes(b, "j"); }),
            10);
  EXPECT_GT(count_sound(4, tekken_with(),
                        [](const std::string& b) { return Tokenizer::from_tekken_bytes(b, "j"); }),
            0);
  const auto model = spm_model(pieces_with({"ab", -1, PieceType::kUnused}));
  EXPECT_GT(
      count_sound(2, model,
                  [](const std::string& b) { return Tokenizer::from_sentencepiece_bytes(b, "m"); }),
      10);
}

}  // namespace
}  // namespace moescope::tokenizer
