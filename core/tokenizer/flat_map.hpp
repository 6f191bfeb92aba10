#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moescope::tokenizer {

/// A hash table from 64-bit keys below UINT64_MAX to small values: one array, linear probing, no
/// removal. UINT64_MAX itself is never found.
template <class Value>
class FlatMap {
 public:
  /// The value under `key`, or null. A pointer stays good until the next insert.
  const Value* find(std::uint64_t key) const noexcept {
    if (slots_.empty()) return nullptr;
    for (std::size_t i = mix(key) & mask_;; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.key == kFree) return nullptr;
      if (slot.key == key) return &slot.value;
    }
  }

  /// Stores `value` under a key that is new; false and unchanged where the key is there already.
  bool insert(std::uint64_t key, const Value& value) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    for (std::size_t i = mix(key) & mask_;; i = (i + 1) & mask_) {
      Slot& slot = slots_[i];
      if (slot.key == key) return false;
      if (slot.key != kFree) continue;
      slot = Slot{key, value};
      ++size_;
      return true;
    }
  }

  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::uint64_t kFree = UINT64_MAX;

  struct Slot {
    std::uint64_t key = kFree;
    Value value{};
  };

  static std::size_t mix(std::uint64_t key) noexcept {
    key = (key ^ (key >> 32)) * 0xd6e8feb86659fd93u;
    return static_cast<std::size_t>(key ^ (key >> 32));
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.key == kFree) continue;
      std::size_t i = mix(slot.key) & mask_;
      while (slots_[i].key != kFree) i = (i + 1) & mask_;
      slots_[i] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace moescope::tokenizer
