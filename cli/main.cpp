#include <fmt/format.h>

#include <exception>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "cli/dispatch.hpp"
#include "cli/output.hpp"
#include "cli/wait_policy.hpp"
#include "core/base/error.hpp"
#include "core/formats/sigbus.hpp"

namespace {

/// A message may quote a file line by line; control characters were escaped where it was made.
int report(const moescope::Error& error) {
  if (!error.message().empty()) moescope::cli::message(error.message());
  return static_cast<int>(error.code());
}

}  // namespace

int main(int argc, char** argv) {
  moescope::cli::guard_standard_streams();
  try {
    const std::span<char*> given(argv, static_cast<std::size_t>(argc));
    const std::vector<std::string> words(given.begin() + (argc > 0 ? 1 : 0), given.end());
    moescope::cli::let_threads_sleep(argv);
    moescope::formats::install_sigbus_handler();
    const int code = moescope::cli::dispatch(words);
    moescope::cli::flush_out();
    return code;
  } catch (const moescope::Error& error) {
    return report(error);
  } catch (const std::bad_alloc&) {
    moescope::cli::message("moescope: out of memory; free some, or try a smaller batch");
    return static_cast<int>(moescope::ErrorCode::kRetry);
  } catch (const std::exception& error) {
    moescope::cli::message(fmt::format(
        "moescope: internal error: {}; this is a bug, please report it with the command line",
        error.what()));
    return 1;
  }
}
