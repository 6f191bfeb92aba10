#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moescope::model {

/// Passes a stream of text on until a stop string appears in it, and holds back what may be the
/// beginning of one.
class StopText {
 public:
  explicit StopText(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  /// The text that is certain to stand before any stop string.
  std::string push(std::string_view text);
  /// What was held back, when the stream ends without a stop string.
  std::string finish();
  bool stopped() const { return stopped_; }

 private:
  std::size_t held_back() const;

  std::vector<std::string> stops_;
  std::string pending_;
  bool stopped_ = false;
};

}  // namespace moescope::model
