// Work on some neighbouring numbers at a time, shared among the threads.

#ifndef FLAMINGO_PIECES_H_
#define FLAMINGO_PIECES_H_

#include <algorithm>
#include <cstdint>

#include "team.h"

namespace flamingo {

// Calls work(first, count) for pieces of `count` numbers, each of which costs as much as `cost` multiplications.
template <class Work>
void InPieces(int64_t count, double cost, const Work& work) {
  constexpr int64_t kPiece = 8192;
  Team::Get().Share((count + kPiece - 1) / kPiece, cost * count,
                    [&](int64_t part, int) { work(part * kPiece, std::min(kPiece, count - part * kPiece)); });
}

}  // namespace flamingo

#endif
