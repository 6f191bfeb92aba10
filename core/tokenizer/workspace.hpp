#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "core/tokenizer/bpe.hpp"
#include "core/tokenizer/pre_tokenizer.hpp"
#include "core/tokenizer/word_cache.hpp"

namespace moescope::tokenizer {

/// What encoding one text needs beside the tokenizer, kept from text to text.
struct Workspace {
  explicit Workspace(const MergeTable& merges) : merger(merges) {}

  Merger merger;
  RegexWorkspace regex;
  WordCache words;
  CutText cut;
  std::vector<ModelToken> tokens;
};

/// Workspaces of one tokenizer: each encoding takes one and puts it back, so that threads don't
/// meet and words stay known.
class WorkspacePool {
 public:
  std::unique_ptr<Workspace> take(const MergeTable& merges) {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto workspace = std::move(free_.back());
        free_.pop_back();
        return workspace;
      }
    }
    return std::make_unique<Workspace>(merges);
  }
  void put_back(std::unique_ptr<Workspace> workspace) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(workspace));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> free_;
};

}  // namespace moescope::tokenizer
