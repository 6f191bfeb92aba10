#include "cli/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>

namespace moescope::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Doctor, ReadsVersions) {
  EXPECT_EQ(parse_version("3.40.1"), version_number(3, 40, 1));
  for (const char* bad : {"", "3", "3.40", "3.40.", "3.40.1a", "3.40.1.2", "3.1000.1", "-3.1.1"})
    EXPECT_EQ(parse_version(bad), std::nullopt) << bad;
}

TEST(Doctor, KnowsTheDefectsOfSqliteByVersion) {
  for (const char* affected : {"3.7.0", "3.40.1", "3.44.5", "3.45.1", "3.50.6", "3.51.2"}) {
    const Finding finding = library_finding("sqlite", affected);
    EXPECT_EQ(finding.health, Health::kNote) << affected;
    EXPECT_THAT(finding.advice, HasSubstr("checkpoint")) << affected;
  }
  for (const char* sound : {"3.6.23", "3.44.6", "3.50.7", "3.51.3", "3.52.0", "4.0.0"}) {
    const Finding finding = library_finding("sqlite", sound);
    EXPECT_EQ(finding.health, Health::kGood) << sound;
    EXPECT_THAT(finding.advice, IsEmpty()) << sound;
  }
}

TEST(Doctor, ExaminesEveryTopicOnce) {
  std::set<std::string> topics;
  for (const Finding& finding : examine()) {
    EXPECT_TRUE(topics.insert(finding.topic).second) << finding.topic;
    EXPECT_FALSE(finding.value.empty()) << finding.topic;
    EXPECT_EQ(finding.health == Health::kGood, finding.advice.empty()) << finding.topic;
  }
  for (const char* topic : {"terminal", "locale", "memory", "instruction set", "demo model"})
    EXPECT_TRUE(topics.contains(topic)) << topic;
}

class CacheFolder : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"HOME", "XDG_CACHE_HOME"})
      if (const char* value = std::getenv(name)) before_[name] = value;
  }
  void TearDown() override {
    for (const char* name : {"HOME", "XDG_CACHE_HOME"}) {
      if (before_.contains(name))
        ::setenv(name, before_[name].c_str(), 1);
      else
        ::unsetenv(name);
    }
  }
  static Finding cache(const char* home, const char* cache_home) {
    ::setenv("HOME", home, 1);
    ::setenv("XDG_CACHE_HOME", cache_home, 1);
    for (Finding& finding : examine())
      if (finding.topic == "cache") return std::move(finding);
    return {};
  }
  std::map<std::string, std::string> before_;
};

TEST_F(CacheFolder, IsSaidToBeUnknownWhereNobodyNamesOne) {
  const Finding none = cache("", "");
  EXPECT_EQ(none.health, Health::kNote);
  EXPECT_EQ(none.value, "no folder is known: neither XDG_CACHE_HOME nor HOME is set");
  EXPECT_THAT(none.advice, HasSubstr("computed anew each time"));
  EXPECT_THAT(cache("relative", "also").value, HasSubstr("is an absolute path"));
}

TEST_F(CacheFolder, IsTheOneThatHashesAreKeptIn) {
  EXPECT_THAT(cache("/no/such/home", "").value, StartsWith("/no/such/home/.cache/moescope ("));
  EXPECT_THAT(cache("/no/such/home", "/no/such/cache").value,
              StartsWith("/no/such/cache/moescope ("));
  EXPECT_THAT(cache("/no/such/home", "relative").value, StartsWith("/no/such/home/.cache"));
}

}  // namespace
}  // namespace moescope::cli
