#include "team.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace flamingo {
namespace {

// Below this much work nobody else is asked; below the other nobody is woken, because that takes as long as the work.
constexpr double kAlone = 1e5, kUnwoken = 1e6;

// How long a helper looks for work before it sleeps: the next operation of a step mostly comes sooner.
constexpr std::chrono::microseconds kLook{50};

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Team& Team::Get() {
  // Never destroyed: helpers may be at work while the process ends.
  static Team* const team = [] {
    const char* asked = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int known = static_cast<int>(std::thread::hardware_concurrency());
    const int count = asked ? std::atoi(asked) : 0;
    return new Team(std::clamp(count > 0 ? count : known, 1, 256));
  }();
  return *team;
}

Team::Team(int size) : size_(size) {
  for (int member = 1; member < size; member++) std::thread([this, member] { Help(member); }).detach();
}

void Team::Run(int64_t parts, double cost, Function function, const void* context) {
  std::unique_lock<std::mutex> call(calling_, std::defer_lock);
  if (size_ == 1 || parts < 2 || cost < kAlone || !call.try_lock()) {
    for (int64_t part = 0; part < parts; part++) function(context, part, 0);
    return;
  }
  function_ = function;
  context_ = context;
  parts_ = parts;
  next_ = 0;
  open_ = ++last_;
  if (asleep_ > 0 && cost >= kUnwoken) {
    { std::lock_guard<std::mutex> lock(sleeping_); }
    wake_.notify_all();
  }
  TakeParts(0);
  open_ = 0;
  for (int tries = 0; inside_ > 0; tries++) {
    if (tries < 20000) Pause();
    else std::this_thread::yield();
  }
}

void Team::TakeParts(int member) {
  for (int64_t part = next_++; part < parts_; part = next_++) function_(context_, part, member);
}

void Team::Help(int member) {
  uint64_t done = 0;
  const auto comes = [&] {
    const uint64_t number = open_;
    return number != 0 && number != done;
  };
  while (true) {
    const auto until = std::chrono::steady_clock::now() + kLook;
    while (!comes()) {
      for (int i = 0; i < 32 && !comes(); i++) Pause();
      if (comes() || std::chrono::steady_clock::now() < until) continue;
      std::unique_lock<std::mutex> lock(sleeping_);
      asleep_++;
      wake_.wait(lock, comes);
      asleep_--;
    }
    // Whoever is inside keeps the work from changing; whether it is still the same is asked only then.
    inside_++;
    const uint64_t number = open_;
    if (number != 0 && number != done) {
      done = number;
      TakeParts(member);
    }
    inside_--;
  }
}

}  // namespace flamingo
