#include "core/trace/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/trace/canonical.hpp"
#include "core/trace/reader.hpp"
#include "core/trace/writer.hpp"
#include "tests/core/trace/random_trace.hpp"
#include "tests/error_of.hpp"

namespace moescope::trace {
namespace {

using testing::HasSubstr;

std::filesystem::path recorded(const TempFolder& folder) {
  const RunInfo info = small_run(12);
  Writer writer(folder / "run.db");
  writer.begin_run(info);
  for (std::uint64_t i = 0; i < info.n_prompt; ++i) writer.push(random_trace(i, info));
  writer.finish("hash");
  return folder / "run.db";
}

std::string file_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Schema, AnEmptyFileCountsAsAbsent) {
  TempFolder folder;
  std::ofstream(folder / "run.db").close();
  Database db = open_trace_for_writing(folder / "run.db");
  EXPECT_EQ(db.integer("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(db.integer("PRAGMA user_version"), kSchemaVersion);
}

TEST(Schema, RefusesAForeignDatabaseByNameAndLeavesItAlone) {
  TempFolder folder;
  {
    Database db(folder / "other.db", OpenMode::kCreate);
    db.execute("PRAGMA application_id = 77; CREATE TABLE songs (x); CREATE TABLE artists (y)");
  }
  const std::string before = file_text(folder / "other.db");
  const auto want = HasSubstr("application id 77 and the tables 'artists', 'songs'");
  ErrorCode code{};
  EXPECT_THAT(error_of([&] { open_trace_for_writing(folder / "other.db"); }, &code), want);
  EXPECT_EQ(code, ErrorCode::kBadInput);
  EXPECT_THAT(error_of([&] { open_trace(folder / "other.db"); }), want);
  EXPECT_EQ(file_text(folder / "other.db"), before);
}

TEST(Schema, RefusesForeignTablesInATrace) {
  TempFolder folder;
  const auto file = recorded(folder);
  Database(file, OpenMode::kReadWrite).execute("CREATE TABLE mine (x)");
  EXPECT_THAT(error_of([&] { open_trace_for_writing(file); }), HasSubstr("also found 'mine'"));
  EXPECT_NO_THROW(open_trace(file));
}

TEST(Schema, RefusesANewerSchema) {
  TempFolder folder;
  const auto file = recorded(folder);
  Database(file, OpenMode::kReadWrite).execute("PRAGMA user_version = 9");
  const auto want =
      HasSubstr("schema version 9: this moescope knows versions up to 2; upgrade moescope");
  EXPECT_THAT(error_of([&] { open_trace(file); }), want);
  EXPECT_THAT(error_of([&] { open_trace_for_writing(file); }), want);
}

TEST(Schema, RefusesATamperedDeclaration) {
  TempFolder folder;
  const auto file = recorded(folder);
  Database(file, OpenMode::kReadWrite).execute("DROP VIEW v_run; CREATE VIEW v_run AS SELECT 1");
  EXPECT_THAT(error_of([&] { open_trace(file); }), HasSubstr("view 'v_run': expected the decl"));
  Database(file, OpenMode::kReadWrite).execute("DROP VIEW v_run");
  EXPECT_THAT(error_of([&] { open_trace(file); }), HasSubstr("view 'v_run' is missing"));
}

TEST(Schema, RefusesWhatIsNoDatabase) {
  TempFolder folder;
  std::ofstream(folder / "text.db") << std::string(5000, 'x');
  ErrorCode code{};
  EXPECT_THAT(error_of([&] { open_trace(folder / "text.db"); }, &code),
              HasSubstr("expected an SQLite database"));
  EXPECT_EQ(code, ErrorCode::kBadInput);
  EXPECT_THAT(error_of([&] { open_trace(folder / "none.db"); }), HasSubstr("no such file"));
  EXPECT_THAT(error_of([&] { open_trace(folder / ""); }), HasSubstr("got a folder"));
  EXPECT_THAT(error_of([&] { open_trace_for_writing(folder / ""); }), HasSubstr("got a folder"));
  EXPECT_FALSE(std::filesystem::exists(folder / "none.db"));
}

/// Everything a command might read.
void read_all(const std::filesystem::path& file) {
  Database db = open_trace(file);
  std::ostringstream text;
  for (const RunRow& run : list_runs(db))
    for (const PromptRow& prompt : list_prompts(db, run.id)) read_tokens(db, run, prompt.id);
  write_canonical(db, text);
}

TEST(Schema, TruncatedAndFlippedFilesGiveAnErrorOrAnAnswer) {
  TempFolder folder;
  const std::string whole = file_text(recorded(folder));
  const auto file = folder / "bad.db";
  Random random(5);
  std::size_t n_error = 0;
  for (int i = 0; i < 60; ++i) {
    std::string bytes = whole;
    if (i % 2 == 0) bytes.resize(random.below(bytes.size()));
    for (int k = 0; k < 200 && i % 2 == 1; ++k)
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    try {
      read_all(file);
    } catch (const Error& e) {
      EXPECT_THAT(e.message(), HasSubstr("bad.db"));
      ++n_error;
    }
  }
  EXPECT_GT(n_error, 30u);
}

TEST(Schema, ValuesOutOfRangeAreErrors) {
  struct Case {
    const char* sql;
    const char* message;
  };
  const Case cases[] = {
      {"UPDATE run SET n_layer = 5000000", "column 'n_layer': expected an integer from 0 to"},
      {"UPDATE run SET top_k = -1", "column 'top_k'"},
      {"UPDATE run SET routing_layers = '[0,99]'", "column 'routing_layers'"},
      {"UPDATE run SET routing_layers = '{'", "malformed JSON"},
      {"UPDATE routing SET expert = 70000", "column 'expert': expected an integer from 0 to 3"},
      {"UPDATE routing SET layer = layer - 4", "column 'layer'"},
      {"UPDATE token SET pos = pos - 100", "column 'pos'"},
      {"UPDATE run SET n_prompt = -5", "column 'n_prompt'"},
  };
  TempFolder folder;
  const auto file = recorded(folder);
  for (const Case& c : cases) {
    const auto copy = folder / "copy.db";
    std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing);
    Database(copy, OpenMode::kReadWrite).execute(c.sql);
    EXPECT_THAT(error_of([&] { read_all(copy); }), HasSubstr(c.message)) << c.sql;
  }
}

TEST(Schema, MigrationsRunInOrderAndRollBack) {
  Database db(":memory:", OpenMode::kCreate);
  db.execute("CREATE TABLE t (x); PRAGMA user_version = 1");
  const Migration steps[] = {{2, "INSERT INTO t VALUES (2)"}, {1, "INSERT INTO t VALUES (1)"}};
  migrate(db, steps, 3);
  EXPECT_EQ(db.integer("PRAGMA user_version"), 3);
  EXPECT_EQ(db.text("SELECT CAST(group_concat(x) AS TEXT) FROM t"), "1,2");
  const Migration bad[] = {{3, "INSERT INTO t VALUES (3); INSERT INTO gone VALUES (1)"}};
  EXPECT_THAT(error_of([&] { migrate(db, bad, 4); }), HasSubstr("gone"));
  EXPECT_EQ(db.integer("PRAGMA user_version"), 3);
  EXPECT_EQ(db.integer("SELECT count(*) FROM t"), 2);
  EXPECT_THAT(error_of([&] { migrate(db, steps, 5); }), HasSubstr("no way from it to version 5"));
}

TEST(Schema, ReadersChangeNothing) {
  TempFolder folder;
  const auto file = recorded(folder);
  Database db = open_trace(file);
  EXPECT_NE(error_of([&] { db.execute("DELETE FROM run"); }), "no error");
  EXPECT_NE(error_of([&] { db.execute("ATTACH ':memory:' AS x"); }), "no error");
}

TEST(Schema, AReaderWorksBesideALiveWriter) {
  TempFolder folder;
  const RunInfo info = small_run(30);
  Writer writer(folder / "run.db", {.group_bytes = 1});
  writer.begin_run(info);
  Database db = open_trace(folder / "run.db");
  for (std::uint64_t i = 0; i < info.n_prompt; ++i) {
    writer.push(random_trace(i, info));
    EXPECT_EQ(list_runs(db).size(), 1u);
  }
  writer.finish("hash");
  EXPECT_EQ(find_run(db).n_done, 30u);
  EXPECT_EQ(db.text("PRAGMA journal_mode"), "wal");
}

TEST(Schema, AStopRequestEndsAQuery) {
  Database db(":memory:", OpenMode::kCreate);
  std::stop_source stop;
  db.stop_on(stop.get_token());
  stop.request_stop();
  ErrorCode code{};
  error_of(
      [&] {
        db.integer(
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT "
            "100000000) SELECT count(*) FROM c");
      },
      &code);
  EXPECT_EQ(code, ErrorCode::kInterrupted);
}

TEST(Schema, TheFixtureOfVersionOneStillReads) {
  const std::filesystem::path folder =
      std::filesystem::path(MOESCOPE_SOURCE_DIR) / "tests/core/trace/fixtures";
  Database db = open_trace(folder / "v1.db");
  std::ostringstream text;
  write_canonical(db, text);
  EXPECT_EQ(first_difference(text.str(), file_text(folder / "v1.canonical.txt")), "");
}

}  // namespace
}  // namespace moescope::trace
