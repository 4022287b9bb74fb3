// The allocator of the module, in a tenth of the C library's code. It knows nothing of WebAssembly,
// so tests run it natively; new.cpp makes it `new` and `delete`.
#pragma once

#include <array>
#include <cstddef>
#include <limits>

namespace user_session {

// A heap: one stretch of memory that grows at its end, cut into blocks. A free block is joined with
// free neighbours at once, and is in the list of the power of two of its size, so each call looks
// at few blocks.
class Heap {
 public:
  // Bytes of a word, and of the smallest block: the four words that a free block needs. All block
  // sizes are multiples of kUnit.
  static constexpr std::size_t kWord = sizeof(std::size_t);
  static constexpr std::size_t kUnit = 4 * kWord;
  static_assert(kUnit % alignof(std::max_align_t) == 0);

  // A function that provides memory behind `end`, where the heap ends. `bytes` is how many bytes
  // are lacking there; it returns how many the heap may have, fewer than that or 0 if there are
  // none.
  using Grow = std::size_t (*)(const char* end, std::size_t bytes);

  // `begin` must be aligned for any type, and the kUnit bytes there must be zero. The heap has no
  // memory to give until `grow` provides some.
  constexpr Heap(char* begin, Grow grow) : end_(begin + kUnit), grow_(grow) {}

  // Returns at least `bytes` bytes, aligned for any type; nullptr if there are none.
  void* allocate(std::size_t bytes);

  // Takes back what `allocate` returned; nullptr is ignored. Memory that is released twice traps if
  // it is noticed.
  void release(void* memory);

 private:
  // The beginning of a block. The header has the size and the flags (heap.cpp); the memory that
  // `allocate` returns begins behind it. While that is free, it holds the neighbours in the block's
  // list, and its last word is the size once more, for the block behind it.
  struct Block {
    std::size_t header;
    Block* next;
    Block* previous;
  };

  // Returns the size of a block without its flags, the header included.
  static std::size_t size_of(const Block* block);
  // Returns the block that is `size` bytes behind `block`.
  static Block* behind(Block* block, std::size_t size);
  // Returns the word in front of an address.
  static std::size_t& word_before(void* address);
  // Returns the head of the list for free blocks of this size.
  Block*& list_of(std::size_t size);

  // Returns a free block of at least `size` bytes, or nullptr.
  Block* find(std::size_t size);
  // Adds memory, so that a free block of `size` bytes lies at the end. Returns false if there is
  // none to add.
  bool grow(std::size_t size);
  // Makes a block of `size` bytes free and puts it in its list. Both neighbours must be in use.
  void link(Block* block, std::size_t size);
  // Takes a free block out of its list.
  void unlink(Block* block);

  // End of the memory. The word in front of it is the header of a last block of size 0, which is
  // never free.
  char* end_;
  Grow grow_;
  // Heads of the lists: number n has free blocks of 2^n up to 2^(n+1) - 1 bytes.
  std::array<Block*, std::numeric_limits<std::size_t>::digits> lists_{};
};

}  // namespace user_session
