#include "core/trace/run_arrays.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "core/base/error.hpp"

namespace moescope::trace {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie");

/// Tokens that were fed: those with routing, or all of them where no layer has a router.
constexpr std::string_view kTokens =
    " FROM token t JOIN prompt p ON p.id = t.prompt WHERE p.run = ?1 AND (?2 = 0 OR EXISTS "
    "(SELECT 1 FROM routing g WHERE g.token = t.id)) ORDER BY p.idx, t.pos";

Statement token_query(Database& db, const RunRow& run, const std::string& columns) {
  Statement rows = db.prepare("SELECT " + columns + std::string(kTokens));
  rows.bind_all(run.id, static_cast<std::int64_t>(run.routing_layers.size()));
  return rows;
}

/// Collects values and hands them on in pieces.
class Pieces {
 public:
  explicit Pieces(const ByteSink& sink) : sink_(sink) {}
  template <class T>
  void put(T value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    buffer_.insert(buffer_.end(), bytes, bytes + sizeof value);
    if (buffer_.size() >= kBytes) flush();
  }
  void put_bytes(std::string_view bytes) {
    flush();
    sink_(std::as_bytes(std::span(bytes)));
  }
  void flush() {
    if (!buffer_.empty()) sink_(buffer_);
    buffer_.clear();
  }

 private:
  static constexpr std::size_t kBytes = 1u << 18;
  const ByteSink& sink_;
  std::vector<std::byte> buffer_;
};

void write_token_column(Database& db, const RunRow& run, const RunArray& array, Pieces& out) {
  const std::string column = array.name == "prompt" ? "p.idx" : "t." + array.name;
  Statement rows = token_query(db, run, column);
  while (rows.step()) {
    if (array.type == ElementType::kF32)
      out.put(static_cast<float>(
          rows.maybe_real(0).value_or(std::numeric_limits<double>::quiet_NaN())));
    else if (array.type == ElementType::kU8)
      out.put(static_cast<std::uint8_t>(rows.integer(0, 0, 255)));
    else
      out.put(static_cast<std::int32_t>(rows.integer(0, 0, INT32_MAX)));
  }
}

/// One number of each choice: expert, weight or margin.
void write_choices(Database& db, const RunRow& run, const RunArray& array, Pieces& out) {
  Statement tokens = token_query(db, run, "t.id");
  Statement rows = db.prepare("SELECT layer, slot, " + array.name +
                              " FROM routing WHERE token = ?1 ORDER BY layer, slot");
  while (tokens.step()) {
    rows.bind(1, tokens.integer(0));
    for (const LayerIdx layer : run.routing_layers)
      for (std::size_t slot = 0; slot < run.top_k; ++slot) {
        const bool there = rows.step() && rows.integer(0) == layer.value &&
                           rows.integer(1) == static_cast<std::int64_t>(slot);
        if (!there)
          fail(ErrorCode::kBadInput,
               "{}: token {}: layer {} slot {}: expected a row of routing; is the file damaged?",
               db.name(), tokens.integer(0), layer.value, slot);
        if (array.type == ElementType::kI32)
          out.put(static_cast<std::int32_t>(rows.integer(2, 0, INT32_MAX)));
        else
          out.put(static_cast<float>(
              rows.maybe_real(2).value_or(std::numeric_limits<double>::infinity())));
      }
    rows.reset();
  }
}

void write_logits(Database& db, const RunRow& run, const RunArray& array, Pieces& out) {
  const std::size_t n_byte = static_cast<std::size_t>(array.shape[1] * array.shape[2]) * 4;
  Statement rows = token_query(db, run, "t.router_logits, t.id");
  while (rows.step()) {
    const std::string_view blob = rows.is_null(0) ? std::string_view() : rows.view(0);
    if (blob.size() != n_byte)
      fail(ErrorCode::kBadInput, "{}: token {}: router_logits: expected {} bytes, got {}",
           db.name(), rows.integer(1), n_byte, blob.size());
    out.put_bytes(blob);
  }
}

}  // namespace

std::vector<RunArray> run_arrays(Database& db, const RunRow& run) {
  Statement count = db.prepare("SELECT count(*) FROM (SELECT 1" + std::string(kTokens) + ")");
  count.bind_all(run.id, static_cast<std::int64_t>(run.routing_layers.size()));
  count.step();
  const auto n_token = static_cast<std::uint64_t>(count.integer(0, 0, INT64_MAX));
  const std::uint64_t n_route = run.routing_layers.size();
  std::vector<RunArray> arrays;
  for (const char* name : {"prompt", "pos", "token_id"})
    arrays.push_back({.name = name, .type = ElementType::kI32, .shape = {n_token}});
  arrays.push_back({.name = "phase", .type = ElementType::kU8, .shape = {n_token}});
  arrays.push_back({.name = "logprob", .type = ElementType::kF32, .shape = {n_token}});
  arrays.push_back({.name = "layer", .type = ElementType::kI32, .shape = {n_route}});
  if (n_route == 0) return arrays;
  arrays.push_back(
      {.name = "expert", .type = ElementType::kI32, .shape = {n_token, n_route, run.top_k}});
  for (const char* name : {"weight", "margin"})
    arrays.push_back(
        {.name = name, .type = ElementType::kF32, .shape = {n_token, n_route, run.top_k}});
  if (run.scores == "all")
    arrays.push_back({.name = "router_logits",
                      .type = ElementType::kF32,
                      .shape = {n_token, n_route, run.n_expert}});
  else if (run.scores == "topk")
    arrays.push_back({.name = "chosen_logits",
                      .type = ElementType::kF32,
                      .shape = {n_token, n_route, run.top_k}});
  return arrays;
}

void write_run_array(Database& db, const RunRow& run, const RunArray& array, const ByteSink& sink) {
  Pieces out(sink);
  if (array.name == "layer")
    for (const LayerIdx layer : run.routing_layers) out.put(static_cast<std::int32_t>(layer.value));
  else if (array.shape.size() == 1)
    write_token_column(db, run, array, out);
  else if (array.name.ends_with("_logits"))
    write_logits(db, run, array, out);
  else
    write_choices(db, run, array, out);
  out.flush();
}

}  // namespace moescope::trace
