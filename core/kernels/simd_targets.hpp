#pragma once

// Include before any header of Highway: which instruction sets are compiled. The ones without a
// fused multiply-add run the plain twins, and Highway's baseline already stands for these.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
