#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/formats/weight_files.hpp"
#include "core/model/weights.hpp"

namespace moescope::model {

/// "….bias" of "….weight", "…_bias" of anything else.
std::string bias_name(std::string name);

/// Takes tensors from the files, by name and with the shape that the configuration asks for, and
/// remembers which were taken. Files, names, configuration and result must outlive it.
/// Errors: kBadInput: a tensor that is missing, of another shape or of a type the kernels lack.
class TensorBinder {
 public:
  TensorBinder(const formats::WeightFiles& files, const TensorNames& names,
               const ModelConfig& config, Weights& out)
      : files_(files), names_(names), config_(config), out_(out) {}

  bool has(const std::string& name) const { return files_.find(name) != nullptr; }

  Matrix matrix(const std::string& name, std::size_t n_row, std::size_t n_col);
  std::vector<float> vector(const std::string& name, std::size_t n);
  Projection projection(const std::string& name, std::size_t n_row, std::size_t n_col, bool bias);
  NormWeights norm(const std::string& name, std::size_t n, NormKind kind);
  MlpWeights mlp(const std::string& gate, const std::string& up, const std::string& down,
                 std::size_t d_hidden);

  /// All matrices of a tensor [n, n_row, n_col].
  std::vector<Matrix> matrices(const std::string& name, std::size_t n, std::size_t n_row,
                               std::size_t n_col);
  /// The matrices of two tensors: blocks [n, n_row, n_col / 32, 16] of 4-bit floats, and scales
  /// [n, n_row, n_col / 32] of powers of two.
  std::vector<Matrix> microscaled_matrices(const std::string& name, std::size_t n,
                                           std::size_t n_row, std::size_t n_col);
  /// Those of a tensor [n, n_col, n_row], turned over into memory of our own.
  std::vector<Matrix> transposed_matrices(const std::string& name, std::size_t n, std::size_t n_row,
                                          std::size_t n_col);
  /// The rows of a tensor [n, n_col] as vectors.
  std::vector<std::vector<float>> vectors(const std::string& name, std::size_t n,
                                          std::size_t n_col);

  /// Lets a tensor be there although nothing takes it.
  void ignore(const std::string& name) { taken_.insert(name); }
  /// Errors: kBadInput: a tensor that nothing took.
  void refuse_leftovers() const;

 private:
  /// Layers that predict further tokens in training stand behind the model's own.
  bool is_of_a_later_layer(std::string_view name) const;
  /// GGUF keeps a matrix of one row without that dimension.
  bool is_vector(const std::string& name) const;
  /// The factors of an 8-bit matrix: one, or one for every block that the configuration names.
  kernels::BlockScales scales(const std::string& name, std::size_t n_row, std::size_t n_col);
  std::span<const std::byte> bytes_of(const std::string& name,
                                      std::initializer_list<std::size_t> shape);
  const formats::TensorView& take(const std::string& name,
                                  std::initializer_list<std::size_t> shape);

  const formats::WeightFiles& files_;
  const TensorNames& names_;
  const ModelConfig& config_;
  Weights& out_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace moescope::model
