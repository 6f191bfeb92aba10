#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "core/base/element_type.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/base/sha256.hpp"
#include "core/base/utf8.hpp"
#include "tests/error_of.hpp"

namespace moescope {
namespace {

using testing::HasSubstr;

TEST(Json, KeepsValues) {
  const auto v = parse_json(R"({"a":[1,2.5,"x",null,true],"b":{"c":-3}})", "t");
  EXPECT_EQ(v["a"][1], 2.5);
  EXPECT_EQ(v["b"]["c"], -3);
}

TEST(Json, NamesLineAndColumnOfADuplicateKey) {
  const auto m = error_of([] { parse_json("{\"a\":1,\n \"a\":2}", "f.json"); });
  EXPECT_THAT(m, HasSubstr("f.json: line 2, column "));
  EXPECT_THAT(m, HasSubstr("key \"a\" stands twice"));
}

TEST(Json, RefusesDepthCountSizeAndBytes) {
  EXPECT_THAT(error_of([] { parse_json(std::string(100000, '['), "f"); }),
              HasSubstr("nested deeper than 64"));
  EXPECT_THAT(error_of([] { parse_json("[1,2,3,4]", "f", {.max_values = 3}); }),
              HasSubstr("more than 3 values"));
  EXPECT_THAT(error_of([] { parse_json("[1,2,3,4]", "f", {.max_bytes = 3}); }),
              HasSubstr("expected at most 3"));
  EXPECT_THAT(error_of([] { parse_json("[\"\xff\"]", "f"); }),
              HasSubstr("byte 2: expected UTF-8, got byte 0xff"));
  EXPECT_THAT(error_of([] { parse_json("{\"a\":", "f"); }), HasSubstr("malformed JSON"));
  EXPECT_THAT(error_of([] { parse_json("1e999", "f"); }), HasSubstr("line 1"));
  EXPECT_THAT(error_of([] { parse_json("", "f"); }), HasSubstr("malformed JSON"));
  EXPECT_THAT(error_of([] { parse_json("{} x", "f"); }), HasSubstr("malformed JSON"));
  EXPECT_EQ(error_of([] { parse_json(std::string_view("{}\0x", 4), "f"); }),
            "f: byte 2: malformed JSON: a NUL byte");
}

TEST(Json, NodeSaysWhatWasExpected) {
  const auto v = parse_json(R"({"a":{"n":-1}})", "config.json");
  const JsonNode node(v, "config.json");
  EXPECT_EQ(error_of([&] { node.at("a").at("n").uint(1, 9); }),
            "config.json: key 'a.n': expected a whole number from 1 to 9, got -1");
  EXPECT_EQ(error_of([&] { node.at("z"); }), "config.json: key 'z' is missing");
  EXPECT_FALSE(node.find("z"));
}

TEST(ElementType, RoundTripsEveryF16) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const auto h = static_cast<std::uint16_t>(bits);
    const float f = f16_to_f32(h);
    if (std::isnan(f)) continue;
    ASSERT_EQ(f32_to_f16(f), h) << bits;
  }
}

TEST(ElementType, RoundsToNearestEven) {
  EXPECT_EQ(f32_to_bf16(1.0f + 0x1p-8f), f32_to_bf16(1.0f));            // tie, even below
  EXPECT_EQ(f32_to_bf16(1.0f + 0x3p-8f), f32_to_bf16(1.0f + 0x1p-6f));  // tie, even above
  EXPECT_EQ(f32_to_f16(1.0f + 0x1p-11f), f32_to_f16(1.0f));
  EXPECT_EQ(f16_to_f32(f32_to_f16(65520.0f)), std::numeric_limits<float>::infinity());
  EXPECT_EQ(f16_to_f32(f32_to_f16(65519.0f)), 65504.0f);
  EXPECT_EQ(f32_to_f16(0x1p-25f), 0);  // tie between 0 and the least subnormal
  EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(std::nanf("")))));
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::nanf("")))));
}

TEST(ElementType, TableIsInOrderAndItsNamesAreUnique) {
  std::set<std::string_view> names;
  std::set<std::string_view> in_safetensors;
  std::set<int> in_gguf;
  for (const ElementTypeInfo& row : element_types()) {
    EXPECT_EQ(&info(row.type), &row) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.safetensors_name.empty() || in_safetensors.insert(row.safetensors_name).second);
    EXPECT_TRUE(row.gguf_id == ElementTypeInfo::kNoGgufId || in_gguf.insert(row.gguf_id).second);
    EXPECT_EQ(256 % row.block_elems, 0u) << row.name;
    if (!row.safetensors_name.empty()) {
      EXPECT_EQ(element_type_from_safetensors(row.safetensors_name), row.type);
    }
    if (row.gguf_id != ElementTypeInfo::kNoGgufId) {
      EXPECT_EQ(element_type_from_gguf(static_cast<std::uint32_t>(row.gguf_id)), row.type);
    }
  }
  EXPECT_FALSE(element_type_from_safetensors(""));
  EXPECT_FALSE(element_type_from_gguf(UINT32_MAX));
  EXPECT_FALSE(element_type_from_gguf(4));  // support was removed from the format
}

TEST(ElementType, ReadsEveryEightBitFloat) {
  for (unsigned bits = 0; bits < 256; ++bits) {
    const double sign = (bits & 0x80) != 0 ? -1 : 1;
    const auto byte = static_cast<std::uint8_t>(bits);
    const int e = static_cast<int>(bits >> 3 & 15);
    const int m = static_cast<int>(bits & 7);
    if ((bits & 0x7f) == 0x7f) {
      EXPECT_TRUE(std::isnan(f8_e4m3_to_f32(byte)));
    } else {
      EXPECT_EQ(f8_e4m3_to_f32(byte),
                sign * (e == 0 ? std::ldexp(m, -9) : std::ldexp(8 + m, e - 10)));
    }
    const int e5 = static_cast<int>(bits >> 2 & 31);
    const int m5 = static_cast<int>(bits & 3);
    if (e5 == 31 && m5 != 0) {
      EXPECT_TRUE(std::isnan(f8_e5m2_to_f32(byte)));
    } else if (e5 == 31) {
      EXPECT_EQ(f8_e5m2_to_f32(byte), sign * std::numeric_limits<double>::infinity());
    } else {
      EXPECT_EQ(f8_e5m2_to_f32(byte),
                sign * (e5 == 0 ? std::ldexp(m5, -16) : std::ldexp(4 + m5, e5 - 17)));
    }
    if (bits < 255) {
      EXPECT_EQ(e8m0_to_f32(byte), std::ldexp(1.0, static_cast<int>(bits) - 127));
    }
  }
  EXPECT_EQ(f8_e4m3_to_f32(0x7e), 448.0f);
  EXPECT_TRUE(std::isnan(e8m0_to_f32(255)));
  EXPECT_TRUE(std::signbit(f8_e4m3_to_f32(0x80)));
}

TEST(Random, IsTheReferenceSequence) {
  // splitmix64 from seed 0, then xoshiro256++: computed by an independent Python implementation.
  Random r(0);
  EXPECT_EQ(r.next(), 0x53175d61490b23dfu);
  EXPECT_EQ(r.next(), 0x61da6f3dc380d507u);
  EXPECT_EQ(r.next(), 0x5c0fdf91ec9a7bfcu);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(r.below(7), 7u);
}

TEST(Sha256, KnownAnswer) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Utf8, RejectsWhatUnicodeForbids) {
  EXPECT_FALSE(first_invalid_utf8("aé漢😀"));
  EXPECT_EQ(first_invalid_utf8("a\xc0\x80"), 1u);         // overlong
  EXPECT_EQ(first_invalid_utf8("ab\xed\xa0\x80"), 2u);    // surrogate
  EXPECT_EQ(first_invalid_utf8("\xf4\x90\x80\x80"), 0u);  // above U+10FFFF
  EXPECT_EQ(first_invalid_utf8("\xe2\x82"), 0u);          // cut
  EXPECT_EQ(incomplete_utf8_tail("a\xe2\x82"), 2u);
  EXPECT_EQ(incomplete_utf8_tail("aé"), 0u);
  EXPECT_EQ(incomplete_utf8_tail("a\x80"), 0u);
}

TEST(Escape, MakesHostileTextHarmless) {
  EXPECT_EQ(escape_terminal("a\x1b]52;c;x\x07\n"), "a␛]52;c;x␇␊");
  EXPECT_EQ(escape_terminal("\xc2\x9b"
                            "31m\xff"),
            "\\u{9b}31m\\xff");
  EXPECT_EQ(escape_terminal("x\u202ey"), "x\\u{202e}y");
  EXPECT_EQ(csv_cell("=1+2"), "\"'=1+2\"");
  EXPECT_EQ(csv_cell("-1.5"), "-1.5");
  EXPECT_EQ(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
  EXPECT_EQ(escape_html("<a href='x'>&\x01"), "&lt;a href=&#39;x&#39;&gt;&amp;\xef\xbf\xbd");
  EXPECT_EQ(sql_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(json_string("a\"\n\xff"), "\"a\\\"\\n\xef\xbf\xbd\"");
}

TEST(QuotedName, IsShortAndHarmless) {
  EXPECT_EQ(quoted_name("a\x1b[2J"), "'a␛[2J'");
  EXPECT_EQ(quoted_name(std::string(5000, 'a')), "'" + std::string(160, 'a') + "…' (5000 bytes)");
}

}  // namespace
}  // namespace moescope
