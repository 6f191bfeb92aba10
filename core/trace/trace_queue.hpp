#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

#include "core/trace/audit_rows.hpp"

namespace moescope::trace {

/// Bytes that a parcel holds, near enough to bound memory by.
std::size_t bytes_of(const Parcel& parcel);

/// A queue of parcels between the engine's thread and the writer's, bounded by bytes. One larger
/// than the bound passes when the queue is empty.
class TraceQueue {
 public:
  explicit TraceQueue(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// Waits for room; false when the taker is gone.
  bool put(Parcel&& parcel);
  /// Waits for a parcel until `deadline`, or without end where there is none; nothing when the time
  /// is over or the queue is closed and empty.
  std::optional<Parcel> take(std::optional<std::chrono::steady_clock::time_point> deadline);
  /// No more parcels will come.
  void close();
  /// Nobody takes any more.
  void abandon();
  bool drained() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Parcel> items_;
  std::size_t max_bytes_;
  std::size_t n_byte_ = 0;
  bool closed_ = false;
  bool abandoned_ = false;
};

}  // namespace moescope::trace
