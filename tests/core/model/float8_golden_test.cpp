#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <vector>

#include "core/formats/safetensors_writer.hpp"
#include "core/formats/weight_files.hpp"
#include "core/kernels/stored.hpp"
#include "tests/core/model/event_log.hpp"
#include "tests/core/model/tiny_model.hpp"

namespace moescope::model {
namespace {

using testing_support::EventLog;
using testing_support::source_of;
using testing_support::TempFolder;

constexpr std::size_t kBlock = 32;

/// The values of all finite E4M3 codes, by the type's definition: sign, 4 bits of exponent with
/// bias 7, 3 of fraction; the code with all of them set is NaN.
std::vector<float> e4m3_values() {
  std::vector<float> out(256, std::numeric_limits<float>::quiet_NaN());
  for (int code = 0; code < 256; ++code) {
    const int exponent = code >> 3 & 15;
    const int fraction = code & 7;
    if (exponent == 15 && fraction == 7) continue;
    const float size = exponent == 0
                           ? std::ldexp(static_cast<float>(fraction), -9)
                           : std::ldexp(1.0f + static_cast<float>(fraction) / 8.0f, exponent - 7);
    out[static_cast<std::size_t>(code)] = code < 128 ? size : -size;
  }
  return out;
}

/// One matrix as 8-bit codes with a factor for every block of 32 × 32, and the values it stands for.
struct Quantised {
  std::vector<std::byte> codes;
  std::vector<float> factors;
  std::vector<float> values;
};

Quantised quantise(const std::vector<float>& w, std::size_t n_row, std::size_t n_col) {
  const std::vector<float> known = e4m3_values();
  const std::size_t n_across = (n_col + kBlock - 1) / kBlock;
  Quantised out;
  out.codes.resize(w.size());
  out.values.resize(w.size());
  out.factors.assign((n_row + kBlock - 1) / kBlock * n_across, 0.0f);
  const auto block = [&](std::size_t i) {
    return i / n_col / kBlock * n_across + i % n_col / kBlock;
  };
  for (std::size_t i = 0; i < w.size(); ++i)
    out.factors[block(i)] = std::max(out.factors[block(i)], std::abs(w[i]) / 448.0f);
  for (std::size_t i = 0; i < w.size(); ++i) {
    const float factor = out.factors[block(i)];
    std::size_t best = 0;
    for (std::size_t code = 0; code < known.size(); ++code)
      if (std::abs(known[code] * factor - w[i]) < std::abs(known[best] * factor - w[i]))
        best = code;
    out.codes[i] = static_cast<std::byte>(best);
    out.values[i] = known[best] * factor;
  }
  return out;
}

/// Writes one model twice: its projections as 8-bit floats, and the values that these stand for.
void write_both(const std::filesystem::path& from, const std::filesystem::path& small,
                const std::filesystem::path& plain) {
  const auto files = formats::WeightFiles::open(formats::Folder::open(from));
  std::vector<Quantised> kept;
  kept.reserve(files.tensors().size());
  std::vector<std::string> names;
  names.reserve(files.tensors().size());
  std::vector<formats::TensorView> as_small, as_plain;
  for (const formats::TensorView& t : files.tensors()) {
    if (!t.name.ends_with("_proj.weight") && !t.name.ends_with("_mqa.weight")) {
      as_small.push_back(t);
      as_plain.push_back(t);
      continue;
    }
    const std::size_t n_row = t.shape[0], n_col = t.shape[1];
    const Quantised& q = kept.emplace_back(quantise(formats::to_f32(t), n_row, n_col));
    names.push_back(std::string(t.name) + "_scale_inv");
    as_small.push_back(
        {.name = t.name, .type = ElementType::kF8E4M3, .shape = t.shape, .bytes = q.codes});
    as_small.push_back({.name = names.back(),
                        .type = ElementType::kF32,
                        .shape = {(n_row + kBlock - 1) / kBlock, (n_col + kBlock - 1) / kBlock},
                        .bytes = std::as_bytes(std::span(q.factors))});
    as_plain.push_back({.name = t.name,
                        .type = ElementType::kF32,
                        .shape = t.shape,
                        .bytes = std::as_bytes(std::span(q.values))});
  }
  ASSERT_FALSE(kept.empty());
  std::filesystem::create_directories(small);
  std::filesystem::create_directories(plain);
  formats::write_safetensors(small / "model.safetensors", as_small);
  formats::write_safetensors(plain / "model.safetensors", as_plain);
  std::ifstream in(from / "config.json");
  std::string config{std::istreambuf_iterator<char>(in), {}};
  std::ofstream(plain / "config.json") << config;
  config.replace(config.find('{'), 1,
                 R"({"quantization_config": {"quant_method": "fp8", "fmt": "e4m3",
                     "activation_scheme": "dynamic", "weight_block_size": [32, 32]},)");
  std::ofstream(small / "config.json") << config;
}

EventLog run(const Model& model) {
  hooks::Request request;
  for (std::size_t i = 0; i < 40; ++i)
    request.ids.emplace_back((i * 37 + 5) % model.config.n_vocab);
  EventLog log;
  run_requests(model, {}, source_of({request}),
               {.routing = true, .prediction = true, .logits = true}, {}, log);
  return log;
}

/// Families whose published checkpoints are 8-bit; heads and blocks do not end together here.
class Float8 : public testing::TestWithParam<const char*> {};

TEST_P(Float8, GivesWhatItsValuesGive) {
  const auto copy = std::filesystem::path(MOESCOPE_SOURCE_DIR) / "tests" / "golden" / GetParam();
  const auto from = std::filesystem::exists(copy)
                        ? copy
                        : std::filesystem::path(MOESCOPE_SHARED_DIR) / "goldens" / GetParam();
  if (!std::filesystem::exists(from / "model.safetensors"))
    GTEST_SKIP() << "missing: " << from << " (shared/ beside the repository)";
  const TempFolder folder;
  write_both(from, folder.path() / "small", folder.path() / "plain");
  const EventLog small = run(open_model(folder.path() / "small"));
  const EventLog plain = run(open_model(folder.path() / "plain"));
  ASSERT_EQ(small.bits.size(), plain.bits.size());
  for (const auto& [key, bits] : plain.bits) {
    const auto& others = small.bits.at(key);
    ASSERT_EQ(others.size(), bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i)
      ASSERT_NEAR(std::bit_cast<float>(others[i]), std::bit_cast<float>(bits[i]), 1e-4f)
          << std::get<1>(key) << " of layer " << std::get<2>(key);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Float8,
                         testing::Values("deepseek_v2", "deepseek_v3", "qwen3_moe", "glm4_moe"),
                         [](const auto& param_info) { return std::string(param_info.param); });

}  // namespace
}  // namespace moescope::model
