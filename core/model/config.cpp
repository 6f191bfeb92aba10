#include "core/model/config.hpp"

#include <algorithm>

namespace moescope::model {

std::size_t ModelConfig::n_route() const {
  return static_cast<std::size_t>(std::count(routes.begin(), routes.end(), true));
}

}  // namespace moescope::model
