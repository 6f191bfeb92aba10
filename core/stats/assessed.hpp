#pragma once

#include <optional>
#include <string>
#include <utility>

namespace moescope::stats {

/// A number, or the reason why there is none: never 0 and never NaN for "missing".
template <class T>
class Assessed {
 public:
  Assessed(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  static Assessed not_assessable(std::string why) {
    Assessed result;
    result.why_ = std::move(why);
    return result;
  }

  explicit operator bool() const noexcept { return value_.has_value(); }
  const T& operator*() const { return value_.value(); }
  const T* operator->() const { return &value_.value(); }
  /// "not assessable because …"; empty where there is a value.
  const std::string& why() const noexcept { return why_; }
  bool operator==(const Assessed&) const = default;

 private:
  Assessed() = default;
  std::optional<T> value_;
  std::string why_;
};

struct Limits {
  double lower = 0;
  double upper = 0;
  bool operator==(const Limits&) const = default;
};

/// An estimate with two-sided limits.
struct Estimate {
  double value = 0;
  double se = 0;
  double lower = 0;
  double upper = 0;
  double level = 0.95;
  double df = 0;              ///< degrees of freedom of the t quantile
  std::size_t n_cluster = 0;  ///< units that were left out one at a time
  bool operator==(const Estimate&) const = default;
};

}  // namespace moescope::stats
