#include "core/trace/writer.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <exception>
#include <filesystem>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/trace/inserter.hpp"
#include "core/trace/lock.hpp"
#include "core/trace/run_row.hpp"
#include "core/trace/schema.hpp"
#include "core/trace/sidecar.hpp"
#include "core/trace/sqlite.hpp"
#include "core/trace/trace_queue.hpp"

namespace moescope::trace {
namespace {

using Clock = std::chrono::steady_clock;

/// Where the database is or can be; a link is followed, so that lock and side-cars lie beside the
/// file and not beside one of its names. What cannot be is refused before anything is made.
std::filesystem::path real_place(const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error))
    fail(ErrorCode::kBadInput, "{}: there is no folder {}; make it first", file.string(),
         folder.string());
  const fs::file_status status = fs::status(file, error);
  if (fs::is_directory(status))
    fail(ErrorCode::kBadInput, "{}: expected a trace database, got a folder", file.string());
  if (fs::exists(status) && !fs::is_regular_file(status))
    fail(ErrorCode::kBadInput, "{}: expected a file, got a device or a pipe", file.string());
  if (!fs::is_symlink(file)) return file;
  if (!fs::exists(status))
    fail(ErrorCode::kBadInput, "{}: expected a file, got a link to nothing; remove it",
         file.string());
  return fs::canonical(file);
}

/// WAL while writing; its size is bounded by checkpoints of this connection alone.
void enter_wal(Database& db) {
  if (db.text("PRAGMA journal_mode = WAL") != "wal")
    fail(ErrorCode::kBadInput,
         "{}: expected a file system that can hold a write-ahead log; write to a local disk",
         db.name());
  db.execute("PRAGMA cache_size = -32768");
}

/// Leaves one plain file, or the log beside it while somebody reads.
void leave_wal(Database& db) {
  try {
    db.execute("PRAGMA busy_timeout = 200");
    db.text("PRAGMA journal_mode = DELETE");
  } catch (const Error&) {
    return;  // a reader is there; SQLite reads the log as well
  }
}

std::set<std::uint64_t> done_prompts(Database& db, std::int64_t run) {
  std::set<std::uint64_t> out;
  Statement rows = db.prepare("SELECT idx FROM prompt WHERE run = ?1");
  rows.bind(1, run);
  while (rows.step()) out.insert(static_cast<std::uint64_t>(rows.integer(0, 0, INT64_MAX)));
  return out;
}

struct StoredRun {
  std::int64_t id = 0;
  bool complete = false;
};

/// Unfinished runs first, newest first within each kind.
std::vector<StoredRun> stored_runs(Database& db) {
  std::vector<StoredRun> out;
  Statement rows =
      db.prepare("SELECT id, status = 'complete' AS complete FROM run ORDER BY 2, id DESC");
  while (rows.step()) out.push_back({rows.integer(0), rows.integer(1) != 0});
  return out;
}

std::int64_t next_run(Database& db) {
  return db.integer("SELECT coalesce(max(id), 0) + 1 FROM run");
}

/// Side-cars of a run that goes on: all that it names are there, and what a killed process left is
/// removed.
void restore_sidecars(Database& db, const std::filesystem::path& place, std::int64_t run) {
  Statement rows = db.prepare(
      "SELECT s.path, s.sha256, s.n_byte FROM sidecar s JOIN prompt p ON p.id = s.prompt "
      "WHERE p.run = ?1");
  rows.bind(1, run);
  std::vector<SidecarFile> named;
  while (rows.step())
    named.push_back(
        {rows.bytes(0), rows.bytes(1), static_cast<std::uint64_t>(rows.integer(2, 0, INT64_MAX))});
  SidecarFolder(place, run).restore(named);
}

/// The hash of the run's model, from whoever computes it to whoever commits it.
class RunHash {
 public:
  void set(std::string hash) {
    const std::lock_guard lock(mutex_);
    hash_ = std::move(hash);
  }
  /// Writes the hash into the run's row, where it is known.
  void write(Database& db, std::int64_t run) {
    const std::lock_guard lock(mutex_);
    if (!hash_.empty()) db.prepare("UPDATE run SET model_hash = ?2 WHERE id = ?1").run(run, hash_);
  }

 private:
  std::mutex mutex_;
  std::string hash_;
};

/// The thread's work: takes parcels and commits them in groups.
class Committer {
 public:
  struct Run {
    std::int64_t id = 0;
    RunHash& hash;
    Inserter& inserter;
  };
  Committer(Database& db, Run run, TraceQueue& queue, const WriterOptions& options)
      : db_(db), run_(run), queue_(queue), options_(options) {}

  void work() {
    while (!queue_.drained())
      if (auto first = queue_.take(std::nullopt)) commit_group(std::move(*first));
  }

 private:
  void commit_group(Parcel first) {
    const auto deadline = Clock::now() + options_.group_time;
    Transaction transaction(db_);
    std::optional<Parcel> parcel = std::move(first);
    for (std::size_t n_byte = 0; parcel; parcel = queue_.take(deadline)) {
      run_.inserter.insert(*parcel);
      n_byte += bytes_of(*parcel);
      if (n_byte >= options_.group_bytes || Clock::now() >= deadline) break;
    }
    run_.inserter.flush();
    run_.hash.write(db_, run_.id);
    transaction.commit();
  }

  Database& db_;
  Run run_;
  TraceQueue& queue_;
  WriterOptions options_;
};

}  // namespace

struct Writer::State {
  State(const std::filesystem::path& path, const WriterOptions& wanted)
      : place(real_place(path)),
        lock(place),
        options(wanted),
        db(open_trace_for_writing(place)),
        queue(wanted.queue_bytes) {}

  std::filesystem::path place;
  WriterLock lock;
  WriterOptions options;
  Database db;
  TraceQueue queue;
  RunHash hash;
  RunInfo info;
  std::int64_t run = 0;
  std::optional<Inserter> inserter;
  std::exception_ptr error;  ///< written by the thread before it abandons the queue
  std::thread thread;

  void start(std::int64_t id, const RunInfo& wanted);
  void work() noexcept;
  void join();
  void close_run(bool complete);
};

void Writer::State::start(std::int64_t id, const RunInfo& wanted) {
  run = id;
  info = wanted;
  inserter.emplace(db, run, info, options.sidecar_bytes);
  thread = std::thread([this] { work(); });
}

void Writer::State::work() noexcept {
  try {
    Committer(db, {run, hash, *inserter}, queue, options).work();
  } catch (const std::bad_alloc&) {
    error = std::make_exception_ptr(
        Error(ErrorCode::kRetry, db.name() + ": out of memory; free some and run it again"));
    queue.abandon();
  } catch (...) {
    error = std::current_exception();
    queue.abandon();
  }
}

/// Waits until everything queued is committed. Errors: what went wrong in the thread.
void Writer::State::join() {
  queue.close();
  if (thread.joinable()) thread.join();
  if (error) std::rethrow_exception(error);
}

void Writer::State::close_run(bool complete) {
  inserter.reset();
  Transaction transaction(db);
  hash.write(db, run);
  db.prepare("UPDATE run SET status = ?2, finished = ?3 WHERE id = ?1")
      .run(run, complete ? "complete" : "interrupted",
           complete ? std::optional(utc_now()) : std::nullopt);
  transaction.commit();
  run = 0;
  leave_wal(db);
}

Writer::Writer(const std::filesystem::path& file, const WriterOptions& options)
    : state_(std::make_unique<State>(file, options)) {}

Writer::~Writer() {
  if (state_) interrupt();
}

Writer::Writer(Writer&&) noexcept = default;

std::int64_t Writer::begin_run(const RunInfo& info) {
  if (state_->run != 0 || state_->queue.drained())
    fail(ErrorCode::kBadInput, "{}: a writer writes one run; open another", state_->db.name());
  enter_wal(state_->db);
  try {
    if (info.keeps_activations) SidecarFolder(state_->place, next_run(state_->db)).require_unused();
    const std::int64_t run = insert_run(state_->db, info);
    state_->start(run, info);
    return run;
  } catch (...) {
    if (state_->run == 0) leave_wal(state_->db);
    throw;
  }
}

Resumed Writer::resume_run(const RunInfo& info, const ModelHash& model_hash) {
  Database& db = state_->db;
  std::vector<std::string> first_difference;
  std::int64_t first_run = 0;
  for (const StoredRun& stored : stored_runs(db)) {
    std::vector<std::string> difference = differences(db, stored.id, info);
    if (difference.empty()) difference = weight_differences(db, stored.id, info, model_hash);
    if (difference.empty() && stored.complete) {
      leave_wal(db);
      return {stored.id, done_prompts(db, stored.id), true};
    }
    if (difference.empty()) {
      if (info.keeps_activations) restore_sidecars(db, state_->place, stored.id);
      enter_wal(db);
      reopen_run(db, stored.id, info);
      state_->start(stored.id, info);
      return {stored.id, done_prompts(db, stored.id), false};
    }
    if (first_run == 0) {
      first_run = stored.id;
      first_difference = std::move(difference);
    }
  }
  if (first_run == 0) return {begin_run(info), {}, false};
  fail(ErrorCode::kBadInput,
       "{}: run {}: expected the same model, prompts and options, got another {}; leave out "
       "--resume to append a run",
       db.name(), first_run, fmt::join(first_difference, ", "));
}

void Writer::set_model_hash(std::string hash) {
  state_->hash.set(std::move(hash));
}

void Writer::push(PromptTrace&& trace) {
  Parcel parcel;
  parcel.traces.push_back(std::move(trace));
  push(std::move(parcel));
}

void Writer::push(Parcel&& parcel) {
  for (const PromptTrace& trace : parcel.traces) check_trace(trace, state_->info);
  if (!state_->queue.put(std::move(parcel))) state_->join();
}

void Writer::finish(std::string_view model_hash) {
  State& state = *state_;
  state.join();
  const std::size_t n_done = done_prompts(state.db, state.run).size();
  if (n_done != state.info.n_prompt)
    fail(ErrorCode::kBadInput, "{}: run {}: expected {} prompts, got {}; run it with --resume",
         state.db.name(), state.run, state.info.n_prompt, n_done);
  if (model_hash.empty())
    fail(ErrorCode::kBadInput, "{}: run {}: the hash of the model is not known yet",
         state.db.name(), state.run);
  state.hash.set(std::string(model_hash));
  state.close_run(true);
}

void Writer::interrupt() noexcept {
  State& state = *state_;
  state.queue.close();
  if (state.thread.joinable()) state.thread.join();
  if (state.run == 0) return;
  try {
    state.close_run(false);
  } catch (const std::exception&) {
    return;  // the row still says "running": it can be resumed all the same
  }
}

}  // namespace moescope::trace
