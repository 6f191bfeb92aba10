#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/help.hpp"
#include "cli/number_text.hpp"
#include "cli/output.hpp"
#include "cli/recorded.hpp"
#include "cli/row_text.hpp"
#include "cli/terminal.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/text_width.hpp"
#include "core/trace/query.hpp"

namespace moescope::cli {
namespace {

constexpr std::size_t kBatch = 1000;   ///< rows whose widths are taken together
constexpr std::size_t kMostCell = 60;  ///< columns of a cell on a terminal

std::string read_stdin() {
  std::string text;
  char buffer[65536];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, stdin)) {
    text.append(buffer, n);
    if (text.size() > 1'000'000)
      fail(ErrorCode::kUsage, "sql: standard input: expected at most 1000000 bytes");
  }
  return text;
}

/// Rows as aligned columns, a batch at a time, so that any number of rows fits in memory.
class AlignedRows {
 public:
  AlignedRows(const trace::Statement& rows, const Terminal& terminal) : terminal_(terminal) {
    for (int c = 0; c < rows.n_column(); ++c)
      header_.push_back(shown_on(terminal, escape_terminal(rows.column_name(c))));
    width_.assign(header_.size(), 0);
    right_.assign(header_.size(), false);
  }

  void add(const trace::Statement& rows) {
    std::vector<std::string> cells;
    for (int c = 0; c < rows.n_column(); ++c) {
      cells.push_back(shown_cell(rows, c, kMostCell, terminal_));
      const auto type = rows.type(c);
      if (type == trace::ColumnType::kInteger || type == trace::ColumnType::kReal)
        right_[static_cast<std::size_t>(c)] = true;
    }
    batch_.push_back(std::move(cells));
    if (batch_.size() >= kBatch) flush();
  }

  void flush() {
    if (!header_written_) measure(header_);
    for (const auto& row : batch_) measure(row);
    if (!header_written_) {
      write(header_);
      std::vector<std::string> rule;
      for (const std::size_t width : width_) rule.emplace_back(width, '-');
      write(rule);
      header_written_ = true;
    }
    for (const auto& row : batch_) write(row);
    batch_.clear();
  }

 private:
  void measure(const std::vector<std::string>& row) {
    for (std::size_t c = 0; c < row.size(); ++c)
      width_[c] = std::max(width_[c], display_width(row[c]));
  }

  void write(const std::vector<std::string>& row) const {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c) line += "  ";
      line += right_[c] ? pad_left(row[c], width_[c]) : pad_right(row[c], width_[c]);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    write_out(line + "\n");
  }

  const Terminal& terminal_;
  std::vector<std::string> header_;
  std::vector<std::size_t> width_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> batch_;
  bool header_written_ = false;
};

/// Steps through at most `limit` rows; true when there were more.
template <class Use>
bool each_row(trace::Statement& rows, std::uint64_t limit, Use&& use) {
  for (std::uint64_t n = 0; rows.step(); ++n) {
    if (n == limit) return true;
    use();
  }
  return false;
}

bool write_table(trace::Statement& rows, std::uint64_t limit) {
  const Terminal terminal = stdout_terminal();
  AlignedRows table(rows, terminal);
  const bool more = each_row(rows, limit, [&] { table.add(rows); });
  table.flush();
  return more;
}

bool write_csv(trace::Statement& rows, std::uint64_t limit) {
  write_out(csv_header(rows));
  return each_row(rows, limit, [&] { write_out(csv_row(rows)); });
}

bool write_json(trace::Statement& rows, std::uint64_t limit) {
  write_out("{\n  \"schema\": \"moescope.sql.v1\",\n  \"columns\": [");
  for (int c = 0; c < rows.n_column(); ++c)
    print("{}{}", c ? ", " : "", json_string(rows.column_name(c)));
  write_out("],\n  \"rows\": [");
  bool first = true;
  const bool more = each_row(rows, limit, [&] {
    write_out(first ? "\n    [" : ",\n    [");
    first = false;
    for (int c = 0; c < rows.n_column(); ++c) print("{}{}", c ? ", " : "", json_cell(rows, c));
    write_out("]");
  });
  print("{}],\n  \"more_rows\": {}\n}}\n", first ? "" : "\n  ", more);
  return more;
}

/// What there is to ask about.
void write_relations(trace::Database& db, bool json) {
  const auto relations = trace::list_relations(db);
  if (json) {
    write_out("{\n  \"schema\": \"moescope.sql.v1\",\n  \"relations\": [");
    for (std::size_t i = 0; i < relations.size(); ++i) {
      print("{}\n    {{\"name\": {}, \"view\": {}, \"columns\": [", i ? "," : "",
            json_string(relations[i].name), relations[i].is_view);
      for (std::size_t c = 0; c < relations[i].columns.size(); ++c)
        print("{}{}", c ? ", " : "", json_string(relations[i].columns[c]));
      write_out("]}");
    }
    write_out("\n  ]\n}\n");
    return;
  }
  const Terminal terminal = stdout_terminal();
  const auto width = static_cast<std::size_t>(std::max(terminal.width, 40));
  for (const trace::Relation& relation : relations) {
    std::string columns;
    for (const std::string& column : relation.columns)
      columns += (columns.empty() ? "" : ", ") + escape_terminal(column);
    print("{}{}\n{}", shown_on(terminal, escape_terminal(relation.name)),
          relation.is_view ? " (view)" : "", wrap(shown_on(terminal, columns), width, 4));
  }
}

int run(const Arguments& arguments) {
  if (arguments.json() && arguments.flag("csv"))
    arguments.usage_error("--json and --csv are two forms: choose one");
  trace::Database db = open_recorded(arguments);
  db.stop_on(arguments.stop_token());
  const auto given = arguments.optional_positional(1);
  if (!given) {
    write_relations(db, arguments.json());
    return 0;
  }
  const std::string sql = *given == "-" ? read_stdin() : *given;
  trace::Statement rows = trace::prepare_query(db, sql);
  const bool table = !arguments.json() && !arguments.flag("csv");
  const std::uint64_t fallback = table && stdout_terminal().is_terminal ? 1000 : UINT64_MAX;
  const auto asked = arguments.integer("limit", 1);
  const std::uint64_t limit = asked ? static_cast<std::uint64_t>(*asked) : fallback;
  const bool more = table              ? write_table(rows, limit)
                    : arguments.json() ? write_json(rows, limit)
                                       : write_csv(rows, limit);
  flush_out();
  if (more) message(fmt::format("stopped after {}; --limit N shows more", counted(limit, "row")));
  return 0;
}

constexpr OptionInfo kOptions[] = {
    {.name = "limit",
     .argument = "N",
     .help = "at most N rows (default: 1000 on a terminal, else all)"},
    {.name = "csv",
     .argument = "",
     .help = "comma-separated values, blobs as x'...' in full; text that a spreadsheet would run "
             "as a formula (= + - @ in front) gets a leading apostrophe"},
};

constexpr Example kExamples[] = {
    {.command = "moescope sql run.db",
     .what = "the tables and views there are, with their columns"},
    {.command = "moescope sql run.db 'SELECT * FROM v_expert_usage WHERE layer = 3'",
     .what = "one layer's usage"},
    {.command = "moescope sql run.db --csv - < query.sql > rows.csv",
     .what = "a query from a file, rows for another program"},
};

}  // namespace

constinit const CommandInfo kSqlCommand = {
    .name = "sql",
    .summary = "ask a recorded database in SQL, read-only",
    .operands = "DATABASE [SQL]",
    .description =
        "Runs one SQL statement that reads and prints its rows. '-' takes it from standard input; "
        "without a statement the tables and views are listed. Whatever would change the database, "
        "attach another one or change a setting is refused. Ctrl-C ends a long query.\n\n"
        "Blobs are shown as their first bytes in hexadecimal and their size; with --csv and "
        "--json in full.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
    .watches_stop = true,
};

}  // namespace moescope::cli
