// The threads that share the work of an operation: the one that calls it, and helpers that stay.

#ifndef FLAMINGO_TEAM_H_
#define FLAMINGO_TEAM_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace flamingo {

class Team {
 public:
  // As many threads as TensorFlow has for one operation (TF_NUM_INTRAOP_THREADS).
  static Team& Get();

  int size() const { return size_; }

  // Calls work(part, member) for each part below `parts` and returns when all are done; members count from 0. Who is
  // free takes the next part. `cost` is the number of multiplications or the like in all of it: a little is done by the
  // caller alone.
  template <class Work>
  void Share(int64_t parts, double cost, const Work& work) {
    Run(
        parts, cost,
        [](const void* context, int64_t part, int member) { (*static_cast<const Work*>(context))(part, member); },
        &work);
  }

 private:
  using Function = void (*)(const void*, int64_t, int);

  explicit Team(int size);
  void Run(int64_t parts, double cost, Function function, const void* context);
  void Help(int member);
  void TakeParts(int member);

  const int size_;
  // One caller at a time has helpers.
  std::mutex calling_;
  // What is worked at. It does not change while `open_` is its number or somebody is inside.
  Function function_ = nullptr;
  const void* context_ = nullptr;
  int64_t parts_ = 0;
  std::atomic<int64_t> next_{0};
  // The number of the work that may be joined, or 0.
  std::atomic<uint64_t> open_{0};
  uint64_t last_ = 0;
  std::atomic<int> inside_{0};
  std::atomic<int> asleep_{0};
  std::mutex sleeping_;
  std::condition_variable wake_;
};

}  // namespace flamingo

#endif
