#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moescope::cli {

/// Where the folder with models/demo and suites/ may be, in order of preference: $MOESCOPE_DATA
/// alone when it is set; else the folders above the executable (a build tree inside the source
/// tree), then ../share/moescope beside it (after installation).
std::vector<std::filesystem::path> share_candidates();

/// The first candidate that holds models/demo/config.json.
std::optional<std::filesystem::path> share_folder();

/// The model that a command line names: `demo` is the model that comes with moescope, anything
/// else a path. A folder of one's own named demo is reached as ./demo.
/// Errors: kBadInput when it is not there, with what was looked for.
std::filesystem::path resolve_model(std::string_view name);

}  // namespace moescope::cli
