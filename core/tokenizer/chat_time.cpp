#include <fmt/format.h>

#include <array>

#include "core/tokenizer/chat_machine.hpp"

namespace moescope::tokenizer {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};

std::string field(Machine& machine, char what, const std::tm& t) {
  const auto day = kDays[static_cast<std::size_t>(t.tm_wday) % kDays.size()];
  const auto month = kMonths[static_cast<std::size_t>(t.tm_mon) % kMonths.size()];
  const int hour12 = t.tm_hour % 12 == 0 ? 12 : t.tm_hour % 12;
  switch (what) {
    case 'Y':
      return fmt::format("{}", t.tm_year + 1900);
    case 'y':
      return fmt::format("{:02d}", t.tm_year % 100);
    case 'm':
      return fmt::format("{:02d}", t.tm_mon + 1);
    case 'd':
      return fmt::format("{:02d}", t.tm_mday);
    case 'e':
      return fmt::format("{:2d}", t.tm_mday);
    case 'B':
      return std::string(month);
    case 'b':
      return std::string(month.substr(0, 3));
    case 'A':
      return std::string(day);
    case 'a':
      return std::string(day.substr(0, 3));
    case 'H':
      return fmt::format("{:02d}", t.tm_hour);
    case 'I':
      return fmt::format("{:02d}", hour12);
    case 'p':
      return t.tm_hour < 12 ? "AM" : "PM";
    case 'M':
      return fmt::format("{:02d}", t.tm_min);
    case 'S':
      return fmt::format("{:02d}", t.tm_sec);
    case 'j':
      return fmt::format("{:03d}", t.tm_yday + 1);
    case '%':
      return "%";
    default:
      machine.unsupported(
          "a field of strftime_now other than %Y %y %m %d %e %B %b %A %a "
          "%H %I %p %M %S %j");
  }
}

}  // namespace

std::string format_time(Machine& machine, std::string_view format, const std::tm& time) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    machine.budget().step();
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    ++i;
    // %-d is %d without its zero.
    const bool bare = format[i] == '-' && i + 1 < format.size();
    if (bare) ++i;
    std::string shown = field(machine, format[i], time);
    if (bare)
      while (shown.size() > 1 && (shown[0] == '0' || shown[0] == ' ')) shown.erase(0, 1);
    out += shown;
  }
  return out;
}

}  // namespace moescope::tokenizer
