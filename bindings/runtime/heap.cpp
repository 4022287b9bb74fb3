// The blocks of the module's heap; see heap.h.
#include "heap.h"

#include <bit>

#include "check.h"

namespace user_session {
namespace {

// Flags in a block's header: the block is free; the block before it is free. The heap begins with a
// header of zero, which thus means the last block with nothing free before it.
constexpr std::size_t kFree = 1;
constexpr std::size_t kPreviousFree = 2;
constexpr std::size_t kFlags = kFree | kPreviousFree;

// Bytes above which a request fails: more than any machine has, and few enough that sums do not
// overflow.
constexpr std::size_t kBytesMax = std::numeric_limits<std::size_t>::max() / 2;

}  // namespace

void* Heap::allocate(std::size_t bytes) {
  if (bytes > kBytesMax) return nullptr;
  const std::size_t size = (bytes + kWord + kUnit - 1) / kUnit * kUnit;
  Block* block = find(size);
  if (block == nullptr && grow(size)) block = find(size);
  if (block == nullptr) return nullptr;
  unlink(block);
  const std::size_t rest = size_of(block) - size;
  block->header = size;
  if (rest > 0) {
    link(behind(block, size), rest);
  } else {
    behind(block, size)->header &= ~kPreviousFree;
  }
  return static_cast<void*>(&block->next);
}

void Heap::release(void* memory) {
  if (memory == nullptr) return;
  auto* block = reinterpret_cast<Block*>(&word_before(memory));
  USER_SESSION_CHECK((block->header & kFree) == 0);
  std::size_t size = size_of(block);
  Block* next = behind(block, size);
  if ((next->header & kFree) != 0) {
    unlink(next);
    size += size_of(next);
  }
  if ((block->header & kPreviousFree) != 0) {
    const std::size_t previous_size = word_before(block);
    block = reinterpret_cast<Block*>(reinterpret_cast<char*>(block) - previous_size);
    unlink(block);
    size += previous_size;
  }
  link(block, size);
}

std::size_t Heap::size_of(const Block* block) { return block->header & ~kFlags; }

Heap::Block* Heap::behind(Block* block, std::size_t size) {
  return reinterpret_cast<Block*>(reinterpret_cast<char*>(block) + size);
}

std::size_t& Heap::word_before(void* address) { return static_cast<std::size_t*>(address)[-1]; }

Heap::Block*& Heap::list_of(std::size_t size) {
  return lists_[static_cast<std::size_t>(std::bit_width(size)) - 1];
}

// Only the first list can have blocks that are too small. In those behind it every block is large
// enough.
Heap::Block* Heap::find(std::size_t size) {
  for (Block* const* list = &list_of(size); list != lists_.data() + lists_.size(); ++list) {
    for (Block* block = *list; block != nullptr; block = block->next) {
      if (size_of(block) >= size) return block;
    }
  }
  return nullptr;
}

// The last block gets the new memory and is released, which joins it with a free block before it.
bool Heap::grow(std::size_t size) {
  std::size_t& last = word_before(end_);
  const std::size_t free_at_end = (last & kPreviousFree) == 0 ? 0 : word_before(&last);
  const std::size_t added = grow_(end_, size - free_at_end) / kUnit * kUnit;
  if (added == 0) return false;
  void* memory = end_;
  last |= added;
  end_ += added;
  word_before(end_) = 0;
  release(memory);
  return true;
}

// The neighbours are in use, since free ones have been joined, so only the next block must be told.
void Heap::link(Block* block, std::size_t size) {
  Block*& list = list_of(size);
  block->header = size | kFree;
  block->next = list;
  block->previous = nullptr;
  if (list != nullptr) list->previous = block;
  list = block;
  Block* next = behind(block, size);
  word_before(next) = size;
  next->header |= kPreviousFree;
}

void Heap::unlink(Block* block) {
  if (block->next != nullptr) block->next->previous = block->previous;
  (block->previous == nullptr ? list_of(size_of(block)) : block->previous->next) = block->next;
}

}  // namespace user_session
