#include "core/base/json_place.hpp"

#include <gtest/gtest.h>

#include "core/base/json.hpp"
#include "tests/error_of.hpp"

namespace moescope {
namespace {

constexpr std::string_view kText = "{\n  \"a\": [1, {\"b\\u0062\": \"x\\\"]\"}],\n\t\"c\": {}\n}";

TEST(JsonPlace, FindsValuesAndKeys) {
  EXPECT_EQ(json_place(kText, "", false), (TextPlace{1, 1}));
  EXPECT_EQ(json_place(kText, "a", false), (TextPlace{2, 8}));
  EXPECT_EQ(json_place(kText, "a", true), (TextPlace{2, 3}));
  EXPECT_EQ(json_place(kText, "a[0]", false), (TextPlace{2, 9}));
  EXPECT_EQ(json_place(kText, "a[1].bb", false), (TextPlace{2, 24}));
  EXPECT_EQ(json_place(kText, "c", false), (TextPlace{3, 7}));
  EXPECT_EQ(json_place(kText, "a[2]", false), std::nullopt);
  EXPECT_EQ(json_place(kText, "d", true), std::nullopt);
}

TEST(JsonPlace, NodesWithTheirTextNameLineAndColumn) {
  const nlohmann::json document = parse_json(kText, "f");
  const JsonNode root(document, "f", "", kText);
  EXPECT_EQ(error_of([&] { root.at("a").items()[0].string(); }),
            "f: line 2, column 9: key 'a[0]': expected a string, got 1");
  EXPECT_EQ(error_of([&] { root.at("c").at("d"); }),
            "f: line 3, column 7: key 'c': key 'd' is missing");
  static constexpr std::string_view kKnown[] = {"a", "b"};
  EXPECT_EQ(error_of([&] { root.allow_only(kKnown); }),
            "f: line 3, column 2: key 'c': unknown key; known here: a, b");
}

}  // namespace
}  // namespace moescope
