#include "cli/model_provenance.hpp"

#include "cli/progress.hpp"
#include "core/formats/file_hash.hpp"

namespace moescope::cli {

std::string hash_model(const model::Model& model, bool quiet, const std::stop_token& stop) {
  const auto files = model.folder.identity_files(model.files);
  std::uint64_t total = 0;
  for (const formats::NamedFile& file : files) total += file.identity.size;
  Progress progress("hashing", "bytes", total, quiet);
  formats::HashOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t) { progress.update(done); };
  options.stop = stop;
  return formats::model_hash(formats::hash_files(files, options));
}

}  // namespace moescope::cli
