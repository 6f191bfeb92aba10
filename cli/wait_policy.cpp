#include "cli/wait_policy.hpp"

#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>

namespace moescope::cli {

void let_threads_sleep(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  if (setenv("OMP_WAIT_POLICY", "passive", 1) != 0) return;
  std::array<char, PATH_MAX> self{};  // the link's target, so that the process keeps its name
  const ssize_t length = readlink("/proc/self/exe", self.data(), self.size() - 1);
  if (length > 0) execv(self.data(), argv);
}

}  // namespace moescope::cli
