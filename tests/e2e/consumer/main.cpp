// Opens a model through the installed headers and prints its shape.
#include <fmt/core.h>

#include "core/base/error.hpp"
#include "core/kernels/isa.hpp"
#include "core/model/model.hpp"

int main(int argc, char** argv) {
  try {
    if (argc != 2) moescope::fail(moescope::ErrorCode::kUsage, "consumer: expected a model folder");
    const moescope::model::Model model = moescope::model::open_model(argv[1]);
    fmt::print("{} layers on {}\n", model.config.n_layer, moescope::kernels::isa_name());
    return 0;
  } catch (const moescope::Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    return static_cast<int>(error.code());
  }
}
