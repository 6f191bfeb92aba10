#include "core/trace/sidecar.hpp"

#include <fmt/core.h>

#include <set>
#include <string_view>
#include <system_error>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/formats/safetensors_writer.hpp"

namespace moescope::trace {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "prompt-";
constexpr std::string_view kSuffix = ".safetensors";

std::string sidecar_name(std::uint64_t prompt) {
  return fmt::format("{}{:08}{}", kPrefix, prompt, kSuffix);
}

/// A name that write() gives, finished or still ".<pid>-<n>.part".
bool is_sidecar_name(std::string_view name) {
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  const std::size_t n_digit = name.find_first_not_of("0123456789");
  if (n_digit == std::string_view::npos || n_digit < 8) return false;
  name.remove_prefix(n_digit);
  return name == kSuffix ||
         (name.starts_with(std::string(kSuffix) + ".") && name.ends_with(".part"));
}

}  // namespace

SidecarFolder::SidecarFolder(const fs::path& database, std::int64_t run)
    : base_(database.parent_path()),
      relative_(fs::path(database.filename().string() + ".d") / fmt::format("run-{}", run)) {}

SidecarFile SidecarFolder::write(std::uint64_t prompt, const std::vector<SiteValues>& sites,
                                 ElementType type) {
  std::error_code error;
  fs::create_directories(base_ / relative_, error);
  if (error)
    fail(error == std::errc::no_space_on_device ? ErrorCode::kRetry : ErrorCode::kBadInput,
         "{}: make folder: {}; may you write there?", (base_ / relative_).string(),
         error.message());
  std::vector<formats::TensorSpec> specs;
  for (const SiteValues& site : sites)
    specs.push_back({site.site, type, {site.pos.size(), site.n_col}});
  const fs::path relative = relative_ / sidecar_name(prompt);
  formats::SafetensorsWriter writer(base_ / relative, std::move(specs),
                                    {{"format", "moescope activations"}});
  for (const SiteValues& site : sites) writer.append(site.bytes);
  const std::string sha256 = writer.commit();
  return {relative.string(), sha256, fs::file_size(base_ / relative)};
}

/// FILE.d and run-N, where they are there: folders and no links, which could lead anywhere.
void SidecarFolder::require_own_folders() const {
  for (const fs::path& folder : {base_ / relative_.parent_path(), base_ / relative_}) {
    const fs::file_status status = fs::symlink_status(folder);
    if (fs::exists(status) && !fs::is_directory(status))
      fail(ErrorCode::kBadInput, "{}: expected a folder for side-cars, got {}; remove it",
           folder.string(), fs::is_symlink(status) ? "a link" : "a file");
  }
}

void SidecarFolder::require_unused() const {
  require_own_folders();
  std::error_code error;
  const fs::directory_iterator entries(base_ / relative_, error);
  if (!error && entries != fs::directory_iterator())
    fail(ErrorCode::kBadInput,
         "{}: expected no folder, or an empty one: the side-cars of the new run go there, and it "
         "holds '{}'; move it away, or name another database",
         (base_ / relative_).string(), escape_terminal(entries->path().filename().string()));
}

void SidecarFolder::restore(const std::vector<SidecarFile>& named) const {
  require_own_folders();
  std::set<fs::path> kept;
  for (const SidecarFile& file : named) {
    std::error_code error;
    const fs::path path = base_ / file.path;
    const std::uint64_t n_byte = fs::file_size(path, error);
    if (error || n_byte != file.n_byte)
      fail(ErrorCode::kIntegrity,
           "{}: expected the side-car of {} bytes that the run names, got {}", path.string(),
           file.n_byte, error ? error.message() : fmt::format("{} bytes", n_byte));
    kept.insert(path.filename());
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(base_ / relative_, error))
    if (is_sidecar_name(entry.path().filename().string()) &&
        !kept.contains(entry.path().filename()))
      fs::remove(entry.path(), error);
}

}  // namespace moescope::trace
