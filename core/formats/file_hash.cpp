#include "core/formats/file_hash.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/sha256.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxCacheBytes = 4u << 20;
constexpr std::size_t kStep = 1u << 20;
constexpr std::int64_t kSettledNs = 2'000'000'000;
constexpr std::size_t kHexDigits = 64;

template <class T>
bool take_number(std::string_view& line, T& out) {
  if (line.empty() || line[0] != ' ') return false;
  const char* last = line.data() + line.size();
  const auto [end, error] = std::from_chars(line.data() + 1, last, out);
  if (error != std::errc()) return false;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  return true;
}

bool is_hex_digest(std::string_view text) {
  return text.size() == kHexDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// "<sha256> <device> <inode> <size> <mtime>"
std::optional<std::pair<FileIdentity, std::string>> read_line(std::string_view line) {
  const std::string_view digest = line.substr(0, kHexDigits);
  if (!is_hex_digest(digest)) return std::nullopt;
  line.remove_prefix(kHexDigits);
  FileIdentity id;
  const bool whole = take_number(line, id.device) && take_number(line, id.inode) &&
                     take_number(line, id.size) && take_number(line, id.mtime_ns) && line.empty();
  if (!whole) return std::nullopt;
  return std::pair(id, std::string(digest));
}

bool has_settled(const FileIdentity& identity) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  return now_ns - identity.mtime_ns > kSettledNs;
}

/// Counts bytes over all files and looks at the stop token.
class Progress {
 public:
  Progress(const HashOptions& options, std::uint64_t total) : options_(options), total_(total) {}

  void add(std::uint64_t n_byte) {
    done_ += n_byte;
    if (options_.stop.stop_requested()) fail(ErrorCode::kInterrupted, "hashing was stopped");
    if (options_.progress) options_.progress(done_, total_);
  }

 private:
  const HashOptions& options_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
};

void require_identity(int fd, const NamedFile& file) {
  const std::string where = file.path.string();
  if (regular_file_identity(fd, where) != file.identity)
    fail(ErrorCode::kIntegrity, "{}: the file changed since it was opened; run again", where);
}

std::string digest_of(int fd, const NamedFile& file, Progress& progress) {
  Sha256 sha;
  std::vector<std::byte> buffer(kStep);
  static_cast<void>(::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
  while (true) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno(file.path.string(), errno);
    if (got == 0) return sha.hex();
    sha.update(std::span<const std::byte>(buffer).first(static_cast<std::size_t>(got)));
    progress.add(static_cast<std::uint64_t>(got));
  }
}

std::string hash_one(const NamedFile& file, HashCache& cache, Progress& progress) {
  const UniqueFd fd = open_named_file(file.path);
  require_identity(fd.get(), file);
  if (auto known = cache.find(file.identity)) {
    progress.add(file.identity.size);
    return *std::move(known);
  }
  std::string sha256 = digest_of(fd.get(), file, progress);
  require_identity(fd.get(), file);
  cache.add(file.identity, sha256);
  return sha256;
}

}  // namespace

fs::path standard_cache_file() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && fs::path(cache).is_absolute()) return fs::path(cache) / "moescope/hashes";
  const char* home = std::getenv("HOME");
  if (home != nullptr && fs::path(home).is_absolute())
    return fs::path(home) / ".cache/moescope/hashes";
  return {};
}

HashTable read_hash_cache(std::string_view text) {
  HashTable out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;  // the last line was cut while it was written
    if (auto entry = read_line(text.substr(0, end)))
      out.insert_or_assign(entry->first, std::move(entry->second));
    text.remove_prefix(end + 1);
  }
  return out;
}

HashCache::HashCache(fs::path file) : file_(std::move(file)) {}

HashCache HashCache::standard() {
  return HashCache(standard_cache_file());
}

std::optional<std::string> HashCache::find(const FileIdentity& identity) const {
  const UniqueFd fd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return std::nullopt;
  HashTable table;
  try {
    table = read_hash_cache(read_all(fd.get(), file_.string(), kMaxCacheBytes));
  } catch (const Error&) {  // unreadable or too large: as good as none
    return std::nullopt;
  }
  const auto at = table.find(identity);
  if (at == table.end()) return std::nullopt;
  return at->second;
}

void HashCache::add(const FileIdentity& identity, std::string_view sha256) {
  if (file_.empty() || !has_settled(identity)) return;
  std::error_code error;
  fs::create_directories(file_.parent_path(), error);
  const bool full = fs::file_size(file_, error) > kMaxCacheBytes / 2 && !error;
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK;
  const UniqueFd fd(::open(file_.c_str(), full ? flags | O_TRUNC : flags, 0600));
  if (!fd.valid()) return;
  // One write appends the line whole; the line end before it closes one that was cut.
  const std::string line = fmt::format("\n{} {} {} {} {}\n", sha256, identity.device,
                                       identity.inode, identity.size, identity.mtime_ns);
  const ssize_t put = ::write(fd.get(), line.data(), line.size());
  static_cast<void>(put);  // without the line the file is hashed again next time
}

std::vector<FileHash> hash_files(std::span<const NamedFile> files, HashOptions options) {
  std::uint64_t total = 0;
  for (const NamedFile& file : files) total += file.identity.size;
  Progress progress(options, total);
  std::vector<FileHash> out;
  for (const NamedFile& file : files)
    out.push_back({file.name, hash_one(file, options.cache, progress)});
  return out;
}

std::string hash_file(const fs::path& path, HashOptions options) {
  const UniqueFd fd = open_named_file(path);
  const NamedFile file{path.filename().string(), path,
                       regular_file_identity(fd.get(), path.string())};
  return hash_files({&file, 1}, std::move(options))[0].sha256;
}

std::string model_hash(std::span<const FileHash> files) {
  std::vector<std::string> lines;
  lines.reserve(files.size());
  for (const FileHash& file : files)
    lines.push_back(fmt::format("{}  {}\n", file.sha256, file.name));
  std::sort(lines.begin(), lines.end());
  Sha256 sha;
  for (const std::string& line : lines) sha.update(line);
  return sha.hex();
}

}  // namespace moescope::formats
