#include "core/formats/safetensors.hpp"

#include <cstring>
#include <ctime>

#include "core/base/random.hpp"
#include "tests/core/formats/files.hpp"
#include "tests/error_of.hpp"

namespace moescope::formats {
namespace {

using testing::HasSubstr;

SafetensorsHeader read(const std::string& file) {
  return read_safetensors_header(as_bytes(file), "m.safetensors");
}

std::string one(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return "{\"t\":{\"dtype\":\"" + std::string(dtype) + "\",\"shape\":" + std::string(shape) +
         ",\"data_offsets\":" + std::string(offsets) + "}}";
}

TEST(Safetensors, ReadsNamesShapesTypesAndBytes) {
  const std::string file = safetensors(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]},)"
      R"("a":{"dtype":"I64","shape":[],"data_offsets":[12,20]}}   )",
      20);
  const SafetensorsHeader header = read(file);
  EXPECT_EQ(header.metadata, (Metadata{{"format", "pt"}}));
  ASSERT_EQ(header.tensors.size(), 2u);
  EXPECT_EQ(header.tensors[0].name, "a");
  EXPECT_EQ(header.tensors[0].shape, Shape{});
  EXPECT_EQ(header.tensors[0].n_element(), 1u);
  EXPECT_EQ(header.tensors[0].type, ElementType::kI64);
  EXPECT_EQ(header.tensors[1].shape, (Shape{2, 3}));
  EXPECT_EQ(header.tensors[1].bytes.size(), 12u);
  EXPECT_EQ(std::to_integer<int>(header.tensors[0].bytes[0]), 12);
  EXPECT_EQ(header.tensors[1].bytes.data(), as_bytes(file).data() + file.size() - 20);
}

TEST(Safetensors, AcceptsWhatTheFormatAllows) {
  EXPECT_TRUE(read(safetensors("{}", 0)).tensors.empty());
  EXPECT_EQ(read(safetensors(one("F32", "[0,7]", "[0,0]"), 0)).tensors[0].n_element(), 0u);
  const SafetensorsHeader with_empty =
      read(safetensors(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                       R"("e":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},)"
                       R"("f":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},)"
                       R"("b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}})",
                       7));
  EXPECT_EQ(with_empty.tensors.size(), 4u);
  EXPECT_EQ(read(safetensors(one("F32", "[1,1,1,1,1,1,1,1]", "[0,4]"), 4)).tensors[0].shape.size(),
            8u);
}

TEST(Safetensors, ReadsTensorsThatAreNotAligned) {
  const float value = 1.5f;
  std::string file = safetensors(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                 R"("b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
                                 5);
  std::memcpy(file.data() + file.size() - 4, &value, 4);
  for (int shift = 0; shift < 4; ++shift) {  // the header's length moves the data as well
    const std::string shifted = std::string(static_cast<std::size_t>(shift), '_') + file;
    const auto bytes = as_bytes(shifted).subspan(static_cast<std::size_t>(shift));
    EXPECT_EQ(to_f32(read_safetensors_header(bytes, "m").tensors[1]), std::vector<float>{1.5f});
  }
}

struct Hostile {
  std::string name;
  std::string file;
  std::string message;
};

const std::string kTwo =
    R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],)";

std::vector<Hostile> hostile_files() {
  const std::string good = safetensors(one("F32", "[2]", "[0,8]"), 8);
  const std::string long_name(4097, 'n');
  return {
      {"no bytes", "", "header: expected 8 bytes of length, got 0"},
      {"length cut", good.substr(0, 7), "header: expected 8 bytes of length, got 7"},
      {"header cut", good.substr(0, 30), "cut short"},
      {"length only", le64(2), "header: expected 2 bytes, got 0: cut short"},
      {"header over 100 MB", le64(100'000'001) + "{}", "expected at most 100000000 bytes"},
      {"length 2^64-1", le64(UINT64_MAX) + "{}", "got 18446744073709551615"},
      {"header empty", le64(0), "expected '{' at its first byte"},
      {"header a list", safetensors("[]", 0), "expected '{' at its first byte"},
      {"header after a blank", safetensors(" {}", 0), "expected '{' at its first byte"},
      {"header no JSON", safetensors("{nonsense}", 0), "header: line 1, column"},
      {"two documents", safetensors("{}{}", 0), "malformed JSON"},
      {"NUL padding", safetensors(std::string("{}\0\0", 4), 0), "malformed JSON"},
      {"invalid UTF-8", safetensors("{\"\xff\":1}", 0), "expected UTF-8, got byte 0xff"},
      {"nested deeply", safetensors("{\"a\":" + std::string(9999, '['), 0), "nested deeper than 4"},
      {"data cut", good.substr(0, good.size() - 1), "but the file holds 7; download it again"},
      {"data too long", good + "x", "1 bytes behind the last tensor belong to none"},
      {"no tensor, data", safetensors("{}", 5), "5 bytes behind the last tensor"},
      {"overlap", safetensors(kTwo + R"("data_offsets":[4,8]}})", 8),
       "tensor 'b': overlaps tensor 'a' at byte 4"},
      {"same range twice", safetensors(kTwo + R"("data_offsets":[0,4]}})", 8), "overlaps tensor"},
      {"empty inside another",
       safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                   R"("b":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}})",
                   8),
       "tensor 'b': overlaps tensor 'a' at byte 4"},
      {"hole", safetensors(kTwo + R"("data_offsets":[12,16]}})", 16),
       "tensor 'b': a hole of 4 bytes lies before it"},
      {"hole at the start", safetensors(one("F32", "[1]", "[4,8]"), 8), "a hole of 4 bytes"},
      {"outside", safetensors(one("F32", "[2]", "[0,8]"), 4), "ends at byte 8 of data"},
      {"far outside",
       safetensors(one("F32", "[1]", "[18446744073709551612,18446744073709551615]"), 4),
       "ends at byte 18446744073709551615"},
      {"backwards", safetensors(one("F32", "[1]", "[8,4]"), 8), "begin 8 lies behind end 4"},
      {"negative offset", safetensors(one("F32", "[1]", "[-4,0]"), 4), "expected whole numbers"},
      {"offset with a fraction", safetensors(one("F32", "[1]", "[0,4.0]"), 4), "whole numbers"},
      {"offset as text", safetensors(one("F32", "[1]", "[0,\"4\"]"), 4), "whole numbers"},
      {"offset over 2^64", safetensors(one("F32", "[1]", "[0,18446744073709551620]"), 4),
       "whole numbers"},
      {"one offset", safetensors(one("F32", "[1]", "[0]"), 4), "expected [begin, end]"},
      {"three offsets", safetensors(one("F32", "[1]", "[0,4,8]"), 4), "expected [begin, end]"},
      {"offsets no list", safetensors(one("F32", "[1]", "4"), 4), "expected [begin, end]"},
      {"too few bytes", safetensors(one("F32", "[3]", "[0,8]"), 8),
       "expected 12 bytes for shape [3] of f32, got 8"},
      {"too many bytes", safetensors(one("BF16", "[3]", "[0,8]"), 8), "expected 6 bytes"},
      {"scalar of two", safetensors(one("F32", "[]", "[0,8]"), 8), "expected 4 bytes for shape []"},
      {"product wraps to 0", safetensors(one("F32", "[4294967296,4294967296]", "[0,0]"), 0),
       "shape [4294967296, 4294967296]: its size does not fit 64 bits"},
      {"product wraps to 4",  // (2^62 + 1) * 4 bytes
       safetensors(one("F32", "[4611686018427387905]", "[0,4]"), 4), "does not fit 64 bits"},
      {"empty and overflowing", safetensors(one("F32", "[0,4294967296,4294967296]", "[0,0]"), 0),
       "does not fit 64 bits"},
      {"negative dimension", safetensors(one("F32", "[-1]", "[0,4]"), 4), "shape: expected whole"},
      {"dimension with a fraction", safetensors(one("F32", "[1.5]", "[0,4]"), 4), "whole numbers"},
      {"huge dimension", safetensors(one("F32", "[1e30]", "[0,4]"), 4), "whole numbers"},
      {"shape no list", safetensors(one("F32", "{}", "[0,4]"), 4), "shape: expected an array"},
      {"nine dimensions", safetensors(one("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4),
       "expected at most 8 dimensions, got 9"},
      {"unknown type", safetensors(one("Q4_K", "[1]", "[0,4]"), 4),
       "dtype 'Q4_K' is not supported"},
      {"type in lower case", safetensors(one("f32", "[1]", "[0,4]"), 4), "'f32' is not supported"},
      {"type empty", safetensors(one("", "[1]", "[0,4]"), 4), "dtype '' is not supported"},
      {"type a number", safetensors(R"({"t":{"dtype":1,"shape":[],"data_offsets":[0,4]}})", 4),
       "dtype: expected a string"},
      {"no type", safetensors(R"({"t":{"shape":[],"data_offsets":[0,4]}})", 4),
       "tensor 't': key 'dtype' is missing"},
      {"no shape", safetensors(R"({"t":{"dtype":"F32","data_offsets":[0,4]}})", 4),
       "key 'shape' is missing"},
      {"no offsets", safetensors(R"({"t":{"dtype":"F32","shape":[]}})", 4),
       "key 'data_offsets' is missing"},
      {"entry no object", safetensors(R"({"t":[1]})", 0), "expected an object of dtype"},
      {"name twice",
       safetensors(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                   R"("t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                   8),
       "key \"t\" stands twice"},
      {"name twice, once escaped",
       safetensors(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                   R"("\u0074":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                   8),
       "key \"t\" stands twice"},
      {"member twice",
       safetensors(R"({"t":{"dtype":"F32","dtype":"F16","shape":[],"data_offsets":[0,4]}})", 4),
       "key \"dtype\" stands twice"},
      {"name too long",
       safetensors("{\"" + long_name + R"(":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", 4),
       "expected a name of at most 4096 bytes"},
      {"metadata a list", safetensors(R"({"__metadata__":[]})", 0),
       "expected an object of strings"},
      {"metadata null", safetensors(R"({"__metadata__":null})", 0),
       "expected an object of strings"},
      {"metadata of numbers", safetensors(R"({"__metadata__":{"k":1}})", 0),
       "__metadata__: key 'k': expected a string"},
      {"metadata twice", safetensors(R"({"__metadata__":{},"__metadata__":{}})", 0),
       "stands twice"},
      {"terminal codes in a name",
       safetensors("{\"\\u001b[2J\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,3]}}", 3),
       "tensor '␛[2J': expected 4 bytes"},
      {"LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
       "git lfs pull"},
      {"GGUF", "GGUF\x03\0\0\0\0\0\0\0", "got a GGUF file"},
      {"PyTorch", "PK\x03\x04......", "got a PyTorch file"},
  };
}

TEST(Safetensors, RefusesHostileFilesByMessage) {
  const auto cases = hostile_files();
  ASSERT_GE(cases.size(), 35u);
  for (const Hostile& c : cases) {
    const std::string message = error_of([&] { read(c.file); });
    EXPECT_THAT(message, HasSubstr(c.message)) << c.name;
    EXPECT_THAT(message, testing::StartsWith("m.safetensors: ")) << c.name;
    EXPECT_EQ(code_of([&] { read(c.file); }), ErrorCode::kBadInput) << c.name;
  }
}

std::string valid_file() {
  return safetensors(
      R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
      R"("e":{"dtype":"BF16","shape":[0,3],"data_offsets":[24,24]},)"
      R"("u":{"dtype":"U8","shape":[5],"data_offsets":[24,29]}})",
      29);
}

void mutate(std::string& file, Random& random) {
  static constexpr std::string_view kAlphabet = "0123456789{}[],:\"\\-.eEF\x00\x7f\xff ";
  const std::size_t at = random.below(file.size());
  switch (random.below(5)) {
    case 0:
      file[at] = static_cast<char>(random.below(256));
      break;
    case 1:
      file[at] = kAlphabet[random.below(kAlphabet.size())];
      break;
    case 2:
      file.erase(at, 1 + random.below(4));
      break;
    case 3:
      file.insert(at, 1, kAlphabet[random.below(kAlphabet.size())]);
      break;
    default:
      file.insert(at, file.substr(random.below(file.size()), random.below(40)));
  }
}

TEST(Safetensors, MutationsGiveATensorListOrAnError) {
  Random random(20240607);
  const std::string good = valid_file();
  std::size_t n_read = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string file = good;
    for (std::uint64_t n = 1 + random.below(3); n > 0 && !file.empty(); --n) mutate(file, random);
    if (random.below(2) == 0 && file.size() > 8)  // let the length fit again, so that JSON is met
      file.replace(0, 8, le64(std::min<std::uint64_t>(file.size() - 8, good.size() - 8 - 29)));
    try {
      const SafetensorsHeader header = read(file);
      for (const TensorView& tensor : header.tensors)
        ASSERT_EQ(checked_n_byte(tensor.type, tensor.shape), tensor.bytes.size());
      ++n_read;
    } catch (const Error& e) {
      ASSERT_EQ(e.code(), ErrorCode::kBadInput) << e.message();
    }
  }
  EXPECT_GT(n_read, 0u);
  EXPECT_LT(n_read, 50'000u);
}

TEST(Safetensors, OpensAHundredThousandNamesInTime) {
  std::string header = "{";
  for (std::size_t i = 0; i < 100'000; ++i)
    header += (i == 0 ? "" : ",") + ("\"model.layers.61.mlp.experts." + std::to_string(i)) +
              ".down_proj.weight\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":[" +
              std::to_string(4 * i) + "," + std::to_string(4 * i + 4) + "]}";
  const std::string file = safetensors(header + "}", 400'000);
  const std::clock_t start = std::clock();
  EXPECT_EQ(read(file).tensors.size(), 100'000u);
  const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  EXPECT_LT(took, 30.0);  // processor time; a bound against quadratic work, not a benchmark
}

TEST(Safetensors, FileFindsByName) {
  const TempFolder folder;
  const SafetensorsFile file =
      SafetensorsFile::open(folder.write("a.safetensors", scalars({"x", "a", "m"})));
  ASSERT_NE(file.find("m"), nullptr);
  EXPECT_EQ(std::to_integer<int>(file.find("m")->bytes[0]), 8);
  EXPECT_EQ(file.find("n"), nullptr);
  EXPECT_EQ(file.find("zz"), nullptr);
}

TEST(Tensor, CountsWithoutWrapping) {
  EXPECT_EQ(checked_n_element(Shape{}), 1u);
  EXPECT_EQ(checked_n_element(Shape{3, 0, 5}), 0u);
  EXPECT_EQ(checked_n_element(Shape{1u << 31, 1u << 31}), std::size_t{1} << 62);
  EXPECT_FALSE(checked_n_element(Shape{std::size_t{1} << 32, std::size_t{1} << 32}));
  EXPECT_FALSE(checked_n_byte(ElementType::kF64, Shape{std::size_t{1} << 61}));
  EXPECT_EQ(shape_text(Shape{64, 2048}), "[64, 2048]");
  EXPECT_EQ(shape_text(Shape{}), "[]");
}

}  // namespace
}  // namespace moescope::formats
