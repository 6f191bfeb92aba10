#pragma once

#include <span>
#include <string_view>

#include "core/base/error.hpp"

namespace moescope::cli {

struct ExitCodeInfo {
  int code;
  std::string_view meaning;
};

/// What the program may leave with, as the man page lists it.
inline constexpr ExitCodeInfo kExitCodes[] = {
    {0, "done"},
    {static_cast<int>(ErrorCode::kBadInput),
     "malformed or unsupported input, or some prompts failed while the rest were kept"},
    {static_cast<int>(ErrorCode::kUsage), "the command line itself is off"},
    {static_cast<int>(ErrorCode::kFinding), "an audit found something (reserved for audits)"},
    {static_cast<int>(ErrorCode::kAuth),
     "authentication is missing or was refused (reserved for downloads)"},
    {static_cast<int>(ErrorCode::kInconclusive),
     "inconclusive or not assessable (reserved for audits)"},
    {static_cast<int>(ErrorCode::kIntegrity),
     "a hash or a recomputed value differs, or a measurement is unsupported"},
    {static_cast<int>(ErrorCode::kRetry),
     "no space, a lock is held or memory ran out: try again later"},
    {static_cast<int>(ErrorCode::kInterrupted), "ended by SIGINT or SIGTERM"},
};

/// One environment variable that the program reads.
struct EnvironmentInfo {
  std::string_view name;
  std::string_view meaning;
};

inline constexpr EnvironmentInfo kEnvironment[] = {
    {"MOESCOPE_DATA",
     "folder that holds models/demo and suites/; by default the source tree that "
     "the program was built in, or share/moescope beside the installed program"},
    {"OMP_NUM_THREADS", "threads that compute; results do not depend on it"},
    {"NO_COLOR", "when not empty, nothing is coloured unless --color always asks for it"},
    {"COLUMNS", "width of tables and help, instead of the terminal's own"},
    {"XDG_CACHE_HOME", "folder of the cache of file hashes, ~/.cache by default"},
};

}  // namespace moescope::cli
