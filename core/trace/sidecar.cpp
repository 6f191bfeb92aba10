#include "core/trace/sidecar.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"

namespace moescope::trace {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, std::string_view what, int error) {
  const bool retry = error == ENOSPC || error == EDQUOT || error == EIO || error == EFBIG ||
                     error == EMFILE || error == ENFILE;
  fail(retry ? ErrorCode::kRetry : ErrorCode::kBadInput, "{}: {}: {}; {}", file.string(), what,
       std::strerror(error),
       retry ? "free some space and run it again with --resume" : "may you write there?");
}

/// A file being written, with the hash of what went in.
class HashedFile {
 public:
  explicit HashedFile(std::filesystem::path file) : file_(std::move(file)) {
    fd_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd_ < 0) refuse(file_, "open", errno);
  }
  ~HashedFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  HashedFile(const HashedFile&) = delete;
  HashedFile& operator=(const HashedFile&) = delete;

  void write(const void* data, std::size_t size) {
    const auto* at = static_cast<const std::byte*>(data);
    hash_.update(std::span(at, size));
    n_byte_ += size;
    while (size > 0) {
      const ssize_t n = ::write(fd_, at, size);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) refuse(file_, "write", n < 0 ? errno : EIO);
      at += n;
      size -= static_cast<std::size_t>(n);
    }
  }
  void sync() {
    if (::fsync(fd_) != 0) refuse(file_, "sync", errno);
  }
  std::string hex() { return hash_.hex(); }
  std::uint64_t n_byte() const { return n_byte_; }

 private:
  std::filesystem::path file_;
  int fd_ = -1;
  Sha256 hash_;
  std::uint64_t n_byte_ = 0;
};

void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) refuse(folder, "open", errno);
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (result != 0) refuse(folder, "sync", error);
}

/// Source: the format as the README of huggingface/safetensors defines it.
std::string safetensors_header(const std::vector<SiteValues>& sites, ElementType type) {
  std::string json = R"({"__metadata__":{"format":"moescope activations"})";
  std::size_t begin = 0;
  for (const SiteValues& site : sites) {
    const std::size_t end = begin + site.bytes.size();
    json += fmt::format(R"(,{}:{{"dtype":"{}","shape":[{},{}],"data_offsets":[{},{}]}})",
                        json_string(site.site), info(type).safetensors_name, site.pos.size(),
                        site.n_col, begin, end);
    begin = end;
  }
  json += "}";
  json.resize((json.size() + 7) / 8 * 8, ' ');
  std::string out;
  for (std::size_t i = 0; i < 8; ++i)
    out += static_cast<char>((std::uint64_t{json.size()} >> (8 * i)) & 0xff);
  return out + json;
}

}  // namespace

SidecarFolder::SidecarFolder(const std::filesystem::path& database, std::int64_t run)
    : base_(database.parent_path()),
      relative_(std::filesystem::path(database.filename().string() + ".d") /
                fmt::format("run-{}", run)) {}

SidecarFile SidecarFolder::write(std::uint64_t prompt, const std::vector<SiteValues>& sites,
                                 ElementType type) {
  const std::filesystem::path folder = base_ / relative_;
  if (!made_) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) refuse(folder, "make folder", error.value());
    sync_folder(folder.parent_path());
    sync_folder(base_.empty() ? "." : base_);
    made_ = true;
  }
  const std::filesystem::path relative =
      relative_ / fmt::format("prompt-{:08}.safetensors", prompt);
  HashedFile file(base_ / relative);
  const std::string header = safetensors_header(sites, type);
  file.write(header.data(), header.size());
  for (const SiteValues& site : sites) file.write(site.bytes.data(), site.bytes.size());
  file.sync();
  sync_folder(folder);
  return {relative.string(), file.hex(), file.n_byte()};
}

void SidecarFolder::remove_all_but(const std::set<std::string>& paths) const {
  std::error_code error;
  std::filesystem::directory_iterator entries(base_ / relative_, error);
  if (error) return;
  for (const auto& entry : entries) {
    const std::string path = (relative_ / entry.path().filename()).string();
    if (!paths.contains(path) && entry.path().extension() == ".safetensors")
      std::filesystem::remove(entry.path(), error);
  }
}

}  // namespace moescope::trace
