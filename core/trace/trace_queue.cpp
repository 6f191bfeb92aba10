#include "core/trace/trace_queue.hpp"

#include <utility>

namespace moescope::trace {

namespace {

std::size_t trace_bytes(const PromptTrace& trace) {
  std::size_t n = sizeof(PromptTrace) + trace.input.text.size() + trace.failure.size();
  for (const TokenTrace& token : trace.tokens) n += sizeof(TokenTrace) + token.text.size();
  n += (trace.router_logits.size() + trace.weight.size() + trace.margin.size()) * sizeof(float);
  n += trace.expert.size() * sizeof(std::uint16_t);
  for (const LensTrace& lens : trace.lens)
    n += sizeof(LensTrace) + lens.token.size() * (sizeof(TokenId) + sizeof(float));
  for (const ActivationTrace& a : trace.activations)
    n += sizeof(ActivationTrace) + a.value.size() * sizeof(float);
  return n;
}

}  // namespace

std::size_t bytes_of(const Parcel& parcel) {
  std::size_t n = sizeof(Parcel);
  for (const PromptTrace& trace : parcel.traces) n += trace_bytes(trace);
  return n;
}

bool TraceQueue::put(Parcel&& parcel) {
  const std::size_t size = bytes_of(parcel);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return abandoned_ || n_byte_ == 0 || (size <= max_bytes_ && n_byte_ <= max_bytes_ - size);
  });
  if (abandoned_) return false;
  n_byte_ += size;
  items_.push_back(std::move(parcel));
  changed_.notify_all();
  return true;
}

std::optional<Parcel> TraceQueue::take(
    std::optional<std::chrono::steady_clock::time_point> deadline) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return closed_ || !items_.empty(); };
  if (deadline) {
    changed_.wait_until(lock, *deadline, ready);
  } else {
    changed_.wait(lock, ready);
  }
  if (items_.empty()) return std::nullopt;
  std::optional<Parcel> out = std::move(items_.front());
  items_.pop_front();
  n_byte_ -= bytes_of(*out);
  changed_.notify_all();
  return out;
}

void TraceQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void TraceQueue::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  items_.clear();
  n_byte_ = 0;
  changed_.notify_all();
}

bool TraceQueue::drained() const {
  const std::lock_guard lock(mutex_);
  return closed_ && items_.empty();
}

}  // namespace moescope::trace
