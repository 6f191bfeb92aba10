#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/trace/canonical.hpp"
#include "core/trace/reader.hpp"
#include "core/trace/schema.hpp"
#include "tests/core/trace/audited_run.hpp"
#include "tests/error_of.hpp"

namespace moescope::trace {
namespace {

using testing::HasSubstr;

std::string canonical_of(const std::filesystem::path& file) {
  Database db = open_trace(file);
  std::ostringstream text;
  write_canonical(db, text);
  return text.str();
}

TEST(AuditWriter, SharedTokensStandOnceAndAreReadWithBothPrompts) {
  TempFolder folder;
  record_audit(folder / "a.db", 3);
  Database db = open_trace(folder / "a.db");
  EXPECT_EQ(db.integer("SELECT count(*) FROM token"), 3 * (4 + 2));
  EXPECT_EQ(db.integer("SELECT count(*) FROM v_sequence_token"), 3 * (4 + 4));
  EXPECT_EQ(db.integer("SELECT sum(n_token) FROM run_tokens"), 3 * (4 + 2));
  const RunRow run = find_run(db);
  const auto prompts = list_prompts(db, run.id);
  const auto first = read_tokens(db, run, prompts[0].id);
  const auto second = read_tokens(db, run, prompts[1].id);
  ASSERT_EQ(second.size(), 4u);
  EXPECT_EQ(second[1].id, first[1].id);
  EXPECT_EQ(second[1].choices, first[1].choices);
  EXPECT_EQ(prompts[1].n_prefill, 4u);
}

TEST(AuditWriter, ItemsComeBackWithTheirOutcomes) {
  TempFolder folder;
  record_audit(folder / "a.db", 4);
  Database db = open_trace(folder / "a.db");
  EXPECT_EQ(db.integer("SELECT count(*) FROM v_audit_item"), 4);
  EXPECT_EQ(db.integer("SELECT n_item FROM v_audit_denominators WHERE state = 'tied'"), 4);
  EXPECT_EQ(db.text("SELECT value FROM audit_label WHERE item = 1"), "religion");
  EXPECT_EQ(db.integer("SELECT count(*) FROM v_audit_sequence WHERE role = 'less'"), 4);
}

TEST(AuditWriter, AnInterruptedAuditGoesOnToTheSameContent) {
  TempFolder folder;
  record_audit(folder / "whole.db", 5);
  const RunInfo info = audited_run(5);
  {
    Writer writer(folder / "cut.db");
    writer.begin_run(info);
    writer.push(audited_item(3, info));
    writer.push(audited_item(1, info));
  }
  Writer writer(folder / "cut.db");
  const Resumed resumed = writer.resume_run(info, [] { return "hash"; });
  EXPECT_EQ(resumed.done, (std::set<std::uint64_t>{2, 3, 6, 7}));
  for (const std::uint64_t i : {0, 2, 4}) writer.push(audited_item(i, info));
  writer.finish("hash");
  EXPECT_EQ(first_difference(canonical_of(folder / "cut.db"), canonical_of(folder / "whole.db")),
            "");
}

TEST(AuditWriter, RefusesWhatDoesNotBelongTogether) {
  TempFolder folder;
  const RunInfo info = audited_run(2);
  const auto failure_of = [&](const std::function<void(Parcel&)>& change) {
    Writer writer(folder / "a.db");
    writer.begin_run(info);
    Parcel parcel = audited_item(0, info);
    return error_of([&] {
      change(parcel);
      writer.push(std::move(parcel));
      writer.push(audited_item(1, info));
      writer.finish("hash");
    });
  };
  EXPECT_THAT(failure_of([](Parcel& p) { p.item->suite = 1; }), HasSubstr("one of 1 suites"));
  EXPECT_THAT(failure_of([](Parcel& p) { p.item->sequences[0].prompt = 9; }),
              HasSubstr("prompt 9 is not among its own"));
  EXPECT_THAT(failure_of([](Parcel& p) { p.traces[1].n_shared = 5; }),
              HasSubstr("5 shared tokens of 4"));
}

TEST(AuditWriter, AFileOfVersionOneIsReadAsItIsAndMigratedForWriting) {
  TempFolder folder;
  const auto fixture =
      std::filesystem::path(MOESCOPE_SOURCE_DIR) / "tests/core/trace/fixtures/v1.db";
  std::filesystem::copy_file(fixture, folder / "old.db");
  const std::string before = canonical_of(folder / "old.db");
  {
    Database db = open_trace(folder / "old.db");
    EXPECT_FALSE(has_audit_tables(db));
    const RunRow run = find_run(db);
    EXPECT_FALSE(read_tokens(db, run, list_prompts(db, run.id)[0].id).empty());
  }
  record_audit(folder / "old.db", 2);
  Database db = open_trace(folder / "old.db");
  EXPECT_TRUE(has_audit_tables(db));
  EXPECT_EQ(db.integer("SELECT count(*) FROM audit_item"), 2);
  const std::string after = canonical_of(folder / "old.db");
  EXPECT_EQ(after.compare(0, before.size(), before), 0);
}

}  // namespace
}  // namespace moescope::trace
