#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace moescope::trace {

enum class OpenMode {
  kReadOnly,   ///< an existing file; nothing is ever written or checkpointed
  kReadWrite,  ///< an existing file
  kCreate,     ///< made when it is absent
};

enum class ColumnType { kNull, kInteger, kReal, kText, kBlob };

class Statement;

/// One connection to one database file. Every file is opened as if a stranger had written it:
/// defensive mode, no trusted schema, cell sizes checked.
/// Errors: kRetry for no space, I/O, memory and locks; kBadInput for a file that is no database or
/// is damaged, and for wrong SQL; kInterrupted after a stop request. All name the file.
class Database {
 public:
  Database(const std::filesystem::path& file, OpenMode mode);
  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  const std::string& name() const;

  /// Runs every statement of the text, dropping rows.
  void execute(const std::string& sql);
  Statement prepare(std::string_view sql);

  /// The first column of the first row as an integer. Errors: kBadInput when there is none.
  std::int64_t integer(std::string_view sql);
  std::string text(std::string_view sql);
  std::int64_t last_insert_id() const;

  /// SQLite's own quick check of the pages. Errors: kBadInput with what it found.
  void quick_check();

  /// Statements end with kInterrupted soon after a stop is requested.
  void stop_on(std::stop_token token);

  sqlite3* raw() const;
  /// Throws what a result code means. `what` names the part that the caller asked for; may be "".
  [[noreturn]] void raise(int code, std::string_view what) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

using Blob = std::span<const std::byte>;

/// A prepared statement. Values are bound by position from 1; columns count from 0.
/// Bytes that are valid UTF-8 without NUL are bound as TEXT, others as BLOB.
/// Typed columns throw kBadInput when the stored type is another one.
class Statement {
 public:
  Statement(Database& db, std::string_view sql);
  ~Statement();
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;

  void bind(int at, std::nullptr_t);
  void bind(int at, std::int64_t value);
  void bind(int at, std::uint64_t value) { bind(at, static_cast<std::int64_t>(value)); }
  void bind(int at, std::uint32_t value) { bind(at, static_cast<std::int64_t>(value)); }
  void bind(int at, std::uint16_t value) { bind(at, static_cast<std::int64_t>(value)); }
  void bind(int at, int value) { bind(at, static_cast<std::int64_t>(value)); }
  void bind(int at, double value);  ///< not a number becomes NULL
  void bind(int at, float value) { bind(at, static_cast<double>(value)); }
  void bind(int at, std::string_view bytes);
  void bind(int at, const std::string& bytes) { bind(at, std::string_view(bytes)); }
  void bind(int at, const char* text) { bind(at, std::string_view(text)); }
  void bind(int at, Blob bytes);
  template <class T>
  void bind(int at, const std::optional<T>& value) {
    value ? bind(at, *value) : bind(at, nullptr);
  }

  /// Binds all values in order, runs to the end and resets.
  template <class... Values>
  void run(const Values&... values) {
    bind_all(values...);
    while (step()) {
    }
    reset();
  }
  template <class... Values>
  Statement& bind_all(const Values&... values) {
    [[maybe_unused]] int at = 0;
    (bind(++at, values), ...);
    return *this;
  }

  /// Goes to the next row; false at the end.
  bool step();
  void reset();

  int n_column() const;
  std::string column_name(int at) const;
  ColumnType type(int at) const;
  bool is_null(int at) const { return type(at) == ColumnType::kNull; }
  std::int64_t integer(int at) const;
  /// An integer from lo to hi, both included.
  std::int64_t integer(int at, std::int64_t lo, std::int64_t hi) const;
  double real(int at) const;            ///< an integer counts as a real
  std::string bytes(int at) const;      ///< TEXT or BLOB
  std::string_view view(int at) const;  ///< the same, valid until the next step or reset
  std::optional<std::int64_t> maybe_integer(int at) const;
  std::optional<double> maybe_real(int at) const;
  std::optional<std::string> maybe_bytes(int at) const;

 private:
  [[noreturn]] void mistyped(int at, std::string_view expected) const;

  const Database* db_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

/// A write transaction that rolls back unless it was committed.
class Transaction {
 public:
  explicit Transaction(Database& db);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& db_;
  bool open_ = true;
};

}  // namespace moescope::trace
