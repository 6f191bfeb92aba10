#pragma once

#include <cstddef>

namespace moescope::formats {

/// Installs the handler that names a mapped file which shrank and leaves with exit code 1.
/// The program calls it once, before it opens a model; libraries never do.
void install_sigbus_handler();

/// The place of one mapped range in the handler's table, given up when it is destroyed.
class MappedRange {
 public:
  MappedRange() = default;
  /// `label` is what the handler prints; it must outlive this object. With the table full the range
  /// stays unknown to the handler and a fault in it ends the program in the system's way.
  MappedRange(const void* begin, std::size_t size, const char* label) noexcept;
  ~MappedRange();
  MappedRange(const MappedRange&) = delete;
  MappedRange& operator=(const MappedRange&) = delete;

 private:
  std::size_t slot_ = kNone;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

}  // namespace moescope::formats
