#include "core/model/tensor_binder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>

#include "core/base/error.hpp"

namespace moescope::model {
namespace {

bool is_float8(ElementType type) {
  return type == ElementType::kF8E4M3 || type == ElementType::kF8E5M2;
}

/// Angles: of old checkpoints, which say what the configuration says, and of GGUF, which its
/// reader has taken.
bool is_of_the_rotation(std::string_view name) {
  return name.ends_with(".rotary_emb.inv_freq") || name == "rope_freqs.weight" ||
         name == "rope_factors_short.weight" || name == "rope_factors_long.weight";
}

}  // namespace

std::string bias_name(std::string name) {
  constexpr std::string_view kWeight = "weight";
  if (!name.ends_with(kWeight)) return name + "_bias";
  return name.replace(name.size() - kWeight.size(), kWeight.size(), "bias");
}

Matrix TensorBinder::matrix(const std::string& name, std::size_t n_row, std::size_t n_col) {
  const formats::TensorView& tensor =
      n_row == 1 && is_vector(name) ? take(name, {n_col}) : take(name, {n_row, n_col});
  Matrix out{tensor.type, n_row, n_col, tensor.bytes.data(), {}};
  if (is_float8(tensor.type)) out.scales = scales(name, n_row, n_col);
  return out;
}

std::vector<float> TensorBinder::vector(const std::string& name, std::size_t n) {
  return formats::to_f32(take(name, {n}));
}

Projection TensorBinder::projection(const std::string& name, std::size_t n_row, std::size_t n_col,
                                    bool bias) {
  Projection out{matrix(name, n_row, n_col), {}};
  if (bias) out.bias = vector(bias_name(name), n_row);
  return out;
}

NormWeights TensorBinder::norm(const std::string& name, std::size_t n, NormKind kind) {
  NormWeights out{vector(name, n), {}};
  if (kind == NormKind::kLayer) out.bias = vector(bias_name(name), n);
  return out;
}

MlpWeights TensorBinder::mlp(const std::string& gate, const std::string& up,
                             const std::string& down, std::size_t d_hidden) {
  return {projection(gate, d_hidden, config_.d_model, false),
          projection(up, d_hidden, config_.d_model, false),
          projection(down, config_.d_model, d_hidden, false)};
}

std::vector<Matrix> TensorBinder::matrices(const std::string& name, std::size_t n,
                                           std::size_t n_row, std::size_t n_col) {
  const formats::TensorView& tensor = take(name, {n, n_row, n_col});
  if (is_float8(tensor.type))
    fail(ErrorCode::kBadInput,
         "tensor '{}': 8-bit floats with factors are supported in matrices, got a stack of {}",
         name, n);
  const std::size_t stride = tensor.bytes.size() / n;
  std::vector<Matrix> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back({tensor.type, n_row, n_col, tensor.bytes.data() + i * stride, {}});
  return out;
}

std::vector<Matrix> TensorBinder::microscaled_matrices(const std::string& name, std::size_t n,
                                                       std::size_t n_row, std::size_t n_col) {
  constexpr std::size_t kBlock = 32;
  if (n_col % kBlock != 0)
    fail(ErrorCode::kBadInput, "tensor '{}': expected rows of whole blocks of {}, got {} columns",
         name, kBlock, n_col);
  const auto blocks = bytes_of(name + "_blocks", {n, n_row, n_col / kBlock, kBlock / 2});
  const auto scales = bytes_of(name + "_scales", {n, n_row, n_col / kBlock});
  std::vector<Matrix> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back({ElementType::kF4E2M1,
                   n_row,
                   n_col,
                   blocks.data() + i * (blocks.size() / n),
                   {.data = scales.data() + i * (scales.size() / n),
                    .type = ElementType::kE8M0,
                    .block_rows = 1,
                    .block_cols = kBlock}});
  return out;
}

std::vector<Matrix> TensorBinder::transposed_matrices(const std::string& name, std::size_t n,
                                                      std::size_t n_row, std::size_t n_col) {
  std::vector<Matrix> out = matrices(name, n, n_col, n_row);
  const std::size_t size = info(out[0].type).block_bytes;
  if (info(out[0].type).block_elems != 1)
    fail(ErrorCode::kBadInput, "tensor '{}': expected f32, f16 or bf16, got {}", name,
         moescope::name(out[0].type));
  for (Matrix& m : out) {
    auto copy = std::make_unique<OwnedBytes>(n_row * n_col * size);
    for (std::size_t r = 0; r < n_row; ++r)
      for (std::size_t c = 0; c < n_col; ++c)
        std::memcpy(copy->data() + (r * n_col + c) * size, m.data + (c * n_row + r) * size, size);
    m = {m.type, n_row, n_col, copy->data(), {}};
    out_.owned.push_back(std::move(copy));
  }
  return out;
}

std::vector<std::vector<float>> TensorBinder::vectors(const std::string& name, std::size_t n,
                                                      std::size_t n_col) {
  const std::vector<float> all = formats::to_f32(take(name, {n, n_col}));
  std::vector<std::vector<float>> out;
  for (std::size_t i = 0; i < n; ++i) {
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(i * n_col);
    out.emplace_back(first, first + static_cast<std::ptrdiff_t>(n_col));
  }
  return out;
}

void TensorBinder::refuse_leftovers() const {
  for (const formats::TensorView& tensor : files_.tensors()) {
    if (taken_.contains(tensor.name) || is_of_the_rotation(tensor.name)) continue;
    if (is_of_a_later_layer(tensor.name) || tensor.name.ends_with(".activation_scale")) continue;
    fail(ErrorCode::kBadInput,
         "{}: tensor '{}': no part of '{}' takes it; does the configuration belong to these "
         "weights?",
         files_.files()[tensor.file_index].path.string(), tensor.name, config_.family);
  }
}

bool TensorBinder::is_of_a_later_layer(std::string_view name) const {
  for (std::size_t i = 0; i < config_.n_draft_layer; ++i)
    if (name.starts_with(tensor_name(names_.layer, LayerIdx(config_.n_layer + i)))) return true;
  return false;
}

bool TensorBinder::is_vector(const std::string& name) const {
  const formats::TensorView* tensor = files_.find(name);
  return tensor != nullptr && tensor->shape.size() == 1;
}

kernels::BlockScales TensorBinder::scales(const std::string& name, std::size_t n_row,
                                          std::size_t n_col) {
  const std::string scale_name = name + "_scale_inv";
  const formats::TensorView* tensor = files_.find(scale_name);
  if (tensor == nullptr)
    fail(ErrorCode::kBadInput,
         "tensor '{}': an 8-bit matrix needs its factors, and '{}' is missing", name, scale_name);
  constexpr ElementType kScaleTypes[] = {ElementType::kF32, ElementType::kF16, ElementType::kBF16,
                                         ElementType::kE8M0};
  if (std::find(std::begin(kScaleTypes), std::end(kScaleTypes), tensor->type) ==
      std::end(kScaleTypes))
    fail(ErrorCode::kBadInput, "tensor '{}': expected f32, f16, bf16 or f8_e8m0, got {}",
         scale_name, moescope::name(tensor->type));
  taken_.insert(scale_name);
  kernels::BlockScales out{.data = tensor->bytes.data(), .type = tensor->type};
  if (tensor->n_element() == 1) return out;
  const auto [rows, cols] = config_.scale_block;
  const formats::Shape wanted =
      rows == 0 ? formats::Shape{}
                : formats::Shape{(n_row + rows - 1) / rows, (n_col + cols - 1) / cols};
  if (tensor->shape != wanted)
    fail(ErrorCode::kBadInput, "tensor '{}': expected shape {} or one factor, got {}", scale_name,
         formats::shape_text(wanted), formats::shape_text(tensor->shape));
  out.block_rows = rows;
  out.block_cols = cols;
  return out;
}

std::span<const std::byte> TensorBinder::bytes_of(const std::string& name,
                                                  std::initializer_list<std::size_t> shape) {
  const formats::TensorView& tensor = files_.require(name, std::vector<std::size_t>(shape));
  if (tensor.type != ElementType::kU8)
    fail(ErrorCode::kBadInput, "tensor '{}': expected element type u8, got {}", name,
         moescope::name(tensor.type));
  taken_.insert(name);
  return tensor.bytes;
}

const formats::TensorView& TensorBinder::take(const std::string& name,
                                              std::initializer_list<std::size_t> shape) {
  const formats::TensorView& tensor = files_.require(name, std::vector<std::size_t>(shape));
  if (!info(tensor.type).is_weight)
    fail(ErrorCode::kBadInput,
         "{}: tensor '{}': element type '{}' cannot be computed with; expected floats or blocks "
         "of them",
         files_.files()[tensor.file_index].path.string(), name, moescope::name(tensor.type));
  taken_.insert(name);
  return tensor;
}

}  // namespace moescope::model
