#include "core/base/color_ramp.hpp"

#include <algorithm>
#include <array>

namespace moescope {
namespace {

constexpr std::array<IndexedColor, 9> kCividis = {{{17, true},
                                                   {18, true},
                                                   {239, true},
                                                   {241, true},
                                                   {243, true},
                                                   {246, false},
                                                   {143, false},
                                                   {185, false},
                                                   {221, false}}};

constexpr std::array<IndexedColor, 8> kOkabeIto = {{{214, false},
                                                    {74, false},
                                                    {36, false},
                                                    {227, false},
                                                    {25, true},
                                                    {166, true},
                                                    {175, false},
                                                    {245, false}}};

}  // namespace

IndexedColor sequential_color(double value) noexcept {
  if (!(value > 0)) return kCividis.front();
  const double step = std::min(value, 1.0) * static_cast<double>(kCividis.size());
  return kCividis[std::min(static_cast<std::size_t>(step), kCividis.size() - 1)];
}

IndexedColor categorical_color(std::size_t i) noexcept {
  return kOkabeIto[i % kOkabeIto.size()];
}

}  // namespace moescope
