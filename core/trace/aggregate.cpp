#include "core/trace/aggregate.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

namespace moescope::trace {
namespace {

/// One statement for many rows costs half of one a row.
constexpr std::size_t kRowsAtOnce = 64;

/// Adds n rows of token_expert; each binds all its seven columns.
std::string token_expert_sql(std::size_t n) {
  std::string sql =
      "INSERT INTO token_expert (run, phase, token_id, layer, expert, count, weight_sum) VALUES ";
  for (std::size_t i = 0; i < n; ++i) sql += i > 0 ? ", (?,?,?,?,?,?,?)" : "(?,?,?,?,?,?,?)";
  return sql +
         " ON CONFLICT DO UPDATE SET count = count + excluded.count, "
         "weight_sum = weight_sum + excluded.weight_sum";
}

}  // namespace

std::int64_t fixed_weight(float weight) {
  return std::llround(static_cast<double>(weight) * 4294967296.0);
}

Aggregates::Aggregates(Database& db, std::int64_t run, const RunInfo& info)
    : run_(run),
      routing_layers_(info.routing_layers),
      n_route_(info.routing_layers.size()),
      n_expert_(info.n_expert),
      top_k_(info.top_k),
      usage_prompt_(db,
                    "INSERT INTO usage_prompt (run, phase, prompt, layer, expert, count, "
                    "weight_sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
      usage_run_(db,
                 "INSERT INTO usage_run (run, phase, layer, expert, count, weight_sum) "
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET "
                 "count = count + excluded.count, weight_sum = weight_sum + excluded.weight_sum"),
      usage_label_(db,
                   "INSERT INTO usage_label (run, phase, label, layer, expert, count, weight_sum) "
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET "
                   "count = count + excluded.count, weight_sum = weight_sum + excluded.weight_sum"),
      run_tokens_(db,
                  "INSERT INTO run_tokens (run, phase, n_token, n_prompt) VALUES (?1, ?2, ?3, ?4) "
                  "ON CONFLICT DO UPDATE SET n_token = n_token + excluded.n_token, "
                  "n_prompt = n_prompt + excluded.n_prompt"),
      label_tokens_(db,
                    "INSERT INTO label_tokens (label, phase, n_token, n_prompt) "
                    "VALUES (?1, ?2, ?3, ?4) "
                    "ON CONFLICT DO UPDATE SET n_token = n_token + excluded.n_token, "
                    "n_prompt = n_prompt + excluded.n_prompt"),
      token_row_(db, token_expert_sql(1)),
      token_rows_(db, token_expert_sql(kRowsAtOnce)),
      coselection_(db,
                   "INSERT INTO coselection (run, phase, layer, expert_a, expert_b, count) "
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET "
                   "count = count + excluded.count") {}

std::uint32_t Aggregates::layer_of(std::size_t place) const {
  return routing_layers_[place / n_expert_].value;
}

void Aggregates::add_token(const PromptTrace& trace, std::size_t token, std::vector<Tally>& usage) {
  const auto phase = static_cast<std::uint32_t>(trace.tokens[token].phase);
  PhaseSums& sums = phases_[phase];
  for (std::size_t route = 0; route < n_route_; ++route) {
    const std::size_t first = (token * n_route_ + route) * top_k_;
    for (std::size_t slot = 0; slot < top_k_; ++slot) {
      const std::size_t expert = trace.expert[first + slot];
      const std::size_t place = route * n_expert_ + expert;
      const std::int64_t weight = fixed_weight(trace.weight[first + slot]);
      usage[place].count += 1;
      usage[place].weight_sum += weight;
      token_expert_.push_back(
          {phase, static_cast<std::uint32_t>(place), trace.tokens[token].id.value, weight});
      for (std::size_t other = 0; other < slot; ++other) {
        const std::size_t a = std::min<std::size_t>(expert, trace.expert[first + other]);
        const std::size_t b = std::max<std::size_t>(expert, trace.expert[first + other]);
        if (a < b) ++sums.together[(route * n_expert_ + a) * n_expert_ + b];
      }
    }
  }
}

void Aggregates::add(const PromptTrace& trace, std::int64_t prompt,
                     const std::vector<std::int64_t>& labels) {
  for (std::uint32_t phase = 0; phase < 2; ++phase) {
    PhaseSums& sums = phases_[phase];
    sums.usage.resize(n_route_ * n_expert_);
    sums.together.resize(n_route_ * n_expert_ * n_expert_);
    std::vector<Tally> usage(n_route_ * n_expert_);
    std::int64_t n_token = 0;
    for (std::size_t token = 0; token < trace.tokens.size(); ++token) {
      const TokenTrace& t = trace.tokens[token];
      if (!t.fed || static_cast<std::uint32_t>(t.phase) != phase) continue;
      add_token(trace, token, usage);
      ++n_token;
    }
    if (n_token == 0) continue;
    sums.extent.n_token += n_token;
    sums.extent.n_prompt += 1;
    for (const std::int64_t label : labels) {
      sums.label_extent[label].n_token += n_token;
      sums.label_extent[label].n_prompt += 1;
      sums.label_usage[label].resize(usage.size());
    }
    for (std::size_t place = 0; place < usage.size(); ++place) {
      const Tally& tally = usage[place];
      if (tally.count == 0) continue;
      usage_prompt_.run(run_, phase, prompt, layer_of(place), place % n_expert_, tally.count,
                        tally.weight_sum);
      sums.usage[place].count += tally.count;
      sums.usage[place].weight_sum += tally.weight_sum;
      for (const std::int64_t label : labels) {
        sums.label_usage[label][place].count += tally.count;
        sums.label_usage[label][place].weight_sum += tally.weight_sum;
      }
    }
  }
}

void Aggregates::flush_labels(std::uint32_t phase, PhaseSums& sums) {
  for (const auto& [label, extent] : sums.label_extent)
    label_tokens_.run(label, phase, extent.n_token, extent.n_prompt);
  for (const auto& [label, usage] : sums.label_usage)
    for (std::size_t place = 0; place < usage.size(); ++place)
      if (usage[place].count != 0)
        usage_label_.run(run_, phase, label, layer_of(place), place % n_expert_, usage[place].count,
                         usage[place].weight_sum);
}

void Aggregates::flush_phase(std::uint32_t phase, PhaseSums& sums) {
  if (sums.extent.n_prompt == 0) return;
  run_tokens_.run(run_, phase, sums.extent.n_token, sums.extent.n_prompt);
  for (std::size_t place = 0; place < sums.usage.size(); ++place)
    if (sums.usage[place].count != 0)
      usage_run_.run(run_, phase, layer_of(place), place % n_expert_, sums.usage[place].count,
                     sums.usage[place].weight_sum);
  for (std::size_t pair = 0; pair < sums.together.size(); ++pair)
    if (sums.together[pair] != 0)
      coselection_.run(run_, phase, layer_of(pair / n_expert_), pair / n_expert_ % n_expert_,
                       pair % n_expert_, sums.together[pair]);
  flush_labels(phase, sums);
  sums = {};
}

/// Rows go in by token: a token's rows lie side by side, so that a transaction touches few pages.
void Aggregates::flush_token_expert() {
  std::sort(token_expert_.begin(), token_expert_.end(),
            [](const TokenExpert& a, const TokenExpert& b) {
              return std::tie(a.phase, a.token, a.place) < std::tie(b.phase, b.token, b.place);
            });
  std::vector<TokenTally> rows;
  for (const TokenExpert& choice : token_expert_) {
    const bool same = !rows.empty() && rows.back().key.phase == choice.phase &&
                      rows.back().key.token == choice.token &&
                      rows.back().key.place == choice.place;
    if (!same) rows.push_back({choice, {}});
    rows.back().tally.count += 1;
    rows.back().tally.weight_sum += choice.weight;
  }
  token_expert_.clear();
  for (std::size_t first = 0; first < rows.size(); first += kRowsAtOnce)
    put_token_experts(std::span(rows).subspan(first, std::min(kRowsAtOnce, rows.size() - first)));
}

void Aggregates::put_token_experts(std::span<const TokenTally> rows) {
  const bool whole = rows.size() == kRowsAtOnce;
  Statement& statement = whole ? token_rows_ : token_row_;
  int at = 0;
  for (const auto& [key, tally] : rows) {
    statement.bind(++at, run_);
    statement.bind(++at, key.phase);
    statement.bind(++at, key.token);
    statement.bind(++at, layer_of(key.place));
    statement.bind(++at, key.place % n_expert_);
    statement.bind(++at, tally.count);
    statement.bind(++at, tally.weight_sum);
    if (whole) continue;
    statement.run();
    at = 0;
  }
  if (whole) statement.run();
}

void Aggregates::flush() {
  for (std::uint32_t phase = 0; phase < 2; ++phase) flush_phase(phase, phases_[phase]);
  flush_token_expert();
}

}  // namespace moescope::trace
