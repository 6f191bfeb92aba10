#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Runs every file of the folder that is named through the fuzz target it is linked with.
int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::size_t n = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    std::printf("%s\n", entry.path().filename().c_str());
    std::fflush(stdout);
    // A copy of exactly that size, so that a sanitizer sees a read beyond it.
    std::vector<std::uint8_t> data(bytes.size());
    std::copy(bytes.begin(), bytes.end(), data.begin());
    LLVMFuzzerTestOneInput(data.data(), data.size());
    ++n;
  }
  std::printf("%zu files\n", n);
  return n > 0 ? 0 : 1;
}
