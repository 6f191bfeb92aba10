#include "core/trace/sidecar.hpp"

#include <fmt/core.h>

#include "core/base/error.hpp"
#include "core/formats/safetensors_writer.hpp"

namespace moescope::trace {

SidecarFolder::SidecarFolder(const std::filesystem::path& database, std::int64_t run)
    : base_(database.parent_path()),
      relative_(std::filesystem::path(database.filename().string() + ".d") /
                fmt::format("run-{}", run)) {}

SidecarFile SidecarFolder::write(std::uint64_t prompt, const std::vector<SiteValues>& sites,
                                 ElementType type) {
  std::error_code error;
  std::filesystem::create_directories(base_ / relative_, error);
  if (error)
    fail(error == std::errc::no_space_on_device ? ErrorCode::kRetry : ErrorCode::kBadInput,
         "{}: make folder: {}; may you write there?", (base_ / relative_).string(),
         error.message());
  std::vector<formats::TensorSpec> specs;
  for (const SiteValues& site : sites)
    specs.push_back({site.site, type, {site.pos.size(), site.n_col}});
  const std::filesystem::path relative =
      relative_ / fmt::format("prompt-{:08}.safetensors", prompt);
  formats::SafetensorsWriter writer(base_ / relative, std::move(specs),
                                    {{"format", "moescope activations"}});
  for (const SiteValues& site : sites) writer.append(site.bytes);
  const std::string sha256 = writer.commit();
  return {relative.string(), sha256, std::filesystem::file_size(base_ / relative)};
}

void SidecarFolder::remove_all_but(const std::set<std::string>& paths) const {
  std::error_code error;
  std::filesystem::directory_iterator entries(base_ / relative_, error);
  if (error) return;
  for (const auto& entry : entries) {
    const std::string path = (relative_ / entry.path().filename()).string();
    if (!paths.contains(path)) std::filesystem::remove(entry.path(), error);
  }
}

}  // namespace moescope::trace
