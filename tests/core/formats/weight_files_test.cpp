#include "core/formats/weight_files.hpp"

#include <chrono>

#include "tests/core/formats/files.hpp"
#include "tests/error_of.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::string_view kIndexName = "model.safetensors.index.json";

std::string index_of(std::string_view entries) {
  return "{\"metadata\":{\"total_size\":8},\"weight_map\":{" + std::string(entries) + "}}";
}

/// Two shards: a, b in the first, c in the second.
void write_shards(const TempFolder& folder) {
  folder.write("s1.safetensors", scalars({"b", "a"}));
  folder.write("s2.safetensors", scalars({"c"}));
  folder.write(kIndexName,
               index_of(R"("a":"s1.safetensors","b":"s1.safetensors","c":"s2.safetensors")"));
}

std::string open_message(const fs::path& path) {
  return error_of([&] { WeightFiles::open(path); });
}

TEST(WeightFiles, OpensOneFileAndTheFolderAroundIt) {
  const TempFolder folder;
  const auto path = folder.write("model.safetensors", scalars({"b", "a"}));
  for (const fs::path& argument : {path, folder.path()}) {
    const WeightFiles weights = WeightFiles::open(argument);
    ASSERT_EQ(weights.tensors().size(), 2u);
    EXPECT_EQ(weights.tensors()[0].name, "a");
    ASSERT_EQ(weights.files().size(), 1u);
    EXPECT_EQ(weights.files()[0].name, "model.safetensors");
    EXPECT_EQ(weights.files()[0].identity.size, fs::file_size(path));
    EXPECT_FALSE(weights.index());
  }
}

TEST(WeightFiles, OpensShards) {
  const TempFolder folder;
  write_shards(folder);
  const WeightFiles weights = WeightFiles::open(folder.path());
  ASSERT_EQ(weights.tensors().size(), 3u);
  EXPECT_EQ(weights.find("c")->file_index, 1u);
  EXPECT_EQ(weights.files()[1].name, "s2.safetensors");
  EXPECT_EQ(std::to_integer<int>(weights.find("a")->bytes[0]), 4);
  ASSERT_TRUE(weights.index());
  EXPECT_EQ(weights.index()->name, kIndexName);
}

TEST(WeightFiles, RequireNamesFileTensorAndShapes) {
  const TempFolder folder;
  const std::string header = R"({"x":{"dtype":"U8","shape":[3,2],"data_offsets":[0,6]}})";
  const auto path = folder.write("olmoe.safetensors", safetensors(header, 6));
  const WeightFiles weights = WeightFiles::open(path);
  const auto refusal = [&](std::string_view name, const Shape& shape) {
    return error_of([&] { weights.require(name, shape); });
  };
  EXPECT_EQ(weights.require("x", Shape{3, 2}).bytes.size(), 6u);
  EXPECT_EQ(refusal("x", {2, 3}), path.string() +
                                      ": tensor 'x': expected shape [2, 3], got [3, 2]; was it "
                                      "exported transposed?");
  EXPECT_EQ(refusal("x", {3, 3}),
            path.string() + ": tensor 'x': expected shape [3, 3], got [3, 2]");
  EXPECT_EQ(refusal("x", {}), path.string() + ": tensor 'x': expected shape [], got [3, 2]");
  EXPECT_THAT(refusal("y", {1}), HasSubstr("tensor 'y': expected shape [1], got no tensor"));
}

TEST(WeightFiles, RefusesFoldersWithoutSafetensors) {
  const TempFolder folder;
  EXPECT_THAT(open_message(folder.path()), HasSubstr("got neither; is it a model folder?"));
  folder.write("pytorch_model.bin", "x");
  EXPECT_THAT(open_message(folder.path()),
              HasSubstr("expected model.safetensors, got pytorch_model"
                        ".bin; convert it: load it with transformers"));
  EXPECT_THAT(open_message(folder / "none"), HasSubstr("no such file or folder"));
  EXPECT_THAT(open_message(folder / "none.safetensors"), HasSubstr("no such file or folder"));
  EXPECT_THAT(open_message(folder / "pytorch_model.bin"), HasSubstr("expected a folder"));
}

struct BadIndex {
  std::string name;
  std::string index;
  std::string message;
};

TEST(WeightFiles, RefusesHostileIndexes) {
  const std::string single = "expected the name of a file in this folder, got ";
  const std::vector<BadIndex> cases{
      {"parent", index_of(R"("a":"../s1.safetensors")"), single + "'../s1.safetensors'"},
      {"parent itself", index_of(R"("a":"..")"), single + "'..'"},
      {"this folder", index_of(R"("a":".")"), single + "'.'"},
      {"absolute", index_of(R"("a":"/etc/passwd")"), single + "'/etc/passwd'"},
      {"nested", index_of(R"("a":"sub/s1.safetensors")"), single + "'sub/s1.safetensors'"},
      {"climbing", index_of(R"("a":"x/../../s1.safetensors")"), single},
      {"NUL", index_of(R"("a":"s1.safetensors\u0000.txt")"), single + "'s1.safetensors␀.txt'"},
      {"empty name", index_of(R"("a":"")"), single + "''"},
      {"long name", index_of("\"a\":\"" + std::string(256, 's') + "\""), single},
      {"number", index_of(R"("a":1)"), single + "another value"},
      {"tensor twice", index_of(R"("a":"s1.safetensors","a":"s2.safetensors")"), "stands twice"},
      {"empty map", index_of(""), "weight_map: it lists no tensor"},
      {"list", R"({"weight_map":[]})", "key 'weight_map': expected an object"},
      {"no map", "{}", "key 'weight_map' is missing"},
      {"no object", "[]", "expected an object"},
      {"no JSON", "weight_map", "malformed JSON"},
      {"empty", "", "malformed JSON"},
      {"missing shard", index_of(R"("a":"s9.safetensors")"), "s9.safetensors: no such file"},
      {"folder", index_of(R"("a":"sub")"), "sub: expected a file, got a folder"},
      {"absent", index_of(R"("a":"s1.safetensors","z":"s1.safetensors")"),
       "tensor 'z': expected in 's1.safetensors', but no shard holds it"},
      {"elsewhere", index_of(R"("a":"s1.safetensors","b":"s2.safetensors")"),
       "tensor 'b': expected in 's2.safetensors', got it in 's1.safetensors'"},
      {"in two shards", index_of(R"("a":"s1.safetensors","c":"copy.safetensors")"),
       "tensor 'a': stands in 'copy.safetensors' and in 's1.safetensors'"},
  };
  const TempFolder folder;
  write_shards(folder);
  folder.write("copy.safetensors", scalars({"a", "c"}));
  fs::create_directory(folder / "sub");
  for (const BadIndex& c : cases) {
    folder.write(kIndexName, c.index);
    EXPECT_THAT(open_message(folder.path()), HasSubstr(c.message)) << c.name;
  }
}

/// A snapshot as the Hugging Face cache lays it out.
class LinkTest : public testing::TestWithParam<bool> {
 protected:
  std::string open(const fs::path& folder) {
    return error_of(
        [&] { WeightFiles::open(Folder::open(folder, {.kernel_resolves = GetParam()})); });
  }
  fs::path link(const fs::path& target, std::string_view name) {
    fs::create_directories((root_ / name).parent_path());
    fs::remove(root_ / name);
    fs::create_symlink(target, root_ / name);
    return (root_ / name).parent_path();
  }
  TempFolder root_;
};

TEST_P(LinkTest, FollowsLinksIntoTheBlobsOfTheSameModel) {
  root_.write("models--o--n/blobs/abc", scalars({"a"}));
  EXPECT_EQ(open(link("../../blobs/abc", "models--o--n/snapshots/r/model.safetensors")),
            "no error");
  EXPECT_EQ(open(link("../../../blobs/abc", "models--o--n/snapshots/r/sub/model.safetensors")),
            "no error");
}

TEST_P(LinkTest, FollowsLinksWithinTheFolder) {
  root_.write("plain/weights/w.bin", scalars({"a"}));
  EXPECT_EQ(open(link("weights/w.bin", "plain/model.safetensors")), "no error");
  EXPECT_EQ(open(link(root_ / "plain/weights/w.bin", "plain/model.safetensors")), "no error");
}

TEST_P(LinkTest, RefusesLinksThatLeadOut) {
  root_.write("secret", scalars({"a"}));
  root_.write("models--o--n/blobs/abc", scalars({"a"}));
  root_.write("models--o--n/refs/main", scalars({"a"}));
  root_.write("models--o--other/blobs/abc", scalars({"a"}));
  root_.write("blobs/abc", scalars({"a"}));
  const std::string refusal = "expected a file within the folder";
  EXPECT_THAT(open(link("../secret", "plain/model.safetensors")), HasSubstr(refusal));
  EXPECT_THAT(open(link(root_ / "secret", "plain/model.safetensors")), HasSubstr(refusal));
  EXPECT_THAT(open(link("../../blobs/abc", "a/b/model.safetensors")), HasSubstr(refusal));
  const std::string snapshot = "models--o--n/snapshots/r/model.safetensors";
  EXPECT_THAT(open(link("../../refs/main", snapshot)),
              HasSubstr(refusal + " or the cache's blobs, got a link to"));
  EXPECT_THAT(open(link("../../../models--o--other/blobs/abc", snapshot)), HasSubstr(refusal));
  fs::create_symlink(root_ / "secret", root_ / "models--o--n/blobs/linked");
  EXPECT_THAT(open(link("../../blobs/linked", snapshot)), HasSubstr(refusal));
  EXPECT_THAT(open(link("../../blobs/gone", snapshot)), HasSubstr("finish the download"));
  EXPECT_THAT(open(link("model.safetensors", snapshot)), HasSubstr("too many links"));
  EXPECT_THAT(open(link("../../blobs", snapshot)), HasSubstr(refusal));
}

TEST_P(LinkTest, RefusesAnIndexThatIsALinkOut) {
  root_.write("secret.json", index_of(R"("a":"s")"));
  EXPECT_THAT(open(link("../secret.json", "plain/model.safetensors.index.json")),
              HasSubstr("expected a file within the folder"));
}

INSTANTIATE_TEST_SUITE_P(Resolve, LinkTest, testing::Values(true, false),
                         [](const auto& i) { return i.param ? "Kernel" : "Manual"; });

}  // namespace
}  // namespace moescope::formats
