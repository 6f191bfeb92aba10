#include "cli/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace moescope::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

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

}  // namespace
}  // namespace moescope::cli
