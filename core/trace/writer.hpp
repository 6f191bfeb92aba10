#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "core/trace/audit_rows.hpp"
#include "core/trace/run_info.hpp"

namespace moescope::trace {

struct WriterOptions {
  std::size_t queue_bytes = 64u << 20;         ///< push() waits while more than this is queued
  std::size_t group_bytes = 8u << 20;          ///< a transaction is committed beyond this
  std::chrono::milliseconds group_time{1000};  ///< or when it is this old
  std::size_t sidecar_bytes = 64u << 10;       ///< a prompt's captures beyond this go to a file
};

/// Where a resumed run stands.
struct Resumed {
  std::int64_t run = 0;
  std::set<std::uint64_t> done;  ///< indexes of the prompts that are already there
  bool complete = false;         ///< nothing is left to do; push and finish must not be called
};

/// Gives the hash of the model's files; may read them all. It is asked once at most.
using ModelHash = std::function<std::string()>;

/// Writes one run into a trace database from a thread of its own. Prompts commit whole or not at
/// all, several in one transaction; a crash at any moment leaves a file that can be resumed.
/// Errors: kRetry when another writer holds the file or there is no space, memory or disk;
/// kBadInput for a file that isn't ours or a trace that doesn't fit its run. What fails in the
/// thread is thrown by the next push() or finish().
class Writer {
 public:
  /// Takes the writer's lock; opens the database, making it where it is absent or empty.
  explicit Writer(const std::filesystem::path& file, const WriterOptions& options = {});
  /// Interrupts a run that was not finished.
  ~Writer();
  Writer(Writer&&) noexcept;

  /// Appends a run and returns its id. Errors: kBadInput: a second run of one writer.
  std::int64_t begin_run(const RunInfo& info);

  /// Continues the newest unfinished run of the same plan, begins one where the file has no run,
  /// and reports a complete run of the same plan. Weights are the same when their hash is; a run
  /// that was cut off before its hash was known goes on with files of the same sizes and times.
  /// Errors: kBadInput naming the fields in which the newest run differs.
  Resumed resume_run(const RunInfo& info, const ModelHash& model_hash);

  /// Notes the hash as soon as it is known; it is committed with what is committed next. May be
  /// called from any thread while a run is open.
  void set_model_hash(std::string hash);

  /// Queues one prompt, or all prompts of an audit's item; waits while the queue is full.
  void push(PromptTrace&& trace);
  void push(Parcel&& parcel);

  /// Commits what is queued, marks the run complete and leaves one plain file.
  /// Errors: kBadInput when prompts are missing or the hash is empty; the run stays resumable.
  void finish(std::string_view model_hash);

  /// Commits what is queued and leaves the run to be resumed. Never throws.
  void interrupt() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope::trace
