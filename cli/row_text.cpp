#include "cli/row_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "cli/number_text.hpp"
#include "core/base/escape.hpp"
#include "core/base/text_width.hpp"

namespace moescope::cli {
namespace {

using trace::ColumnType;
using trace::Statement;

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

/// Always with a point or an exponent, so that it reads back as a real.
std::string real_text(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::string shown_cell(const Statement& row, int column, std::size_t width,
                       const Terminal& terminal) {
  std::string text;
  switch (row.type(column)) {
    case ColumnType::kNull:
      return "null";
    case ColumnType::kInteger:
      return fmt::format("{}", row.integer(column));
    case ColumnType::kReal:
      return real_text(row.real(column));
    case ColumnType::kText:
      text = shown_on(terminal, escape_terminal(row.view(column)));
      break;
    case ColumnType::kBlob: {
      constexpr std::size_t kPrefix = 8;
      const std::string_view bytes = row.view(column);
      return fmt::format("x'{}{}' ({})", hex(bytes.substr(0, kPrefix)),
                         bytes.size() > kPrefix ? "..." : "", counted(bytes.size(), "byte"));
    }
  }
  return terminal.is_terminal ? cut_to_width(text, width, terminal.utf8) : text;
}

std::string json_cell(const Statement& row, int column) {
  switch (row.type(column)) {
    case ColumnType::kNull:
      break;
    case ColumnType::kInteger:
      return fmt::format("{}", row.integer(column));
    case ColumnType::kReal:
      return std::isfinite(row.real(column)) ? real_text(row.real(column)) : "null";
    case ColumnType::kText:
      return json_string(row.view(column));
    case ColumnType::kBlob:
      return fmt::format("{{\"hex\": \"{}\"}}", hex(row.view(column)));
  }
  return "null";
}

std::string csv_header(const Statement& row) {
  std::string line;
  for (int c = 0; c < row.n_column(); ++c) line += (c ? "," : "") + csv_cell(row.column_name(c));
  return line + "\n";
}

std::string csv_row(const Statement& row) {
  std::string line;
  for (int c = 0; c < row.n_column(); ++c) {
    if (c) line += ',';
    switch (row.type(c)) {
      case ColumnType::kNull:
        break;
      case ColumnType::kInteger:
        line += fmt::format("{}", row.integer(c));
        break;
      case ColumnType::kReal:
        line += real_text(row.real(c));
        break;
      case ColumnType::kText:
        line += row.view(c).empty() ? "\"\"" : csv_cell(row.view(c));
        break;
      case ColumnType::kBlob:
        line += "x'" + hex(row.view(c)) + "'";
        break;
    }
  }
  return line + "\n";
}

std::string jsonl_row(const Statement& row) {
  std::string line = "{";
  for (int c = 0; c < row.n_column(); ++c)
    line +=
        fmt::format("{}{}: {}", c ? ", " : "", json_string(row.column_name(c)), json_cell(row, c));
  return line + "}\n";
}

}  // namespace moescope::cli
