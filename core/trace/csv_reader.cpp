#include "core/trace/csv_reader.hpp"

#include <algorithm>
#include <utility>

#include "core/base/error.hpp"

namespace moescope::trace {
namespace {

class CsvReader {
 public:
  CsvReader(std::string_view bytes, std::string_view where, char delimiter)
      : bytes_(bytes), where_(where), delimiter_(delimiter) {}

  std::vector<CsvRecord> read() {
    std::vector<CsvRecord> out;
    while (at_ < bytes_.size()) {
      CsvRecord record = read_record();
      if (record.cells.size() != 1 || !record.cells[0].empty()) out.push_back(std::move(record));
    }
    return out;
  }

 private:
  CsvRecord read_record() {
    CsvRecord record;
    record.line = line_;
    const std::size_t begin = at_;
    for (;;) {
      record.cells.push_back(at_ < bytes_.size() && bytes_[at_] == '"' ? quoted() : plain());
      if (at_ < bytes_.size() && bytes_[at_] == delimiter_) {
        ++at_;
        continue;
      }
      record.raw = bytes_.substr(begin, at_ - begin);
      if (record.raw.ends_with('\r')) record.raw.remove_suffix(1);
      end_of_line();
      return record;
    }
  }

  std::string plain() {
    const char ends[] = {delimiter_, '\n'};
    const std::size_t end =
        std::min(bytes_.find_first_of(std::string_view(ends, 2), at_), bytes_.size());
    std::string_view cell = bytes_.substr(at_, end - at_);
    at_ = end;
    if (end < bytes_.size() && bytes_[end] == '\n' && cell.ends_with('\r')) cell.remove_suffix(1);
    return std::string(cell);
  }

  std::string quoted() {
    const std::size_t first_line = line_;
    std::string cell;
    for (++at_; at_ < bytes_.size(); ++at_) {
      if (bytes_[at_] == '"') {
        if (at_ + 1 >= bytes_.size() || bytes_[at_ + 1] != '"') {
          ++at_;
          return cell;
        }
        ++at_;
      }
      line_ += bytes_[at_] == '\n';
      cell += bytes_[at_];
    }
    fail(ErrorCode::kBadInput, "{}: line {}: expected a closing quote, got the end of the file",
         where_, first_line);
  }

  void end_of_line() {
    if (bytes_.substr(at_).starts_with("\r\n")) ++at_;
    if (at_ < bytes_.size() && bytes_[at_] != '\n')
      fail(ErrorCode::kBadInput,
           "{}: line {}: expected a {} or the end of the line after a quoted cell", where_, line_,
           delimiter_ == '\t' ? "tab" : "comma");
    ++at_;
    ++line_;
  }

  std::string_view bytes_;
  std::string_view where_;
  char delimiter_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

std::vector<CsvRecord> read_csv(std::string_view bytes, std::string_view where, char delimiter) {
  return CsvReader(bytes, where, delimiter).read();
}

}  // namespace moescope::trace
