#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "core/trace/schema.hpp"
#include "core/trace/writer.hpp"
#include "tests/core/trace/random_trace.hpp"

namespace moescope::trace {
namespace {

std::string document() {
  std::ifstream in(std::filesystem::path(MOESCOPE_SOURCE_DIR) / "docs/formats/trace.md");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The fenced blocks of one language, in order.
std::vector<std::string> blocks(const std::string& text, const std::string& language) {
  std::vector<std::string> out;
  const std::string open = "```" + language + "\n";
  for (std::size_t at = text.find(open); at != std::string::npos; at = text.find(open, at)) {
    at += open.size();
    const std::size_t end = text.find("```", at);
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

std::filesystem::path recorded(const TempFolder& folder) {
  const RunInfo info = small_run(40);
  Writer writer(folder / "run.db");
  writer.begin_run(info);
  for (std::uint64_t i = 0; i < info.n_prompt; ++i) writer.push(random_trace(i, info));
  writer.finish("hash");
  return folder / "run.db";
}

TEST(TraceDocument, EveryQueryGivesRows) {
  TempFolder folder;
  Database db = open_trace(recorded(folder));
  const std::vector<std::string> queries = blocks(document(), "sql");
  EXPECT_EQ(queries.size(), 20u);
  for (const std::string& sql : queries) {
    Statement rows = db.prepare(sql);
    EXPECT_TRUE(rows.step()) << sql;
  }
}

TEST(TraceDocument, NamesEveryTableAndColumn) {
  TempFolder folder;
  Database db = open_trace(recorded(folder));
  const std::string text = document();
  Statement rows = db.prepare(
      "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c "
      "WHERE m.type IN ('table', 'view')");
  int n = 0;
  for (; rows.step(); ++n) {
    const bool table_named = text.find("`" + rows.bytes(0) + "`") != std::string::npos ||
                             text.find("### " + rows.bytes(0) + "\n") != std::string::npos;
    EXPECT_TRUE(table_named) << rows.bytes(0);
    EXPECT_NE(text.find("`" + rows.bytes(1) + "`"), std::string::npos)
        << rows.bytes(0) << "." << rows.bytes(1);
  }
  EXPECT_GT(n, 100);
}

TEST(TraceDocument, ThePythonExampleReadsTheLogits) {
  if (std::system("python3 -c 'import sqlite3' 2>/dev/null") != 0)
    GTEST_SKIP() << "python3 with its sqlite3 module is missing";
  TempFolder folder;
  const auto file = recorded(folder);
  const std::vector<std::string> examples = blocks(document(), "python");
  ASSERT_EQ(examples.size(), 1u);
  const PromptTrace first = random_trace(0, small_run(40));
  std::ofstream script(folder / "example.py");
  script << examples[0] << "\nassert list(logits) == [0, 2], logits\n"
         << fmt::format("assert abs(logits[0][0] - ({})) < 1e-6, logits\n", first.router_logits[0])
         << fmt::format("assert abs(logits[2][3] - ({})) < 1e-6, logits\n", first.router_logits[7])
         << "n = db.execute('SELECT count(*) FROM v_token_routing').fetchone()[0]\n"
         << "assert n > 100, n\n";
  script.close();
  const std::string command =
      fmt::format("cd '{}' && python3 example.py", file.parent_path().string());
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace moescope::trace
