#include "core/formats/gguf.hpp"

#include <unistd.h>

#include "core/base/random.hpp"
#include "core/formats/gguf_model.hpp"
#include "core/formats/sigbus.hpp"
#include "tests/core/formats/files.hpp"
#include "tests/core/formats/gguf_bytes.hpp"

namespace moescope::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

GgufHeader read(const std::string& file) {
  return read_gguf_header(as_bytes(file), "m.gguf");
}

GgufBytes one_key(std::string value) {
  GgufBytes out;
  out.keys = {{"k", std::move(value)}};
  return out;
}

/// Every type of value, as scalar or array.
GgufBytes all_values() {
  GgufBytes out;
  out.keys = {
      {"u8", gguf_scalar<std::uint8_t>(GgufType::kUint8, 200)},
      {"i8", gguf_scalar<std::int8_t>(GgufType::kInt8, -3)},
      {"u16", gguf_scalar<std::uint16_t>(GgufType::kUint16, 60000)},
      {"i16", gguf_scalar<std::int16_t>(GgufType::kInt16, 7)},
      {"u32", gguf_scalar<std::uint32_t>(GgufType::kUint32, 4'000'000'000)},
      {"i32", gguf_scalar<std::int32_t>(GgufType::kInt32, -5)},
      {"u64", gguf_scalar<std::uint64_t>(GgufType::kUint64, UINT64_MAX)},
      {"i64", gguf_scalar<std::int64_t>(GgufType::kInt64, INT64_MIN)},
      {"f32", gguf_scalar<float>(GgufType::kFloat32, 0.5f)},
      {"f64", gguf_scalar<double>(GgufType::kFloat64, 1e300)},
      {"nan", gguf_scalar<float>(GgufType::kFloat32, std::nanf(""))},
      {"yes", gguf_scalar<std::uint8_t>(GgufType::kBool, 1)},
      {"text", gguf_text("a é \xff")},
      {"texts",
       gguf_array(GgufType::kString, 3, gguf_string("x") + gguf_string("") + gguf_string("zz"))},
      {"ids", gguf_array(GgufType::kInt32, 2, le<std::int32_t>(-1) + le<std::int32_t>(9))},
      {"large", gguf_array(GgufType::kUint64, 1, le<std::uint64_t>(UINT64_MAX))},
      {"scores", gguf_array(GgufType::kFloat32, 2, le(-1.5f) + le(2.0f))},
      {"flags", gguf_array(GgufType::kBool, 3, std::string("\1\0\1", 3))},
      {"none", gguf_array(GgufType::kString, 0, "")},
      {"gpt-oss.block_count", gguf_scalar<std::uint32_t>(GgufType::kUint32, 24)},
  };
  return out;
}

TEST(Gguf, ReadsEveryTypeOfValue) {
  const std::string file = all_values().head();
  const GgufMetadata m = read(file).metadata;
  EXPECT_EQ(m.entries().size(), 20u);
  EXPECT_EQ(m.uint("u8"), 200u);
  EXPECT_EQ(m.uint("u16"), 60000u);
  EXPECT_EQ(m.uint("i16"), 7u);
  EXPECT_EQ(m.uint("u32"), 4'000'000'000u);
  EXPECT_EQ(m.uint("u64"), UINT64_MAX);
  EXPECT_EQ(m.number("f32"), 0.5);
  EXPECT_EQ(m.number("f64"), 1e300);
  EXPECT_TRUE(m.boolean("yes"));
  EXPECT_EQ(m.string("text"), "a é \xff");
  EXPECT_THAT(m.strings("texts"), ElementsAre("x", "", "zz"));
  EXPECT_THAT(m.integers("ids"), ElementsAre(-1, 9));
  EXPECT_THAT(m.floats("scores"), ElementsAre(-1.5f, 2.0f));
  EXPECT_EQ(m.booleans("flags"), (std::vector<bool>{true, false, true}));
  EXPECT_TRUE(m.strings("none").empty());
  EXPECT_EQ(m.uint("gpt-oss.block_count"), 24u);
  EXPECT_EQ(m.find("absent"), nullptr);
  EXPECT_FALSE(m.find_uint("absent") || m.find_number("absent") || m.find_string("absent") ||
               m.find_boolean("absent"));
  EXPECT_EQ(m.find_uint("u8", 0, 255), 200u);
  EXPECT_EQ(m.uint_per_layer("u8", 3), (std::vector<std::uint64_t>{200, 200, 200}));
}

TEST(Gguf, GettersSayKeyExpectedAndGot) {
  const std::string file = all_values().head();
  const GgufMetadata m = read(file).metadata;
  EXPECT_EQ(error_of([&] { m.string("absent"); }),
            "m.gguf: key 'absent': expected a string, got no such key");
  EXPECT_EQ(error_of([&] { m.string("u8"); }), "m.gguf: key 'u8': expected a string, got uint8");
  EXPECT_EQ(error_of([&] { m.string("texts"); }),
            "m.gguf: key 'texts': expected a string, got array of 3 string");
  EXPECT_EQ(error_of([&] { m.uint("i8"); }),
            "m.gguf: key 'i8': expected a whole number that is not negative, got -3");
  EXPECT_EQ(error_of([&] { m.uint("i64"); }),
            "m.gguf: key 'i64': expected a whole number that is not negative, got "
            "-9223372036854775808");
  EXPECT_EQ(error_of([&] { m.uint("u8", 1, 64); }),
            "m.gguf: key 'u8': expected a whole number from 1 to 64, got 200");
  EXPECT_THAT(error_of([&] { m.uint("f32"); }), HasSubstr("not negative, got float32"));
  EXPECT_THAT(error_of([&] { m.uint("ids"); }), HasSubstr("got array of 2 int32"));
  EXPECT_THAT(error_of([&] { m.number("nan"); }), HasSubstr("expected a finite number"));
  EXPECT_THAT(error_of([&] { m.number("u8"); }), HasSubstr("got uint8"));
  EXPECT_THAT(error_of([&] { m.boolean("u8"); }), HasSubstr("expected a bool, got uint8"));
  EXPECT_THAT(error_of([&] { m.strings("ids"); }),
              HasSubstr("expected an array of strings, got array of 2 int32"));
  EXPECT_THAT(error_of([&] { m.strings("text"); }), HasSubstr("got string"));
  EXPECT_THAT(error_of([&] { m.integers("scores"); }), HasSubstr("got array of 2 float32"));
  EXPECT_THAT(error_of([&] { m.integers("large"); }), HasSubstr("element 0: expected at most"));
  EXPECT_THAT(error_of([&] { m.floats("ids"); }), HasSubstr("expected an array of float32"));
  EXPECT_THAT(error_of([&] { m.booleans("ids"); }), HasSubstr("expected an array of bool"));
  EXPECT_THAT(error_of([&] { m.uint_per_layer("ids", 3); }), HasSubstr("got array of 2 int32"));
  EXPECT_THAT(error_of([&] { m.uint_per_layer("ids", 2); }), HasSubstr("element 0: expected"));
}

GgufBytes two_tensors() {
  GgufBytes out;
  out.tensors = {{"w", {2, 3, 5}, 1, 32}, {"a.bias", {7}, 0, 0}};
  out.n_data = 32 + 60;
  return out;
}

TEST(Gguf, ReadsTensorsWithTheFastestDimensionLast) {
  for (const std::uint32_t version : {2u, 3u}) {
    GgufBytes bytes = two_tensors();
    bytes.version = version;
    const std::string file = bytes.file();
    const GgufHeader header = read(file);
    EXPECT_EQ(header.version, version);
    EXPECT_EQ(header.alignment, 32u);
    ASSERT_EQ(header.tensors.size(), 2u);
    EXPECT_EQ(header.tensors[0].name, "a.bias");
    EXPECT_EQ(header.tensors[0].shape, Shape{7});
    EXPECT_EQ(header.tensors[0].type, ElementType::kF32);
    EXPECT_EQ(header.tensors[0].bytes.size(), 28u);
    EXPECT_EQ(header.tensors[1].shape, (Shape{5, 3, 2}));
    EXPECT_EQ(header.tensors[1].bytes.size(), 60u);
    EXPECT_EQ(std::to_integer<int>(header.tensors[1].bytes[0]), 32);
  }
}

TEST(Gguf, TakesWhatTheFormatAllows) {
  EXPECT_TRUE(read(GgufBytes{}.head()).tensors.empty());  // ends before the aligned offset
  EXPECT_TRUE(read(GgufBytes{}.padded_head()).tensors.empty());
  GgufBytes padded = two_tensors();
  padded.n_data = 96;  // padding behind the last tensor
  EXPECT_EQ(read(padded.file()).tensors.size(), 2u);
  GgufBytes wide = two_tensors();
  wide.alignment = 4096;
  wide.keys = {{"general.alignment", gguf_scalar<std::uint32_t>(GgufType::kUint32, 4096)}};
  wide.tensors[0].offset = 4096;
  wide.n_data = 4096 + 60;
  EXPECT_EQ(read(wide.file()).alignment, 4096u);
  GgufBytes scalar;
  scalar.tensors = {{"s", {}, 0, 0}};
  scalar.n_data = 4;
  EXPECT_EQ(read(scalar.file()).tensors[0].shape, Shape{});
  GgufBytes longest;
  longest.tensors = {{std::string(64, 'n'), {1, 1, 1, 1}, 24, 0}};
  longest.n_data = 1;
  EXPECT_EQ(read(longest.file()).tensors[0].shape, (Shape{1, 1, 1, 1}));
}

TEST(Gguf, KnowsTheSizeOfEveryType) {
  for (const ElementTypeInfo& row : element_types()) {
    if (row.gguf_id == ElementTypeInfo::kNoGgufId) continue;
    GgufBytes bytes;
    bytes.tensors = {{"t", {row.block_elems * 3, 2}, static_cast<std::uint32_t>(row.gguf_id), 0}};
    bytes.n_data = row.block_bytes * 6;
    EXPECT_EQ(read(bytes.file()).tensors[0].type, row.type);
    const std::string cut = bytes.file().substr(0, bytes.file().size() - 1);
    EXPECT_THAT(error_of([&] { read(cut); }), HasSubstr("download it again")) << row.name;
    if (row.block_elems == 1) continue;
    bytes.tensors[0].dims = {row.block_elems / 2, 12};  // whole blocks altogether, but not by row
    EXPECT_THAT(error_of([&] { read(bytes.file()); }), HasSubstr("rows of whole blocks"));
  }
}

struct Hostile {
  std::string name;
  std::string file;
  std::string message;
};

GgufBytes tensor(GgufTensorSpec spec, std::size_t n_data = 64) {
  GgufBytes out;
  out.tensors = {std::move(spec)};
  out.n_data = n_data;
  return out;
}

std::string with_alignment(std::string value) {
  GgufBytes out = two_tensors();
  out.keys = {{"general.alignment", std::move(value)}};
  return out.file();
}

std::string counts(std::uint64_t n_tensor, std::uint64_t n_key, std::size_t n_zero = 64) {
  return "GGUF" + le32(3) + le(n_tensor) + le(n_key) + std::string(n_zero, '\0');
}

std::string nested(std::size_t depth) {
  std::string value = gguf_type(GgufType::kArray);
  for (std::size_t i = 0; i < depth; ++i)
    value += gguf_type(GgufType::kArray) + le<std::uint64_t>(1);
  return one_key(value + gguf_type(GgufType::kUint8) + le<std::uint64_t>(0)).head();
}

std::vector<Hostile> hostile_heads() {
  const std::string good = two_tensors().file();
  return {
      {"no GGUF", "GGUX" + good.substr(4), "expected 'GGUF' at its first byte"},
      {"magic cut", "GG", "expected 'GGUF' at its first byte"},
      {"magic alone", "GGUF", "byte 4: version: expected 4 bytes, but the file holds 0: cut short"},
      {"GGML", "lmgg" + good.substr(4), "a GGML file, which GGUF replaced"},
      {"GGJT", "tjgg" + good.substr(4), "a GGJT file, which GGUF replaced"},
      {"zip", "PK\x03\x04" + good, "a PyTorch file or zip archive"},
      {"LFS pointer", "version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
      {"web page", "<!DOCTYPE html>", "a web page"},
      {"version 0", "GGUF" + le32(0) + good.substr(8), "version: expected 2 or 3, got 0"},
      {"version 1", "GGUF" + le32(1) + good.substr(8), "got 1, whose counts have 32 bits"},
      {"version 4", "GGUF" + le32(4) + good.substr(8), "version: expected 2 or 3, got 4"},
      {"version 2^32-1", "GGUF" + le32(UINT32_MAX) + good.substr(8), "got 4294967295"},
      {"big-endian", "GGUF" + std::string("\0\0\0\3", 4) + good.substr(8), "a big-endian file"},
      {"big-endian version 2", "GGUF" + std::string("\0\0\0\2", 4) + good.substr(8),
       "got 2 in big-endian order"},
      {"counts cut", good.substr(0, 15), "tensor count: expected 8 bytes, but the file holds 7"},
      {"tensors 2^63", counts(std::uint64_t{1} << 63, 0), "tensor count: expected at most"},
      {"tensors 2^64-1", counts(UINT64_MAX, 0), "got 18446744073709551615"},
      {"tensors beyond the file", counts(1000, 0), "tensor count: 1000 do not fit the 72 bytes"},
      {"keys 2^63", counts(0, std::uint64_t{1} << 63), "key count: expected at most 65536"},
      {"keys beyond the file", counts(0, 1000), "key count: 1000 do not fit the 64 bytes"},
      {"sized so that a product wraps", counts(0x0aaaaaaaaaaaaaabu, 0),
       "tensor count: expected at"},
      {"key of 2^64-1 bytes", counts(0, 1, 0) + le(UINT64_MAX) + std::string(64, 'k'),
       "byte 32: key: expected 18446744073709551615 bytes, but the file holds 64"},
      {"key of 2^63 bytes", counts(0, 1, 0) + le(std::uint64_t{1} << 63) + std::string(64, 'k'),
       "key: expected 9223372036854775808 bytes"},
      {"key empty", counts(0, 1), "key '': expected 1 to 65535 bytes of printable ASCII"},
  };
}

std::vector<Hostile> hostile_values() {
  const std::string u8 = gguf_scalar<std::uint8_t>(GgufType::kUint8, 1);
  GgufBytes twice;
  twice.keys = {{"a", u8}, {"b", u8}, {"a", gguf_text("x")}};
  GgufBytes odd_key;
  GgufBytes long_key;
  GgufBytes nul_key;
  odd_key.keys = {{"k\xc3\xa9", u8}};
  long_key.keys = {{std::string(65536, 'k'), u8}};
  nul_key.keys = {{std::string("a\0b", 3), u8}};
  const auto array = [](GgufType type, std::uint64_t n, std::string_view elements) {
    return one_key(gguf_array(type, n, elements)).head();
  };
  return {
      {"key not ASCII", odd_key.head(), "expected 1 to 65535 bytes of printable ASCII"},
      {"key too long", long_key.head(), "(65536 bytes): expected 1 to 65535 bytes"},
      {"key with NUL", nul_key.head(), "printable ASCII"},
      {"key twice", twice.head(), "key 'a': stands twice"},
      {"type 13", one_key(le32(13) + "xxxxxxxx").head(), "value type: expected 0 to 12, got 13"},
      {"type 2^32-1", one_key(le32(UINT32_MAX) + "xxxxxxxx").head(), "got 4294967295"},
      {"element type 13", one_key(gguf_type(GgufType::kArray) + le32(13) + le64(0)).head(),
       "element type: expected 0 to 12, got 13"},
      {"bool 2", one_key(gguf_scalar<std::uint8_t>(GgufType::kBool, 2)).head(),
       "key 'k': bool: expected 0 or 1, got 2"},
      {"bool 255 in an array", array(GgufType::kBool, 2, "\1\xff"),
       "bool: expected 0 or 1, got 255"},
      {"value cut", one_key(le32(10) + "xxx").head() + std::string(0, ' '),
       "uint64: expected 8 bytes, but the file holds 3"},
      {"string of 2^64-1 bytes",
       one_key(gguf_type(GgufType::kString) + le(UINT64_MAX) + "x").head(),
       "string: expected 18446744073709551615 bytes, but the file holds 1"},
      {"string of 2^63 bytes",
       one_key(gguf_type(GgufType::kString) + le(std::uint64_t{1} << 63) + "x").head(),
       "string: expected 9223372036854775808 bytes"},
      {"array of 2^63", array(GgufType::kUint8, std::uint64_t{1} << 63, "xxxx"),
       "array length: expected at most 16777216, got 9223372036854775808"},
      {"array of 2^62 numbers of 4 bytes",
       array(GgufType::kFloat32, std::uint64_t{1} << 62, "xxxx"), "array length: expected at most"},
      {"array of 2^61 strings", array(GgufType::kString, std::uint64_t{1} << 61, "xxxxxxxx"),
       "array length: expected at most"},
      {"array beyond the file", array(GgufType::kUint32, 3, "xxxxxxxxxxx"),
       "array length: 3 do not fit the 11 bytes"},
      {"strings beyond the file", array(GgufType::kString, 2, gguf_string("ab") + le64(9) + "x"),
       "string: expected 9 bytes, but the file holds 1"},
      {"arrays nested twice", nested(1),
       "key 'k': expected an array of numbers or strings, got an "
       "array of arrays"},
      {"arrays nested 100,000 times", nested(100'000), "got an array of arrays"},
      {"alignment 0", with_alignment(gguf_scalar<std::uint32_t>(GgufType::kUint32, 0)),
       "key 'general.alignment': expected a power of two from 8 on, got 0"},
      {"alignment 3", with_alignment(gguf_scalar<std::uint32_t>(GgufType::kUint32, 3)), "got 3"},
      {"alignment 4", with_alignment(gguf_scalar<std::uint32_t>(GgufType::kUint32, 4)), "got 4"},
      {"alignment 48", with_alignment(gguf_scalar<std::uint32_t>(GgufType::kUint32, 48)), "got 48"},
      {"alignment 2^63",
       with_alignment(gguf_scalar<std::uint64_t>(GgufType::kUint64, std::uint64_t{1} << 63)),
       "expected a multiple of the alignment 9223372036854775808"},
      {"alignment -32", with_alignment(gguf_scalar<std::int32_t>(GgufType::kInt32, -32)),
       "got -32"},
      {"alignment as text", with_alignment(gguf_text("32")), "not negative, got string"},
      {"alignment as a list", with_alignment(gguf_array(GgufType::kUint32, 1, le32(32))),
       "got array of 1 uint32"},
  };
}

std::vector<Hostile> hostile_tensors() {
  const std::string good = two_tensors().file();
  GgufBytes overlap = two_tensors();
  overlap.tensors[0].offset = 0;
  GgufBytes hole = two_tensors();
  hole.tensors[0].offset = 64;
  hole.n_data += 32;
  GgufBytes late = two_tensors();
  for (GgufTensorSpec& t : late.tensors) t.offset += 32;
  late.n_data += 32;
  GgufBytes behind = two_tensors();
  behind.n_data += 32;
  GgufBytes twice = two_tensors();
  twice.tensors[0].name = "a.bias";
  GgufBytes data_without_tensor;
  data_without_tensor.n_data = 32;
  constexpr std::uint64_t k32 = std::uint64_t{1} << 32;
  return {
      {"cut within the last tensor", good.substr(0, good.size() - 1),
       "tensor 'w': expected 60 bytes at byte 32 of data, but the file holds 91; download it "
       "again"},
      {"cut before the data", good.substr(0, two_tensors().head().size()), "but the file holds 0"},
      {"cut within the list", good.substr(0, two_tensors().head().size() - 5),
       "tensor offset: expected 8 bytes, but the file holds 3: cut short"},
      {"name of 65 bytes", tensor({std::string(65, 'n'), {16}, 0, 0}).file(),
       "expected a name of 1 to 64 bytes"},
      {"name of 2^64-1 bytes",
       "GGUF" + le32(3) + le64(1) + le64(0) + le64(UINT64_MAX) + std::string(64, 'n'),
       "tensor name: expected 18446744073709551615 bytes"},
      {"name empty", tensor({"", {16}, 0, 0}).file(), "expected a name of 1 to 64 bytes"},
      {"name of escapes", tensor({"\x1b[2J", {0}, 0, 0}).file(), "tensor '␛[2J'"},
      {"five dimensions", tensor({"t", {1, 1, 1, 1, 16}, 0, 0}).file(),
       "tensor 't': expected at most 4 dimensions, got 5"},
      {"2^32-1 dimensions",
       "GGUF" + le32(3) + le64(1) + le64(0) + gguf_string("t") + le32(UINT32_MAX) +
           std::string(64, '\0'),
       "expected at most 4 dimensions, got 4294967295"},
      {"dimension 0", tensor({"t", {0}, 0, 0}).file(), "shape [0]: expected no dimension of 0"},
      {"dimension 0 among large ones", tensor({"t", {k32, k32, 0}, 0, 0}).file(),
       "expected no dimension of 0"},
      {"product that wraps to 0", tensor({"t", {k32, k32}, 0, 0}).file(),
       "shape [4294967296, 4294967296]: its size does not fit 64 bits"},
      {"product that wraps to 4", tensor({"t", {3, 0x5555555555555556u, 2}, 0, 0}).file(),
       "its size does not fit 64 bits"},
      {"bytes that wrap", tensor({"t", {std::uint64_t{1} << 62}, 0, 0}).file(),
       "shape [4611686018427387904]: its size does not fit 64 bits"},
      {"an exabyte in four megabytes", tensor({"t", {std::uint64_t{1} << 58}, 0, 0}).file(),
       "expected 1152921504606846976 bytes at byte 0 of data"},
      {"negative dimension", tensor({"t", {UINT64_MAX}, 24, 0}).file(),
       "expected 18446744073709551615 bytes"},
      {"type 4", tensor({"t", {32}, 4, 0}).file(), "type 4 is q4_2, whose support was removed"},
      {"type 15", tensor({"t", {256}, 15, 0}).file(), "q8_k, which is for intermediate results"},
      {"type 2^32-1", tensor({"t", {32}, UINT32_MAX, 0}).file(), "type 4294967295 is not known"},
      {"row that fills no block", tensor({"t", {33}, 8, 0}).file(),
       "shape [33]: expected rows of whole blocks of 32 elements for q8_0"},
      {"offset off its alignment", tensor({"t", {4}, 0, 8}).file(),
       "offset 8: expected a multiple of the alignment 32"},
      {"offset beyond the file", tensor({"t", {4}, 0, 4096}).file(),
       "expected 16 bytes at byte 4096 of data, but the file holds 64"},
      {"offset 2^64-32", tensor({"t", {16}, 0, UINT64_MAX - 31}).file(),
       "at byte 18446744073709551584 of data"},
      {"overlap", overlap.file(), "overlaps tensor"},
      {"hole", hole.file(), "tensor 'w': a hole of 36 bytes lies before it"},
      {"hole at the start", late.file(), "tensor 'a.bias': a hole of 32 bytes lies before it"},
      {"bytes behind", behind.file(), "32 bytes behind the last tensor belong to none"},
      {"data without tensor", data_without_tensor.file(), "32 bytes behind the last tensor"},
      {"tensor twice", twice.file(), "tensor 'a.bias': stands twice"},
  };
}

TEST(Gguf, RefusesHostileFilesByName) {
  std::size_t n = 0;
  for (const auto& table : {hostile_heads(), hostile_values(), hostile_tensors()}) {
    for (const Hostile& h : table) {
      const std::string message = error_of([&] { read(h.file); });
      EXPECT_THAT(message, HasSubstr("m.gguf: ")) << h.name;
      EXPECT_THAT(message, HasSubstr(h.message)) << h.name;
      EXPECT_EQ(code_of([&] { read(h.file); }), ErrorCode::kBadInput) << h.name;
      ++n;
    }
  }
  EXPECT_GE(n, 40u);
}

TEST(Gguf, RefusesEveryCutOfAFile) {
  GgufBytes bytes = all_values();
  bytes.tensors = two_tensors().tensors;
  bytes.n_data = two_tensors().n_data;
  const std::string file = bytes.file();
  for (std::size_t n = 0; n < file.size(); ++n) {
    const std::string cut = file.substr(0, n);
    ASSERT_EQ(code_of([&] { read(cut); }), ErrorCode::kBadInput) << n;
  }
  EXPECT_EQ(read(file).tensors.size(), 2u);
}

TEST(Gguf, SurvivesFlippedBytes) {
  GgufBytes bytes = all_values();
  bytes.tensors = two_tensors().tensors;
  bytes.n_data = two_tensors().n_data;
  const std::string file = bytes.file();
  Random random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string other = file;
    for (int i = 0; i < 3; ++i)
      other[random.below(other.size())] = static_cast<char>(random.below(256));
    const ErrorCode code = code_of([&] { read(other); });
    ASSERT_TRUE(code == ErrorCode{0} || code == ErrorCode::kBadInput);
  }
}

using GgufDeathTest = testing::Test;

TEST(GgufDeathTest, AFileThatShrinksIsNamed) {
  const TempFolder folder;
  GgufBytes bytes = tensor({"t", {65536}, 0, 0}, 262144);
  const auto path = folder.write("shrinks.gguf", bytes.file());
  EXPECT_EXIT(
      {
        install_sigbus_handler();
        const GgufFile file = GgufFile::open(path);
        if (::truncate(path.c_str(), 4096) != 0) ::_exit(9);
        volatile auto last = file.tensors()[0].bytes.back();
        static_cast<void>(last);
      },
      testing::ExitedWithCode(1), "shrinks.gguf: the file shrank while it was mapped");
}

}  // namespace
}  // namespace moescope::formats
