#include "core/trace/sqlite.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <cmath>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"
#include "core/formats/io.hpp"

namespace moescope::trace {
namespace {

struct SqliteMeaning {
  int code;
  ErrorCode error;
  std::string_view advice;
};

/// What a result code of SQLite means for the user; codes not listed are kBadInput.
constexpr SqliteMeaning kMeanings[] = {
    {SQLITE_FULL, ErrorCode::kRetry, "; free some space and run it again with --resume"},
    {SQLITE_IOERR, ErrorCode::kRetry, "; check the disk and run it again"},
    {SQLITE_NOMEM, ErrorCode::kRetry, "; free some memory and run it again"},
    {SQLITE_BUSY, ErrorCode::kRetry, "; another program is using it, try again later"},
    {SQLITE_LOCKED, ErrorCode::kRetry, "; another program is using it, try again later"},
    {SQLITE_PROTOCOL, ErrorCode::kRetry, "; another program is using it, try again later"},
    {SQLITE_CANTOPEN, ErrorCode::kBadInput, "; does the file exist and may you open it?"},
    {SQLITE_PERM, ErrorCode::kBadInput, "; may you write there?"},
    {SQLITE_READONLY, ErrorCode::kBadInput, "; may you write there?"},
    {SQLITE_NOTADB, ErrorCode::kBadInput, "; expected an SQLite database"},
    {SQLITE_CORRUPT, ErrorCode::kBadInput, "; the file is damaged, restore it from a copy"},
    {SQLITE_INTERRUPT, ErrorCode::kInterrupted, ""},
};

int on_progress(void* stop) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kReadOnly:
      return SQLITE_OPEN_READONLY;
    case OpenMode::kReadWrite:
      return SQLITE_OPEN_READWRITE;
    case OpenMode::kCreate:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return SQLITE_OPEN_READONLY;
}

}  // namespace

struct Database::State {
  std::string name;
  sqlite3* handle = nullptr;
  std::stop_token stop;
  ~State() { sqlite3_close_v2(handle); }
};

Database::Database(const std::filesystem::path& file, OpenMode mode)
    : state_(std::make_unique<State>()) {
  state_->name = file.string();
  const int flags = flags_of(mode) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file.c_str(), &state_->handle, flags, nullptr);
  if (code != SQLITE_OK) raise(code, "open");
  sqlite3_db_config(state_->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(state_->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(state_->handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_limit(state_->handle, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_busy_timeout(state_->handle, 5000);
  execute("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;");
}

Database::~Database() = default;
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;

const std::string& Database::name() const {
  return state_->name;
}
sqlite3* Database::raw() const {
  return state_->handle;
}

void Database::raise(int code, std::string_view what) const {
  const char* text =
      state_->handle != nullptr ? sqlite3_errmsg(state_->handle) : sqlite3_errstr(code);
  const int cause = state_->handle != nullptr ? sqlite3_system_errno(state_->handle) : 0;
  const bool lacks_something =
      cause == EMFILE || cause == ENFILE || cause == ENOSPC || cause == EDQUOT || cause == ENOMEM;
  if ((code & 0xff) == SQLITE_CANTOPEN && lacks_something) formats::fail_errno(state_->name, cause);
  ErrorCode error = ErrorCode::kBadInput;
  std::string_view advice;
  for (const SqliteMeaning& row : kMeanings)
    if (row.code == (code & 0xff)) {
      error = row.error;
      advice = row.advice;
    }
  if (error == ErrorCode::kInterrupted) fail(error, "{}: interrupted", state_->name);
  fail(error, "{}: {}{}{}{}", state_->name, what, what.empty() ? "" : ": ", escape_terminal(text),
       advice);
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(state_->handle, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) raise(code, "");
}

Statement Database::prepare(std::string_view sql) {
  return {*this, sql};
}

std::int64_t Database::integer(std::string_view sql) {
  Statement statement(*this, sql);
  if (!statement.step())
    fail(ErrorCode::kBadInput, "{}: {}: expected a row, got none", name(), sql);
  return statement.integer(0);
}

std::string Database::text(std::string_view sql) {
  Statement statement(*this, sql);
  if (!statement.step())
    fail(ErrorCode::kBadInput, "{}: {}: expected a row, got none", name(), sql);
  return statement.bytes(0);
}

std::int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(state_->handle);
}

void Database::quick_check() {
  Statement statement(*this, "PRAGMA quick_check(1)");
  const std::string found = statement.step() ? statement.bytes(0) : "nothing";
  if (found != "ok")
    fail(ErrorCode::kBadInput, "{}: expected a whole database, got: {}; restore it from a copy",
         name(), escape_terminal(found));
}

void Database::stop_on(std::stop_token token) {
  state_->stop = std::move(token);
  sqlite3_progress_handler(state_->handle, 1000, on_progress, &state_->stop);
}

Statement::Statement(Database& db, std::string_view sql) : db_(&db) {
  const int code = sqlite3_prepare_v3(db.raw(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (code != SQLITE_OK) db.raise(code, "query");
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(db_, other.db_);
  std::swap(statement_, other.statement_);
  return *this;
}

void Statement::bind(int at, std::nullptr_t) {
  if (const int code = sqlite3_bind_null(statement_, at)) db_->raise(code, "bind");
}

void Statement::bind(int at, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(statement_, at, value)) db_->raise(code, "bind");
}

void Statement::bind(int at, double value) {
  if (const int code = sqlite3_bind_double(statement_, at, value)) db_->raise(code, "bind");
}

void Statement::bind(int at, std::string_view bytes) {
  const bool plain = bytes.find('\0') == std::string_view::npos && !first_invalid_utf8(bytes);
  const char* data = bytes.data() != nullptr ? bytes.data() : "";
  const int code =
      plain ? sqlite3_bind_text64(statement_, at, data, bytes.size(), SQLITE_TRANSIENT, SQLITE_UTF8)
            : sqlite3_bind_blob64(statement_, at, data, bytes.size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) db_->raise(code, "bind");
}

void Statement::bind(int at, Blob bytes) {
  const void* data = bytes.data() != nullptr ? static_cast<const void*>(bytes.data()) : "";
  if (const int code = sqlite3_bind_blob64(statement_, at, data, bytes.size(), SQLITE_TRANSIENT))
    db_->raise(code, "bind");
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const int reset_code = sqlite3_reset(statement_);
  db_->raise(reset_code != SQLITE_OK ? reset_code : code, "query");
}

void Statement::reset() {
  sqlite3_reset(statement_);
}

int Statement::n_column() const {
  return sqlite3_column_count(statement_);
}

std::string Statement::column_name(int at) const {
  const char* name = sqlite3_column_name(statement_, at);
  return name != nullptr ? name : "";
}

ColumnType Statement::type(int at) const {
  switch (sqlite3_column_type(statement_, at)) {
    case SQLITE_INTEGER:
      return ColumnType::kInteger;
    case SQLITE_FLOAT:
      return ColumnType::kReal;
    case SQLITE_TEXT:
      return ColumnType::kText;
    case SQLITE_BLOB:
      return ColumnType::kBlob;
    default:
      return ColumnType::kNull;
  }
}

void Statement::mistyped(int at, std::string_view expected) const {
  constexpr std::string_view kNames[] = {"null", "an integer", "a real", "text", "a blob"};
  fail(ErrorCode::kBadInput, "{}: column '{}': expected {}, got {}", db_->name(),
       escape_terminal(column_name(at)), expected, kNames[static_cast<std::size_t>(type(at))]);
}

std::int64_t Statement::integer(int at) const {
  if (type(at) != ColumnType::kInteger) mistyped(at, "an integer");
  return sqlite3_column_int64(statement_, at);
}

std::int64_t Statement::integer(int at, std::int64_t lo, std::int64_t hi) const {
  const std::int64_t value = integer(at);
  if (value < lo || value > hi)
    fail(ErrorCode::kBadInput, "{}: column '{}': expected an integer from {} to {}, got {}",
         db_->name(), escape_terminal(column_name(at)), lo, hi, value);
  return value;
}

double Statement::real(int at) const {
  const ColumnType t = type(at);
  if (t != ColumnType::kReal && t != ColumnType::kInteger) mistyped(at, "a real");
  return sqlite3_column_double(statement_, at);
}

std::string_view Statement::view(int at) const {
  const ColumnType t = type(at);
  if (t != ColumnType::kText && t != ColumnType::kBlob) mistyped(at, "text or a blob");
  const void* data = sqlite3_column_blob(statement_, at);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, at));
  return size == 0 ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

std::string Statement::bytes(int at) const {
  return std::string(view(at));
}

std::optional<std::int64_t> Statement::maybe_integer(int at) const {
  if (is_null(at)) return std::nullopt;
  return integer(at);
}

std::optional<double> Statement::maybe_real(int at) const {
  if (is_null(at)) return std::nullopt;
  return real(at);
}

std::optional<std::string> Statement::maybe_bytes(int at) const {
  if (is_null(at)) return std::nullopt;
  return bytes(at);
}

Transaction::Transaction(Database& db) : db_(db) {
  db_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (open_) sqlite3_exec(db_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  db_.execute("COMMIT");
  open_ = false;
}

}  // namespace moescope::trace
