#include "core/formats/gguf_model.hpp"

#include "tests/core/formats/files.hpp"
#include "tests/core/formats/gguf_bytes.hpp"

namespace moescope::formats {
namespace {

using testing::HasSubstr;

std::string u16(std::uint16_t value) {
  return gguf_scalar(GgufType::kUint16, value);
}

/// Part `no` (from 0) of a model of one tensor a part.
GgufBytes part(std::uint16_t no, std::uint16_t count, const std::string& tensor) {
  GgufBytes out;
  out.keys = {{"split.no", u16(no)}, {"split.count", u16(count)}};
  out.keys.push_back({"split.tensors.count", gguf_scalar<std::int32_t>(GgufType::kInt32, count)});
  if (no == 0) out.keys.push_back({"general.name", gguf_text("whole")});
  out.tensors = {{tensor, {8}, 0, 0}};
  out.n_data = 32;
  return out;
}

class GgufParts : public testing::Test {
 protected:
  void write_all() {
    folder_.write("m-00001-of-00003.gguf", part(0, 3, "c").file());
    folder_.write("m-00002-of-00003.gguf", part(1, 3, "a").file());
    folder_.write("m-00003-of-00003.gguf", part(2, 3, "b").file());
  }
  std::string refusal(std::string_view name) {
    return error_of([&] { GgufModel::open(folder_ / name); });
  }
  TempFolder folder_;
};

TEST(GgufPartName, IsReadAndWritten) {
  const auto name = parse_gguf_part_name("Grok-100B-Q4_0-00003-of-00009.gguf");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->prefix, "Grok-100B-Q4_0");
  EXPECT_EQ(name->number, 3u);
  EXPECT_EQ(name->count, 9u);
  EXPECT_EQ(name->sibling(4), "Grok-100B-Q4_0-00004-of-00009.gguf");
  for (const char* other : {"m.gguf", "-00001-of-00002.gguf", "m-00001-of-0002.gguf",
                            "m-0000x-of-00002.gguf", "m_00001-of-00002.gguf", "m-00001-of-00002"})
    EXPECT_FALSE(parse_gguf_part_name(other)) << other;
}

TEST_F(GgufParts, AreOpenedTogetherFromAnyOfThem) {
  write_all();
  for (const char* name : {"m-00001-of-00003.gguf", "m-00003-of-00003.gguf"}) {
    const GgufModel model = GgufModel::open(folder_ / name);
    ASSERT_EQ(model.weights.tensors().size(), 3u);
    ASSERT_EQ(model.weights.files().size(), 3u);
    EXPECT_EQ(model.weights.find("a")->file_index, 1u);
    EXPECT_EQ(model.weights.files()[0].name, "m-00001-of-00003.gguf");
    EXPECT_EQ(model.metadata.string("general.name"), "whole");
    EXPECT_EQ(std::to_integer<int>(model.weights.require("b", Shape{8}).bytes[31]), 31);
  }
}

TEST_F(GgufParts, OneFileIsAModelOfItsOwn) {
  GgufBytes bytes = part(0, 1, "t");
  folder_.write("any.gguf", bytes.file());
  const GgufModel model = GgufModel::open(folder_ / "any.gguf");
  EXPECT_EQ(model.weights.files().size(), 1u);
  EXPECT_THAT(error_of([&] { model.weights.require("t", Shape{9}); }),
              HasSubstr("any.gguf: tensor 't': expected shape [9], got [8]"));
}

TEST_F(GgufParts, AreRefusedWhenTheyDoNotFit) {
  write_all();
  const char* first = "m-00001-of-00003.gguf";
  const char* second = "m-00002-of-00003.gguf";
  folder_.write("renamed.gguf", part(1, 3, "a").file());
  EXPECT_THAT(refusal("renamed.gguf"),
              HasSubstr("part 2 of 3: expected a name that ends in '-00002-of-00003.gguf'"));
  folder_.write(second, part(2, 3, "a").file());
  EXPECT_THAT(refusal(first), HasSubstr("m-00002-of-00003.gguf: expected part 2 of 3, got a file "
                                        "that is part 3 of 3"));
  folder_.write(second, part(1, 4, "a").file());
  EXPECT_THAT(refusal(first), HasSubstr("got a file that is part 2 of 4"));
  folder_.write(second, part(1, 3, "b").file());
  EXPECT_THAT(refusal(first), HasSubstr("tensor 'b': stands in 'm-00002-of-00003.gguf' and in"));
  folder_.write(second, GgufBytes{}.file());
  EXPECT_THAT(refusal(first), HasSubstr("got a file that is part 1 of 1"));
  std::filesystem::remove(folder_ / second);
  EXPECT_THAT(refusal(first),
              HasSubstr("part 2 of 3 is missing: expected 'm-00002-of-00003.gguf'"));
  GgufBytes promises = part(0, 3, "c");
  promises.keys[2].second = gguf_scalar<std::int32_t>(GgufType::kInt32, 7);
  folder_.write(second, part(1, 3, "a").file());
  folder_.write(first, promises.file());
  EXPECT_THAT(refusal(first), HasSubstr("expected 7 tensors in 3 parts, got 3"));
  GgufBytes many = part(0, 3, "c");
  many.keys[1].second = u16(60000);
  folder_.write(first, many.file());
  EXPECT_THAT(refusal(first), HasSubstr("expected a whole number from 0 to 1024, got 60000"));
  std::filesystem::create_symlink("/etc/passwd", folder_ / "x-00002-of-00002.gguf");
  folder_.write("x-00001-of-00002.gguf", part(0, 2, "c").file());
  EXPECT_THAT(refusal("x-00001-of-00002.gguf"), HasSubstr("expected a file within the folder"));
}

}  // namespace
}  // namespace moescope::formats
