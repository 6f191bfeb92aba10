#include "core/formats/mapped_file.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/formats/sigbus.hpp"

namespace moescope::formats {

struct MappedFile::Mapping {
  std::filesystem::path path;
  std::string label;
  FileIdentity identity;
  void* data = nullptr;
  std::size_t size = 0;
  std::optional<MappedRange> range;

  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    range.reset();
    if (data != nullptr) ::munmap(data, size);
  }
};

MappedFile::MappedFile(std::unique_ptr<Mapping> mapping) : mapping_(std::move(mapping)) {}
MappedFile::MappedFile(MappedFile&&) noexcept = default;
MappedFile& MappedFile::operator=(MappedFile&&) noexcept = default;
MappedFile::~MappedFile() = default;

MappedFile MappedFile::open(const std::filesystem::path& path) {
  return map(open_named_file(path), path);
}

MappedFile MappedFile::map(UniqueFd fd, const std::filesystem::path& path) {
  auto mapping = std::make_unique<Mapping>();
  mapping->path = path;
  mapping->label = escape_terminal(path.string());
  mapping->identity = regular_file_identity(fd.get(), path.string());
  const std::size_t size = mapping->identity.size;
  if (size == 0) fail(ErrorCode::kBadInput, "{}: the file is empty", path.string());
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) fail_errno(path.string(), errno);
  mapping->data = data;
  mapping->size = size;
  mapping->range.emplace(data, size, mapping->label.c_str());
  return MappedFile(std::move(mapping));
}

const std::filesystem::path& MappedFile::path() const {
  return mapping_->path;
}

std::span<const std::byte> MappedFile::bytes() const {
  return {static_cast<const std::byte*>(mapping_->data), mapping_->size};
}

const FileIdentity& MappedFile::identity() const {
  return mapping_->identity;
}

}  // namespace moescope::formats
