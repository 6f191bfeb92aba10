#include "core/formats/sigbus.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

namespace moescope::formats {
namespace {

struct Slot {
  std::atomic<std::uintptr_t> begin{0};  ///< 0 while free
  std::atomic<std::uintptr_t> end{0};
  std::atomic<const char*> label{nullptr};
};

constexpr std::uintptr_t kReserved = UINTPTR_MAX;
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);
static_assert(std::atomic<const char*>::is_always_lock_free);

// The one global of the project. A signal handler is called with an address and nothing else, so
// what it must know has to lie where it can find it; everything here is lock-free and never
// allocated.
constinit std::array<Slot, 4096> slots;

const char* label_of(std::uintptr_t address) noexcept {
  for (const Slot& slot : slots) {
    const std::uintptr_t begin = slot.begin.load(std::memory_order_acquire);
    if (begin == 0 || begin == kReserved) continue;
    if (address >= begin && address < slot.end.load(std::memory_order_relaxed))
      return slot.label.load(std::memory_order_relaxed);
  }
  return nullptr;
}

void say(const char* text) noexcept {
  const ssize_t put = ::write(STDERR_FILENO, text, std::strlen(text));
  static_cast<void>(put);
}

void on_sigbus(int signal, siginfo_t* info, void*) {
  const bool is_fault = info->si_code > 0;  // not sent by kill(2)
  const char* label =
      is_fault ? label_of(reinterpret_cast<std::uintptr_t>(info->si_addr)) : nullptr;
  if (label == nullptr) {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(signal, &standard, nullptr);
    if (!is_fault) ::raise(signal);
    return;  // the faulting instruction runs again and ends the program in the system's way
  }
  say("moescope: ");
  say(label);
  say(": the file shrank while it was mapped; restore it and run again\n");
  ::_exit(1);
}

}  // namespace

void install_sigbus_handler() {
  struct sigaction action {};
  action.sa_sigaction = on_sigbus;
  action.sa_flags = SA_SIGINFO;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
}

MappedRange::MappedRange(const void* begin, std::size_t size, const char* label) noexcept {
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    std::uintptr_t free = 0;
    if (!slots[i].begin.compare_exchange_strong(free, kReserved)) continue;
    slots[i].end.store(first + size, std::memory_order_relaxed);
    slots[i].label.store(label, std::memory_order_relaxed);
    slots[i].begin.store(first, std::memory_order_release);
    slot_ = i;
    return;
  }
}

MappedRange::~MappedRange() {
  if (slot_ != kNone) slots[slot_].begin.store(0, std::memory_order_release);
}

}  // namespace moescope::formats
