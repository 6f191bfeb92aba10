#pragma once

#include <functional>
#include <future>
#include <stop_token>
#include <string>

#include "core/model/model.hpp"

namespace moescope::cli {

/// The model hash, with a progress line while files are read; unchanged files come from the cache.
std::string hash_model(const model::Model& model, bool quiet, const std::stop_token& stop);

/// Names, sizes and times of the model's files as one hash: what an edited file does not keep.
std::string files_id(const model::Model& model);

/// The model hash of one recording: computed once, at once or beside the run.
class ModelHasher {
 public:
  ModelHasher(const model::Model& model, bool quiet, std::stop_token stop)
      : model_(model), quiet_(quiet), stop_(std::move(stop)) {}
  ~ModelHasher() { end_.request_stop(); }
  ModelHasher(const ModelHasher&) = delete;
  ModelHasher& operator=(const ModelHasher&) = delete;

  /// Reads the files now, with a progress line.
  const std::string& now();
  /// Reads them in the background, where now() has not; `known` is called once, from any thread.
  void start(std::function<void(const std::string&)> known);
  /// Waits for the background. Errors: what went wrong there.
  const std::string& get();

 private:
  const model::Model& model_;
  bool quiet_;
  std::stop_token stop_;  ///< of the whole program
  std::stop_source end_;  ///< of the background work
  std::string hash_;      ///< empty until it is known
  std::future<std::string> background_;
};

}  // namespace moescope::cli
