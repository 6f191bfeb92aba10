#include "cli/model_provenance.hpp"

#include <fmt/core.h>

#include <utility>

#include "cli/progress.hpp"
#include "core/base/sha256.hpp"
#include "core/formats/file_hash.hpp"

namespace moescope::cli {

std::string hash_model(const model::Model& model, bool quiet, const std::stop_token& stop) {
  const auto& files = model.source.identity_files;
  std::uint64_t total = 0;
  for (const formats::NamedFile& file : files) total += file.identity.size;
  Progress progress("hashing", "bytes", total, quiet);
  formats::HashOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t) { progress.update(done); };
  options.stop = stop;
  return formats::model_hash(formats::hash_files(files, options));
}

std::string files_id(const model::Model& model) {
  Sha256 sha;
  for (const formats::NamedFile& file : model.source.identity_files)
    sha.update(fmt::format("{} {} {}\n", file.name, file.identity.size, file.identity.mtime_ns));
  return sha.hex();
}

const std::string& ModelHasher::now() {
  if (hash_.empty()) hash_ = hash_model(model_, quiet_, stop_);
  return hash_;
}

void ModelHasher::start(std::function<void(const std::string&)> known) {
  if (!hash_.empty()) return known(hash_);
  background_ = std::async(std::launch::async, [this, known = std::move(known)] {
    const std::string hash = hash_model(model_, true, end_.get_token());
    known(hash);
    return hash;
  });
}

const std::string& ModelHasher::get() {
  if (hash_.empty()) hash_ = background_.get();
  return hash_;
}

}  // namespace moescope::cli
