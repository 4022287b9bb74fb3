// The memory that `new` and `malloc` hand out in the module, in a tenth of the C library's code.
#pragma once

#include <array>
#include <cstddef>
#include <limits>

namespace user_session {

// One stretch of memory that grows at its end. Free blocks lie in lists by the power of two of
// their size and are joined with free neighbours at once, so each call looks at few of them.
class Heap {
 public:
  // A free block's four words: all sizes are multiples of them.
  static constexpr std::size_t kWord = sizeof(std::size_t);
  static constexpr std::size_t kUnit = 4 * kWord;
  static_assert(kUnit % alignof(std::max_align_t) == 0);

  // Is told where the heap ends and how many bytes it lacks there; returns how many it may have.
  using Grow = std::size_t (*)(const char* end, std::size_t bytes);

  // The heap begins at `begin`, aligned for any type, where every byte must be zero, and has
  // nothing until `grow` gives it something.
  constexpr Heap(char* begin, Grow grow) : end_(begin + kUnit), grow_(grow) {}

  // At least `bytes` bytes, aligned for any type; null if there are none.
  void* allocate(std::size_t bytes);

  // Takes back what `allocate` returned.
  void release(void* memory);

 private:
  // The header has a block's size and flags; the rest is its memory. While that is free it holds
  // the block's place in its list, and in its last word the size once more, for the block behind
  // it.
  struct Block {
    std::size_t header;
    Block* next;
    Block* previous;
  };

  static std::size_t size_of(const Block* block);
  static Block* behind(Block* block, std::size_t size);
  static std::size_t& word_before(void* address);
  Block*& list_of(std::size_t size);

  Block* find(std::size_t size);
  bool grow(std::size_t size);
  void link(Block* block, std::size_t size);
  void unlink(Block* block);

  // Before it lies the header of a last block without memory, which is never free.
  char* end_;
  Grow grow_;
  std::array<Block*, std::numeric_limits<std::size_t>::digits> lists_{};
};

}  // namespace user_session
