#include "cli/share.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <system_error>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::cli {
namespace fs = std::filesystem;

std::vector<fs::path> share_candidates() {
  if (const char* data = std::getenv("MOESCOPE_DATA"); data && *data) return {fs::path(data)};
  std::vector<fs::path> out;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return out;
  fs::path folder = program.parent_path();
  const fs::path installed = folder.parent_path() / "share" / "moescope";
  constexpr int kLevels = 4;  // the source tree, seen from build/<preset>/cli
  for (int level = 0; level < kLevels && folder.has_relative_path(); ++level) {
    out.push_back(folder);
    folder = folder.parent_path();
  }
  out.push_back(installed);
  return out;
}

std::optional<fs::path> share_folder() {
  std::error_code error;
  for (const fs::path& folder : share_candidates())
    if (fs::exists(folder / "models" / "demo" / "config.json", error)) return folder;
  return std::nullopt;
}

fs::path resolve_model(std::string_view name) {
  if (name == "demo") {
    if (const auto folder = share_folder()) return *folder / "models" / "demo";
    std::string looked;
    for (const fs::path& folder : share_candidates())
      looked += fmt::format("{}'{}'", looked.empty() ? "" : ", ", escape_terminal(folder.string()));
    fail(ErrorCode::kBadInput,
         "demo: expected models/demo/config.json in one of {}; set MOESCOPE_DATA to the folder "
         "that holds models/demo",
         looked);
  }
  std::error_code error;
  const fs::path path(name);
  if (fs::exists(path, error)) return path;
  const std::string why = error ? error.message() : "no such file or folder";
  fail(ErrorCode::kBadInput,
       "{}: {}; a model is a folder with config.json or a model file, and 'demo' is the one that "
       "comes with moescope",
       escape_terminal(name), why);
}

}  // namespace moescope::cli
