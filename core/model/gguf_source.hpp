#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/formats/gguf_metadata.hpp"
#include "core/formats/weight_files.hpp"

namespace moescope::model {

/// What is read of one GGUF file: its keys under the architecture's name, and its tensors.
class GgufSource {
 public:
  GgufSource(const formats::GgufMetadata& metadata, const formats::WeightFiles& weights)
      : metadata_(metadata), weights_(weights), name_(metadata.string("general.architecture")) {}

  /// The value of general.architecture.
  const std::string& name() const { return name_; }
  const formats::GgufMetadata& metadata() const { return metadata_; }
  /// "<architecture>.<suffix>", which counts as understood from then on.
  std::string key(std::string_view suffix) const;
  /// Errors: kBadInput: a key under the architecture's name that was not asked for and may change
  /// the numbers.
  void refuse_keys_not_read() const;

  // Values of keys under the architecture's name. Errors: kBadInput: outside [lo, hi].
  std::size_t count(std::string_view suffix, std::uint64_t lo, std::uint64_t hi) const;
  std::size_t count_or(std::string_view suffix, std::size_t fallback, std::uint64_t lo,
                       std::uint64_t hi) const;
  std::optional<float> number(std::string_view suffix, double lo, double hi) const;
  bool flag_or(std::string_view suffix, bool fallback) const;

  bool has_tensor(std::string_view tensor) const { return weights_.find(tensor) != nullptr; }
  /// The values of a tensor [n].
  std::vector<float> factors(std::string_view tensor, std::size_t n) const;
  /// Rows of the embedding.
  std::size_t n_vocab() const;

 private:
  const formats::GgufMetadata& metadata_;
  const formats::WeightFiles& weights_;
  std::string name_;
  mutable std::set<std::string, std::less<>> asked_;  ///< keys
};

}  // namespace moescope::model
