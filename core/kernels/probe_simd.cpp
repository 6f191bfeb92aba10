#include "core/kernels/probe.hpp"

#include <cstdint>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/probe_simd.cpp"
#include "core/kernels/simd_targets.hpp"
// after simd_targets.hpp
#include <hwy/foreach_target.h>

#include "core/kernels/simd_lanes.hpp"

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

#if MOESCOPE_HAVE_LANES

std::size_t spin(std::size_t n_round) {
  constexpr std::size_t kChains = 12;
  constexpr D d;
  V chain[kChains];
  for (V& value : chain) value = hn::Zero(d);
  const V factor = hn::Set(d, 0.5f);
  const V step = hn::Set(d, 1.0f);
  HWY_UNROLL(1)
  for (std::size_t i = 0; i < n_round; ++i) {
    HWY_UNROLL(12)
    for (V& value : chain) value = hn::MulAdd(value, factor, step);
  }
  V sum = hn::Zero(d);
  for (const V value : chain) sum = hn::Add(sum, value);
  return hn::GetLane(sum) < 0 ? 0 : n_round * kChains * kWidth * 2;
}

std::size_t read(std::span<const std::byte> bytes) {
  const hn::CappedTag<std::uint64_t, 8> d;
  constexpr std::size_t kWords = hn::MaxLanes(d);
  hn::Vec<decltype(d)> mix[8];
  for (auto& value : mix) value = hn::Zero(d);
  const auto* at = reinterpret_cast<const std::uint64_t*>(bytes.data());
  HWY_UNROLL(1)
  for (std::size_t i = 0; i < bytes.size() / 8; i += 8 * kWords) {
    HWY_UNROLL(8)
    for (std::size_t j = 0; j < 8; ++j) mix[j] = hn::Xor(mix[j], hn::LoadU(d, at + i + j * kWords));
  }
  for (std::size_t j = 1; j < 8; ++j) mix[0] = hn::Xor(mix[0], mix[j]);
  alignas(64) std::uint64_t words[kWords];
  hn::Store(mix[0], d, words);
  std::uint64_t all = 0;
  for (const std::uint64_t word : words) all ^= word;
  return all;
}

#else

std::size_t spin(std::size_t) {
  return 0;
}

std::size_t read(std::span<const std::byte> bytes) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    all ^= word;
  }
  return all;
}

#endif

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moescope::kernels {
namespace {

HWY_EXPORT(spin);
HWY_EXPORT(read);

}  // namespace

std::size_t spin_fma(std::size_t n_round) noexcept {
  return HWY_DYNAMIC_DISPATCH(spin)(n_round);
}

std::size_t read_through(std::span<const std::byte> bytes) noexcept {
  return HWY_DYNAMIC_DISPATCH(read)(bytes);
}

}  // namespace moescope::kernels
#endif  // HWY_ONCE
