#include "core/model/gguf_source.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::model {
namespace {

/// The vocabulary is that of the embedding; the others are notes on where the model came from.
constexpr std::string_view kWithoutEffect[] = {"vocab_size", "rope.scaling.finetuned",
                                               "tensor_data_layout"};

}  // namespace

std::string GgufSource::key(std::string_view suffix) const {
  return *asked_.insert(fmt::format("{}.{}", name_, suffix)).first;
}

void GgufSource::refuse_keys_not_read() const {
  for (const std::string_view suffix : kWithoutEffect) key(suffix);
  const std::string prefix = name_ + ".";
  for (const formats::GgufEntry& entry : metadata_.entries())
    if (entry.key.starts_with(prefix) && !asked_.contains(entry.key))
      fail(ErrorCode::kBadInput, "{}: key {} is not understood for '{}' and may change the numbers",
           metadata_.where(), quoted_name(entry.key), name_);
}

std::size_t GgufSource::count(std::string_view suffix, std::uint64_t lo, std::uint64_t hi) const {
  return metadata_.uint(key(suffix), lo, hi);
}

std::size_t GgufSource::count_or(std::string_view suffix, std::size_t fallback, std::uint64_t lo,
                                 std::uint64_t hi) const {
  return metadata_.find_uint(key(suffix), lo, hi).value_or(fallback);
}

std::optional<float> GgufSource::number(std::string_view suffix, double lo, double hi) const {
  const auto value = metadata_.find_number(key(suffix));
  if (value && !(*value >= lo && *value <= hi))
    metadata_.expected(key(suffix), fmt::format("a number from {} to {}", lo, hi));
  return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
}

bool GgufSource::flag_or(std::string_view suffix, bool fallback) const {
  return metadata_.find_boolean(key(suffix)).value_or(fallback);
}

std::vector<float> GgufSource::factors(std::string_view tensor, std::size_t n) const {
  const std::array<std::size_t, 1> shape{n};
  return formats::to_f32(weights_.require(tensor, shape));
}

std::size_t GgufSource::n_vocab() const {
  const formats::TensorView* embed = weights_.find("token_embd.weight");
  if (embed == nullptr || embed->shape.size() != 2)
    fail(ErrorCode::kBadInput, "{}: tensor 'token_embd.weight': expected a matrix, got {}",
         metadata_.where(), embed == nullptr ? "none" : formats::shape_text(embed->shape));
  return embed->shape[0];
}

}  // namespace moescope::model
