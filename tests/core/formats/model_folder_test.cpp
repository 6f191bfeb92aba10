#include "core/formats/model_folder.hpp"

#include "core/base/sha256.hpp"
#include "core/formats/file_hash.hpp"
#include "tests/core/formats/files.hpp"
#include "tests/error_of.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::string open_message(const fs::path& path) {
  return error_of([&] { ModelFolder::open(path); });
}

TEST(ModelFolder, FindsThePieces) {
  const TempFolder folder;
  folder.write("config.json", "{\"a\":1}");
  folder.write("generation_config.json", "{}");
  folder.write("tokenizer.json", "{}");
  folder.write("tokenizer_config.json", "{}");
  folder.write("model.safetensors", scalars({"x"}));
  const ModelFolder model = ModelFolder::open(folder.path());
  EXPECT_EQ(model.config().text, "{\"a\":1}");
  EXPECT_EQ(model.config().where(), (folder / "config.json").string());
  ASSERT_TRUE(model.generation_config());
  EXPECT_EQ(model.generation_config()->text, "{}");
  EXPECT_THAT(model.tokenizer_files(), ElementsAre("tokenizer.json", "tokenizer_config.json"));
  EXPECT_TRUE(model.has_tokenizer_file("tokenizer.json"));
  EXPECT_FALSE(model.has_tokenizer_file("tokenizer.model"));
  EXPECT_EQ(model.open_weights().tensors().size(), 1u);
}

TEST(ModelFolder, NeedsNeitherTokenizerNorGenerationConfig) {
  const TempFolder folder;
  folder.write("config.json", "{}");
  const ModelFolder model = ModelFolder::open(folder.path());
  EXPECT_FALSE(model.generation_config());
  EXPECT_THAT(model.tokenizer_files(), ElementsAre());
  EXPECT_THAT(error_of([&] { model.open_weights(); }), HasSubstr("expected model.safetensors"));
}

TEST(ModelFolder, TakesTheWeightFileThatIsNamed) {
  const TempFolder folder;
  folder.write("config.json", "{}");
  folder.write("model.safetensors", scalars({"x"}));
  const auto other = folder.write("tuned.safetensors", scalars({"y", "z"}));
  const ModelFolder model = ModelFolder::open(other);
  EXPECT_EQ(model.open_weights().files()[0].name, "tuned.safetensors");
  EXPECT_EQ(model.open_weights().tensors().size(), 2u);
}

TEST(ModelFolder, SaysWhatIsMissing) {
  const TempFolder folder;
  const std::string where = folder.path().string();
  EXPECT_EQ(open_message(folder.path()),
            where + ": expected a model folder, but config.json is missing");
  EXPECT_THAT(open_message(folder / "no"), HasSubstr("no such file or folder"));
  EXPECT_THAT(open_message(folder / "no.safetensors"), HasSubstr("no such file or folder"));
  EXPECT_THAT(open_message(folder.write("a.txt", "x")), HasSubstr("a.txt: expected a folder"));
  folder.write("params.json", "{}");
  EXPECT_THAT(open_message(folder.path()), HasSubstr("use the Hugging Face layout"));
  fs::create_directories(folder / "models--o--n/snapshots");
  fs::create_directories(folder / "models--o--n/blobs");
  EXPECT_THAT(open_message(folder / "models--o--n"), HasSubstr("name one of its snapshots"));
}

TEST(ModelFolder, RefusesAConfigThatIsTooLargeAFolderOrALinkOut) {
  const TempFolder folder;
  folder.write("m/config.json", std::string((16 << 20) + 1, ' '));
  EXPECT_THAT(open_message(folder / "m"),
              HasSubstr("config.json: expected at most 16777216 bytes"));
  fs::remove(folder / "m/config.json");
  fs::create_directory(folder / "m/config.json");
  EXPECT_THAT(open_message(folder / "m"), HasSubstr("expected a file, got a folder"));
  fs::remove(folder / "m/config.json");
  folder.write("secret", "{}");
  fs::create_symlink("../secret", folder / "m/config.json");
  EXPECT_THAT(open_message(folder / "m"), HasSubstr("expected a file within the folder"));
  fs::remove(folder / "m/config.json");
  folder.write("m/config.json", "{}");
  fs::create_symlink("/dev/zero", folder / "m/generation_config.json");
  EXPECT_THAT(open_message(folder / "m"), HasSubstr("expected a file within the folder"));
}

TEST(ModelFolder, IdentityIsConfigIndexAndShards) {
  const TempFolder folder;
  folder.write("config.json", "{}");
  folder.write("tokenizer.json", "{}");
  folder.write("generation_config.json", "{}");
  folder.write("s1.safetensors", scalars({"a"}));
  folder.write("s2.safetensors", scalars({"b"}));
  folder.write("model.safetensors.index.json",
               R"({"weight_map":{"a":"s1.safetensors","b":"s2.safetensors"}})");
  const ModelFolder model = ModelFolder::open(folder.path());
  const WeightFiles weights = model.open_weights();
  HashOptions options;
  options.cache = HashCache("");
  const auto hashes = hash_files(model.identity_files(weights), options);
  std::vector<std::string> names;
  for (const FileHash& hash : hashes) {
    names.push_back(hash.name);
    EXPECT_EQ(hash.sha256, sha256_hex(read_file(folder / hash.name)));
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("config.json", "model.safetensors.index.json",
                                                   "s1.safetensors", "s2.safetensors"));
}

TEST(Folder, TakesOnlyPlainNames) {
  const TempFolder root;
  root.write("f/a", "x");
  root.write("b", "y");
  const Folder folder = Folder::open(root / "f");
  EXPECT_EQ(folder.read("a", 9), "x");
  EXPECT_EQ(folder.read_optional("z", 9), std::nullopt);
  EXPECT_TRUE(folder.has("a"));
  EXPECT_FALSE(folder.has("../b"));
  for (const std::string_view name : {"../b", "..", ".", "", "/etc/passwd", "./a"})
    EXPECT_THAT(error_of([&] { folder.open_file(name); }),
                HasSubstr("expected the name of a file in this folder"))
        << name;
  EXPECT_THAT(error_of([&] { folder.read("a", 0); }), HasSubstr("expected at most 0 bytes"));
}

}  // namespace
}  // namespace moescope::formats
