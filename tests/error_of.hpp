#pragma once

#include <functional>
#include <string>

#include "core/base/error.hpp"

namespace moescope {

/// The message of the Error that `f` throws, or "no error".
inline std::string error_of(const std::function<void()>& f, ErrorCode* code = nullptr) {
  try {
    f();
  } catch (const Error& e) {
    if (code != nullptr) *code = e.code();
    return e.message();
  }
  return "no error";
}

}  // namespace moescope
