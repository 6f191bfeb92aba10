#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "core/base/sha256.hpp"
#include "core/trace/canonical.hpp"
#include "core/trace/lock.hpp"
#include "core/trace/reader.hpp"
#include "core/trace/schema.hpp"
#include "core/trace/writer.hpp"
#include "tests/core/trace/audited_run.hpp"
#include "tests/core/trace/random_trace.hpp"
#include "tests/error_of.hpp"

namespace moescope::trace {
namespace {

using testing::HasSubstr;

constexpr WriterOptions kSmall{.queue_bytes = 1 << 20,
                               .group_bytes = 3000,
                               .group_time = std::chrono::milliseconds(5),
                               .sidecar_bytes = 200};

std::string canonical_of(const std::filesystem::path& file) {
  Database db = open_trace(file);
  std::ostringstream text;
  write_canonical(db, text);
  return text.str();
}

void record(const std::filesystem::path& file, const RunInfo& info,
            const std::vector<std::uint64_t>& order) {
  Writer writer(file, kSmall);
  writer.begin_run(info);
  for (const std::uint64_t i : order) writer.push(random_trace(i, info));
  writer.finish("hash");
}

std::vector<std::uint64_t> rising(std::uint64_t n) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t i = 0; i < n; ++i) out.push_back(i);
  return out;
}

/// Records what is missing; true when nothing was.
bool go_on(const std::filesystem::path& file, const RunInfo& info) {
  Writer writer(file, kSmall);
  const Resumed resumed = writer.resume_run(info, [] { return "hash"; });
  if (resumed.complete) return true;
  for (std::uint64_t i = 0; i < info.n_prompt; ++i)
    if (!resumed.done.contains(i)) writer.push(random_trace(i, info));
  writer.finish("hash");
  return false;
}

TEST(Resume, OrderOfCommitsChangesNothing) {
  TempFolder folder;
  const RunInfo info = small_run(40);
  record(folder / "a.db", info, rising(40));
  std::vector<std::uint64_t> order = rising(40);
  Random random(3);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  record(folder / "b.db", info, order);
  EXPECT_EQ(first_difference(canonical_of(folder / "a.db"), canonical_of(folder / "b.db")), "");
}

TEST(Resume, CanonicalTextSeesADifferentBit) {
  TempFolder folder;
  const RunInfo info = small_run(10);
  record(folder / "run.db", info, rising(10));
  const std::string before = canonical_of(folder / "run.db");
  const auto changed = [&](const std::string& sql) {
    std::filesystem::copy_file(folder / "run.db", folder / "copy.db",
                               std::filesystem::copy_options::overwrite_existing);
    Database(folder / "copy.db", OpenMode::kReadWrite).execute(sql);
    return canonical_of(folder / "copy.db") != before;
  };
  EXPECT_TRUE(changed("UPDATE token SET logprob = logprob + 1e-15 WHERE id = 3"));
  EXPECT_TRUE(changed("UPDATE usage_run SET weight_sum = weight_sum + 1 WHERE layer = 2"));
  EXPECT_TRUE(changed("DELETE FROM vocab"));
  EXPECT_FALSE(
      changed("UPDATE run SET threads = 99, started = '2030', command_line = 'x', "
              "host = 'h', pid = 1, isa = 'z', n_resume = 4, model_path = '/p'"));
}

TEST(Resume, CanonicalTextCoversEveryTable) {
  TempFolder folder;
  record(folder / "run.db", small_run(10), rising(10));
  record_audit(folder / "run.db", 3);
  Database db = open_trace(folder / "run.db");
  std::set<std::string> known = {"meta"};
  for (const CanonicalTable& table : canonical_tables()) known.insert(std::string(table.table));
  Statement rows = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'");
  while (rows.step()) EXPECT_TRUE(known.contains(rows.bytes(0))) << rows.bytes(0);
  const std::string text = canonical_of(folder / "run.db");
  for (const std::string& name : known) {
    const std::size_t at = text.find("table " + name + ":");
    ASSERT_NE(at, std::string::npos);
    const std::size_t line = text.find('\n', at) + 1;
    EXPECT_NE(text.compare(line, 6, "table "), 0) << name << " is empty in the example";
  }
}

TEST(Resume, StartsWhereTheFileIsAbsentOrEmptyAndEndsWhenComplete) {
  TempFolder folder;
  const RunInfo info = small_run(8);
  std::ofstream(folder / "empty.db").close();
  for (const char* name : {"absent.db", "empty.db"}) {
    EXPECT_FALSE(go_on(folder / name, info));
    EXPECT_TRUE(go_on(folder / name, info));
    Database db = open_trace(folder / name);
    EXPECT_EQ(list_runs(db).size(), 1u);
  }
}

TEST(Resume, ContinuesAnInterruptedRun) {
  TempFolder folder;
  const RunInfo info = small_run(20);
  record(folder / "whole.db", info, rising(20));
  {
    Writer writer(folder / "run.db", kSmall);
    writer.begin_run(info);
    for (std::uint64_t i = 0; i < 7; ++i) writer.push(random_trace(i, info));
    writer.interrupt();
  }
  {
    Database db = open_trace(folder / "run.db");
    EXPECT_EQ(list_runs(db).at(0).status, "interrupted");
    EXPECT_EQ(list_runs(db).at(0).n_done, 7u);
    EXPECT_THAT(error_of([&] { find_run(db); }), HasSubstr("no run is complete; name one of 1"));
  }
  EXPECT_FALSE(go_on(folder / "run.db", info));
  EXPECT_EQ(first_difference(canonical_of(folder / "run.db"), canonical_of(folder / "whole.db")),
            "");
  Database db = open_trace(folder / "run.db");
  EXPECT_EQ(db.integer("SELECT n_resume FROM run"), 1);
}

TEST(Resume, RefusesAnotherModelPromptsOrOptionsByName) {
  TempFolder folder;
  const RunInfo info = small_run(4);
  record(folder / "run.db", info, rising(4));
  const auto refusal = [&](auto change) {
    RunInfo other = info;
    change(other);
    Writer writer(folder / "run.db", kSmall);
    return error_of([&] { writer.resume_run(other, [] { return "hash"; }); });
  };
  EXPECT_THAT(refusal([](RunInfo& r) { r.weights_id = "others"; }),
              HasSubstr("another weights_id (recorded 'weights', now 'others')"));
  EXPECT_THAT(refusal([](RunInfo& r) { r.prompts_hash = "p2"; }), HasSubstr("prompts_hash"));
  EXPECT_THAT(refusal([](RunInfo& r) { r.scores = Scores::kNone; }),
              HasSubstr("scores (recorded 'all', now 'none')"));
  EXPECT_THAT(refusal([](RunInfo& r) { r.options["capture"] = "x"; }), HasSubstr("capture ("));
  EXPECT_THAT(refusal([](RunInfo& r) { r.options.erase("interventions"); }),
              HasSubstr("interventions (recorded '[]', now '')"));
  EXPECT_THAT(refusal([](RunInfo& r) { r.seed = UINT64_MAX; }),
              HasSubstr("seed (recorded '7', now '-1')"));
}

/// What --resume says of a run that was cut off, asked by a model with these files and this hash.
class ResumeWeights : public testing::Test {
 protected:
  void cut_off(const std::string& hash) {
    Writer writer(file_, kSmall);
    writer.begin_run(info_);
    if (!hash.empty()) writer.set_model_hash(hash);
    writer.push(random_trace(0, info_));
    writer.interrupt();
  }
  std::string answer(const std::string& files, const std::string& hash) {
    RunInfo now = info_;
    now.files_id = files;
    Writer writer(file_, kSmall);
    n_asked_ = 0;
    return error_of([&] {
      EXPECT_FALSE(writer
                       .resume_run(now,
                                   [&] {
                                     ++n_asked_;
                                     return hash;
                                   })
                       .complete);
    });
  }

  TempFolder folder_;
  std::filesystem::path file_ = folder_ / "run.db";
  RunInfo info_ = small_run(4);
  int n_asked_ = 0;
};

TEST_F(ResumeWeights, AreTheSameWhenTheirHashIs) {
  cut_off("sha");
  EXPECT_EQ(Database(file_, OpenMode::kReadOnly).text("SELECT model_hash FROM run"), "sha");
  EXPECT_THAT(answer("files", "other"), HasSubstr("model_hash (recorded 'sha', now 'other')"));
  EXPECT_EQ(answer("copied elsewhere", "sha"), "no error");
  EXPECT_EQ(n_asked_, 1);
}

TEST_F(ResumeWeights, AreToldApartBySizesAndTimesBeforeTheHashIsKnown) {
  cut_off("");
  EXPECT_THAT(answer("touched", "sha"), HasSubstr("cut off before their hash was known"));
  EXPECT_EQ(answer("files", "sha"), "no error");
  EXPECT_EQ(n_asked_, 0) << "nothing to compare the hash with";
}

TEST_F(ResumeWeights, MatterOnceAPromptWasRecorded) {
  {
    Writer writer(file_, kSmall);
    writer.begin_run(info_);
  }
  EXPECT_EQ(answer("touched", "sha"), "no error");
  const std::string kept = "SELECT value FROM run_option WHERE key = 'files'";
  EXPECT_EQ(Database(file_, OpenMode::kReadOnly).text(kept), "touched");
}

TEST_F(ResumeWeights, OfACompleteRunAreComparedToo) {
  record(file_, info_, rising(4));
  EXPECT_THAT(answer("files", "other"), HasSubstr("model_hash (recorded 'hash', now 'other')"));
}

TEST(Resume, AppendsRunsAndFindsTheRightOneAgain) {
  TempFolder folder;
  const RunInfo info = small_run(5);
  RunInfo other = info;
  other.seed = 8;
  record(folder / "run.db", info, rising(5));
  {
    Writer writer(folder / "run.db", kSmall);
    EXPECT_EQ(writer.begin_run(other), 2);
    writer.push(random_trace(0, other));
  }
  EXPECT_TRUE(go_on(folder / "run.db", info));
  EXPECT_FALSE(go_on(folder / "run.db", other));
  Database db = open_trace(folder / "run.db");
  EXPECT_EQ(find_run(db).id, 2);
  EXPECT_EQ(find_run(db, 1).id, 1);
}

/// Runs `work` in a child process. A child that isn't killed leaves with 0.
pid_t in_child(const std::function<void()>& work) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  try {
    work();
  } catch (...) {
    ::_exit(9);
  }
  ::_exit(0);
}

TEST(Resume, KilledAtRandomMomentsNothingIsLostOrDoubled) {
  TempFolder folder;
  const RunInfo info = small_run(30);
  record(folder / "whole.db", info, rising(30));
  const std::string expected = canonical_of(folder / "whole.db");
  Random random(11);
  int n_kill = 0;
  for (int round = 0; n_kill < 20 && round < 200; ++round) {
    const std::string name = "run" + std::to_string(round) + ".db";
    for (bool complete = false; !complete;) {
      const pid_t pid = in_child([&] { go_on(folder / name, info); });
      ASSERT_GT(pid, 0);
      std::this_thread::sleep_for(std::chrono::microseconds(1000 + random.below(150'000)));
      ::kill(pid, SIGKILL);
      int status = 0;
      ::waitpid(pid, &status, 0);
      if (WIFSIGNALED(status)) ++n_kill;
      ASSERT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) != 0);
      complete = WIFEXITED(status);
    }
    ASSERT_EQ(first_difference(canonical_of(folder / name), expected), "") << n_kill << " kills";
    std::set<std::filesystem::path> files;
    for (const auto& f : std::filesystem::directory_iterator(folder / (name + ".d/run-1")))
      files.insert(f.path());
    Database db = open_trace(folder / name);
    EXPECT_EQ(static_cast<std::int64_t>(files.size()), db.integer("SELECT count(*) FROM sidecar"));
  }
  EXPECT_GE(n_kill, 20);
}

TEST(Resume, ASecondWriterIsRefusedByName) {
  TempFolder folder;
  Writer writer(folder / "run.db", kSmall);
  ErrorCode code{};
  const auto start = std::chrono::steady_clock::now();
  const std::string message = error_of([&] { Writer second(folder / "run.db"); }, &code);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_THAT(message, HasSubstr("another writer holds it: pid " + std::to_string(::getpid())));
  EXPECT_EQ(code, ErrorCode::kRetry);
}

TEST(Resume, ALinkIsTheSameDatabase) {
  TempFolder folder;
  std::filesystem::create_directory(folder / "links");
  std::filesystem::create_symlink("../run.db", folder / "links/other.db");
  const RunInfo info = small_run(6);
  {
    Writer writer(folder / "run.db", kSmall);
    writer.begin_run(info);
    EXPECT_THAT(error_of([&] { Writer second(folder / "links/other.db"); }),
                HasSubstr("another writer holds it"));
  }
  EXPECT_FALSE(go_on(folder / "links/other.db", info));
  EXPECT_TRUE(std::filesystem::is_directory(folder / "run.db.d/run-1"));
  EXPECT_FALSE(std::filesystem::exists(folder / "links/other.db.d"));
  std::filesystem::create_symlink("nowhere.db", folder / "dangling.db");
  EXPECT_THAT(error_of([&] { Writer writer(folder / "dangling.db"); }),
              HasSubstr("a link to nothing"));
}

/// What lies where side-cars go is somebody's.
TEST(Resume, ForeignFilesInTheSidecarFolderAreLeftAlone) {
  TempFolder folder;
  const RunInfo info = small_run(6);
  const auto begin = [&] {
    return error_of([&] {
      Writer writer(folder / "run.db", kSmall);
      writer.begin_run(info);
    });
  };
  const auto sidecars = folder / "run.db.d";
  std::filesystem::create_directories(folder / "elsewhere");
  std::ofstream(folder / "elsewhere/mine.txt") << "precious";
  std::filesystem::create_directory(sidecars);
  std::filesystem::create_symlink(folder / "elsewhere", sidecars / "run-1");
  EXPECT_THAT(begin(), HasSubstr("run-1: expected a folder for side-cars, got a link"));
  std::filesystem::remove(sidecars / "run-1");
  std::filesystem::create_directory(sidecars / "run-1");
  std::ofstream(sidecars / "run-1/prompt-00000001.safetensors") << "of another database";
  EXPECT_THAT(begin(), HasSubstr("holds 'prompt-00000001.safetensors'"));
  EXPECT_EQ(open_trace(folder / "run.db").integer("SELECT count(*) FROM run"), 0);
  std::filesystem::remove(sidecars / "run-1/prompt-00000001.safetensors");
  {
    Writer writer(folder / "run.db", kSmall);
    writer.begin_run(info);
    writer.push(random_trace(0, info));
    writer.interrupt();
  }
  std::ofstream(sidecars / "run-1/mine.txt") << "precious";
  std::ofstream(sidecars / "run-1/prompt-00000005.safetensors") << "left by a killed process";
  std::ofstream(sidecars / "run-1/prompt-00000005.safetensors.77-0.part") << "the same";
  EXPECT_FALSE(go_on(folder / "run.db", info));
  EXPECT_TRUE(std::filesystem::exists(sidecars / "run-1/mine.txt"));
  EXPECT_FALSE(std::filesystem::exists(sidecars / "run-1/prompt-00000005.safetensors.77-0.part"));
  EXPECT_TRUE(std::filesystem::exists(folder / "elsewhere/mine.txt"));
}

TEST(Resume, ARunWhoseSidecarIsMissingDoesNotGoOn) {
  TempFolder folder;
  const RunInfo info = small_run(30);
  {
    Writer writer(folder / "run.db", kSmall);
    writer.begin_run(info);
    for (std::uint64_t i = 0; i < 20; ++i) writer.push(random_trace(i, info));
    writer.interrupt();
  }
  Database db = open_trace(folder / "run.db");
  std::filesystem::remove(folder / db.text("SELECT path FROM sidecar"));
  ErrorCode code{};
  EXPECT_THAT(error_of([&] { go_on(folder / "run.db", info); }, &code),
              HasSubstr("expected the side-car of"));
  EXPECT_EQ(code, ErrorCode::kIntegrity);
}

TEST(Resume, AStaleLockFileIsHarmless) {
  TempFolder folder;
  std::ofstream(folder / "run.db.lock") << "pid 1 on elsewhere\n";
  EXPECT_NO_THROW(WriterLock(folder / "run.db"));
  EXPECT_FALSE(std::filesystem::exists(folder / "run.db.lock"));
}

TEST(Resume, AFullDiskIsACleanStop) {
  TempFolder folder;
  const RunInfo info = small_run(400);
  record(folder / "whole.db", info, rising(400));
  const auto file = folder / "run.db";
  const pid_t pid = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1'000'000, 1'000'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ErrorCode code{};
    const std::string message = error_of([&] { go_on(file, info); }, &code);
    if (code != ErrorCode::kRetry || message.find("run.db") == std::string::npos) ::_exit(3);
  });
  int status = 0;
  ::waitpid(pid, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(go_on(file, info));
  EXPECT_EQ(first_difference(canonical_of(file), canonical_of(folder / "whole.db")), "");
}

TEST(Resume, SidecarsHoldWhatTheDatabaseSays) {
  TempFolder folder;
  const RunInfo info = small_run(6);
  record(folder / "run.db", info, rising(6));
  Database db = open_trace(folder / "run.db");
  Statement rows = db.prepare("SELECT path, sha256, n_byte FROM sidecar");
  std::size_t n = 0;
  for (; rows.step(); ++n) {
    const auto path = folder / rows.bytes(0);
    std::ifstream in(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(sha256_hex(bytes), rows.bytes(1));
    EXPECT_EQ(static_cast<std::int64_t>(bytes.size()), rows.integer(2));
  }
  EXPECT_GT(n, 0u);
}

TEST(Resume, ReaderGivesBackWhatWasWritten) {
  TempFolder folder;
  const RunInfo info = small_run(12);
  record(folder / "run.db", info, rising(12));
  Database db = open_trace(folder / "run.db");
  const RunRow run = find_run(db);
  EXPECT_EQ(run.routing_layers, info.routing_layers);
  for (const PromptRow& row : list_prompts(db, run.id)) {
    const PromptTrace trace = random_trace(row.index, info);
    EXPECT_EQ(row.name, trace.input.id);
    EXPECT_EQ(row.labels, trace.input.labels);
    EXPECT_EQ(find_prompt(db, run.id, row.name).text, trace.input.text);
    const std::vector<TokenRow> tokens = read_tokens(db, run, row.id);
    ASSERT_EQ(tokens.size(), trace.tokens.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      EXPECT_EQ(tokens[i].text, trace.tokens[i].text);
      EXPECT_EQ(tokens[i].logprob, trace.tokens[i].logprob);
      EXPECT_EQ(tokens[i].predicted, trace.tokens[i].predicted);
      ASSERT_EQ(tokens[i].choices.size(), trace.tokens[i].fed ? 4u : 0u);
      for (std::size_t c = 0; c < tokens[i].choices.size(); ++c) {
        EXPECT_EQ(tokens[i].choices[c].expert.value, trace.expert[i * 4 + c]);
        EXPECT_EQ(tokens[i].choices[c].weight, trace.weight[i * 4 + c]);
        EXPECT_EQ(tokens[i].choices[c].margin, trace.margin[i * 4 + c]);
      }
    }
  }
  EXPECT_EQ(find_prompt(db, run.id, "3").name, "p:3");
  EXPECT_THAT(error_of([&] { find_prompt(db, run.id, "x"); }), HasSubstr("the first is 'p:0'"));
  EXPECT_THAT(error_of([&] { find_run(db, 5); }), HasSubstr("no such run; there are 1 (complete)"));
}

/// Not a test: writes the fixture of the present version, which make.sh then packs.
TEST(Resume, MakeFixture) {
  const char* file = ::getenv("MOESCOPE_FIXTURE");
  if (file == nullptr) GTEST_SKIP() << "only fixtures/make.sh writes the fixture anew";
  record(file, small_run(5), rising(5));
  std::ofstream(std::string(file) + ".txt") << canonical_of(file);
}

}  // namespace
}  // namespace moescope::trace
