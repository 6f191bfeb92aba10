#include "core/model/stop_text.hpp"

#include <algorithm>
#include <utility>

namespace moescope::model {

std::string StopText::push(std::string_view text) {
  if (stopped_) return {};
  pending_ += text;
  std::size_t first = std::string::npos;
  for (const std::string& stop : stops_)
    if (!stop.empty()) first = std::min(first, pending_.find(stop));
  if (first != std::string::npos) {
    stopped_ = true;
    pending_.resize(first);
    return std::exchange(pending_, {});
  }
  const std::size_t ready = pending_.size() - held_back();
  std::string out = pending_.substr(0, ready);
  pending_.erase(0, ready);
  return out;
}

std::string StopText::finish() {
  return std::exchange(pending_, {});
}

/// Length of the longest end of the pending text that begins a stop string.
std::size_t StopText::held_back() const {
  std::size_t longest = 0;
  for (const std::string& stop : stops_)
    for (std::size_t n = std::min(stop.size(), pending_.size()); n > longest; --n)
      if (pending_.ends_with(std::string_view(stop).substr(0, n))) longest = n;
  return longest;
}

}  // namespace moescope::model
