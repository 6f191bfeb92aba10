#include "cli/doctor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "cli/share.hpp"
#include "cli/terminal.hpp"
#include "cli/version.hpp"
#include "core/base/escape.hpp"
#include "core/formats/file_hash.hpp"
#include "core/kernels/isa.hpp"
#include "core/trace/sqlite_version.hpp"

namespace moescope::cli {
namespace fs = std::filesystem;
namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

std::string gib(double bytes) {
  return fmt::format("{:.1f} GiB", bytes / kGiB);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// The value behind "name :" or "name:" in a file of /proc; empty when it is not there.
std::string proc_value(const char* file, std::string_view name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || !line.starts_with(name)) continue;
    const auto end_of_name = line.find_last_not_of(" \t", colon - 1);
    if (end_of_name + 1 != name.size()) continue;
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

Finding terminal_finding() {
  const Terminal out = stdout_terminal();
  const std::string_view colors = out.colors == ColorDepth::k256 ? "256 colours"
                                  : out.colors == ColorDepth::k8 ? "8 colours"
                                                                 : "no colours";
  const std::string term = environment("TERM");
  return {.topic = "terminal",
          .value = fmt::format(
              "{}, {} columns, {}, TERM={}",
              out.is_terminal ? "standard output is a terminal" : "standard output is no terminal",
              out.width, colors, term.empty() ? "(unset)" : escape_terminal(term))};
}

Finding locale_finding() {
  Finding out{.topic = "locale"};
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (out.value.empty() && !environment(name).empty())
      out.value = fmt::format("{}={}", name, escape_terminal(environment(name)));
  if (out.value.empty()) out.value = "none set";
  if (!stdout_terminal().utf8) {
    out.health = Health::kNote;
    out.advice = "is not UTF-8: heatmaps fall back to ASCII; for example LC_ALL=C.UTF-8 helps";
  }
  return out;
}

std::vector<std::string> cpu_features() {
  std::string flags =
      ' ' + proc_value("/proc/cpuinfo", "flags") + proc_value("/proc/cpuinfo", "Features") + ' ';
  std::vector<std::string> found;
  for (const char* flag :
       {"sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16",
        "amx_bf16", "amx_int8", "asimd", "asimdhp", "asimddp", "bf16", "sve"})
    if (flags.find(fmt::format(" {} ", flag)) != std::string::npos) found.emplace_back(flag);
  return found;
}

Finding processor_finding() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int n_core = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
  const std::string model = proc_value("/proc/cpuinfo", "model name");
  return {.topic = "processor",
          .value = fmt::format("{}, {} cores to use, {}", model.empty() ? "unnamed" : model, n_core,
                               fmt::join(cpu_features(), " "))};
}

Finding memory_finding() {
  const auto kib = [](std::string_view name) {
    return std::strtod(proc_value("/proc/meminfo", name).c_str(), nullptr);
  };
  const double available = kib("MemAvailable") * 1024;
  Finding out{.topic = "memory",
              .value = fmt::format("{} of {} free", gib(available), gib(kib("MemTotal") * 1024))};
  if (available < kGiB / 4) {
    out.health = Health::kBad;
    out.advice = "less than 0.25 GiB is free: even the demo model may not fit";
  }
  return out;
}

bool is_network_folder(const fs::path& folder) {
  struct statfs info {};
  if (statfs(folder.c_str(), &info) != 0) return false;
  const auto type = static_cast<std::uint64_t>(info.f_type) & 0xffffffffu;
  // NFS, SMB, SMB2, CIFS, AFS, Ceph, Lustre: the magic numbers of statfs(2).
  for (const std::uint64_t remote :
       {0x6969u, 0x517bu, 0xfe534d42u, 0xff534d42u, 0x5346414fu, 0x00c36400u, 0x0bd00bd0u})
    if (type == remote) return true;
  return false;
}

Finding folder_finding(std::string topic, fs::path folder) {
  Finding out{.topic = std::move(topic)};
  std::error_code error;
  fs::path existing = folder;
  while (!fs::exists(existing, error) && existing.has_relative_path())
    existing = existing.parent_path();
  struct statvfs info {};
  if (statvfs(existing.c_str(), &info) != 0) {
    out.health = Health::kBad;
    out.value = fmt::format("{} cannot be looked at", escape_terminal(folder.string()));
    return out;
  }
  const double bytes = static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize);
  out.value = fmt::format("{}{}, {} free", escape_terminal(folder.string()),
                          existing == folder ? "" : " (not made yet)", gib(bytes));
  if (access(existing.c_str(), W_OK) != 0) {
    out.health = Health::kNote;
    out.advice = "cannot be written to";
  } else if (bytes < kGiB) {
    out.health = Health::kNote;
    out.advice = "less than 1 GiB is free: a recording may stop, and can resume when there is room";
  } else if (is_network_folder(existing)) {
    out.health = Health::kNote;
    out.advice =
        "is on a network file system: SQLite's locks are not reliable there, record on a "
        "local disk and copy the file";
  }
  return out;
}

/// The folder of the cache of file hashes, as HashCache::standard() finds it.
Finding cache_finding() {
  const fs::path file = formats::standard_cache_file();
  if (!file.empty()) return folder_finding("cache", file.parent_path());
  const bool any = !environment("XDG_CACHE_HOME").empty() || !environment("HOME").empty();
  return {.topic = "cache",
          .health = Health::kNote,
          .value = fmt::format("no folder is known: neither XDG_CACHE_HOME nor HOME is {}",
                               any ? "an absolute path" : "set"),
          .advice = "hashes of model files are computed anew each time"};
}

Finding demo_finding() {
  Finding out{.topic = "demo model"};
  if (const auto folder = share_folder()) {
    out.value = escape_terminal((*folder / "models" / "demo").string());
    return out;
  }
  out.health = Health::kBad;
  out.value = "not found";
  out.advice = "set MOESCOPE_DATA to the folder that holds models/demo";
  return out;
}

std::string openmp_version() {
#ifdef _OPENMP
  return fmt::format("specification of {}-{:02}", _OPENMP / 100, _OPENMP % 100);
#else
  return "not built in";
#endif
}

Finding openmp_finding() {
  const std::string threads = environment("OMP_NUM_THREADS");
  return {.topic = "openmp",
          .value = fmt::format(
              "{}, OMP_NUM_THREADS {}", openmp_version(),
              threads.empty() ? "not set: one thread a core" : escape_terminal(threads))};
}

}  // namespace

std::string_view name(Health health) {
  switch (health) {
    case Health::kGood:
      return "good";
    case Health::kNote:
      return "note";
    case Health::kBad:
      return "bad";
  }
  return "";
}

std::vector<Finding> examine() {
  std::error_code error;
  std::vector<Finding> out;
  out.push_back({.topic = "moescope", .value = std::string(program_version())});
  out.push_back(terminal_finding());
  out.push_back(locale_finding());
  out.push_back(processor_finding());
  out.push_back({.topic = "instruction set", .value = std::string(kernels::isa_name())});
  out.push_back(memory_finding());
  out.push_back(folder_finding("this folder", fs::current_path(error)));
  out.push_back(cache_finding());
  out.push_back(demo_finding());
  out.push_back(openmp_finding());
  out.push_back(library_finding("sqlite", trace::sqlite_version()));
  out.push_back(library_finding(
      "nlohmann-json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                   NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)));
  out.push_back({.topic = "fmt",
                 .value = fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100,
                                      FMT_VERSION % 100)});
  return out;
}

}  // namespace moescope::cli
