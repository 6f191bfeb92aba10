#pragma once

#include <span>

#include "core/base/index.hpp"
#include "core/base/random.hpp"
#include "core/hooks/request.hpp"

namespace moescope::model {

/// Draws the next token. Temperature 0: the largest logit, ties to the lower id. Otherwise the
/// logits are divided by the temperature and cut by top_k, then top_p, then min_p, in that order.
/// Shapes: logits [n_vocab].
/// Errors: none; the caller has checked the options (check_sampling) and that the logits are
/// finite. Source: nucleus sampling, Holtzman et al. 2020; min-p, Nguyen et al. 2024.
TokenId sample(std::span<const float> logits, const hooks::Sampling& options, Random& random);

/// Errors: kUsage: a value outside of its range.
void check_sampling(const hooks::Sampling& options);

}  // namespace moescope::model
