#pragma once

#include <string>

#include "cli/json_output.hpp"
#include "core/model/parity.hpp"

namespace moescope::cli {

/// A comparison with a reference, and what it was of.
struct ParityCertificate {
  model::ParityResult result;
  double near_tie = 0;
  std::string model;  ///< as the user named it
  std::string family;
  std::string model_hash;  ///< over all files of the model
  std::string reference;
  std::string reference_sha256;
  std::string created;  ///< UTC, ISO 8601
};

/// For a reader at a terminal; the last line is the verdict.
void print_text(const ParityCertificate& certificate);

/// All of it, behind what `out` holds already.
JsonOutput to_json(const ParityCertificate& certificate, JsonOutput out);

/// The document "moescope.parity.v1", to be filed.
std::string certificate_text(const ParityCertificate& certificate);

}  // namespace moescope::cli
