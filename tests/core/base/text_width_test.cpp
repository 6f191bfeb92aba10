#include "core/base/text_width.hpp"

#include <gtest/gtest.h>

#include "core/base/color_ramp.hpp"

namespace moescope {
namespace {

TEST(TextWidth, CountsColumnsAndNotBytes) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("▁café"), 5u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(display_width(""), 0u);
}

TEST(TextWidth, CutsAtWholeCharacters) {
  EXPECT_EQ(cut_to_width("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_to_width("abcdef", 4), "abc…");
  EXPECT_EQ(cut_to_width("日本語", 4), "日…");
  EXPECT_EQ(cut_to_width("日本語", 5), "日本…");
  EXPECT_EQ(cut_to_width("abcdef", 4, false), "abc~");
  EXPECT_EQ(cut_to_width("abcdef", 0), "");
}

TEST(TextWidth, Pads) {
  EXPECT_EQ(pad_right("日", 4), "日  ");
  EXPECT_EQ(pad_left("é", 3), "  é");
  EXPECT_EQ(pad_left("long", 2), "long");
}

TEST(TextWidth, ReplacesWhatAnAsciiTerminalCannotShow) {
  EXPECT_EQ(ascii_only("▁caf\xc3\xa9\xff."), "_caf??.");
  EXPECT_EQ(ascii_only("1–2 … ␊␉␍␛␀␡ 日"), "1-2 ... \\n\\t\\r\\x1b\\x00\\x7f ?");
  EXPECT_EQ(ascii_forms("▁日本␊\xff"), "_日本\\n\xff");
}

/// Relative luminance (sRGB coefficients on the encoded values) of one of the 256 colours.
double lightness(IndexedColor color) {
  constexpr double kLevel[] = {0, 95, 135, 175, 215, 255};
  if (color.index >= 232) return 8 + 10 * (color.index - 232);
  const int i = color.index - 16;
  return 0.2126 * kLevel[i / 36] + 0.7152 * kLevel[i / 6 % 6] + 0.0722 * kLevel[i % 6];
}

TEST(Colors, TheSequentialRampOnlyGetsLighter) {
  double last = -1;
  for (int i = 0; i <= 100; ++i) {
    const IndexedColor color = sequential_color(i / 100.0);
    ASSERT_GE(color.index, 16);
    EXPECT_GE(lightness(color), last);
    last = lightness(color);
    EXPECT_EQ(color.dark, last < 130) << i;
  }
  EXPECT_EQ(sequential_color(-1), sequential_color(0));
  EXPECT_EQ(sequential_color(7), sequential_color(1));
}

TEST(Colors, TheFirstEightCategoriesDiffer) {
  for (std::size_t a = 0; a < 8; ++a)
    for (std::size_t b = 0; b < a; ++b) EXPECT_NE(categorical_color(a), categorical_color(b));
  EXPECT_EQ(categorical_color(11), categorical_color(3));
}

}  // namespace
}  // namespace moescope
