#include "heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace user_session {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kMemoryBytes = 64 * kPage;

// Zeroed for each test, of which the first `available` bytes are there.
alignas(Heap::kUnit) std::array<char, kMemoryBytes> memory;
std::size_t available = 0;

std::size_t grow_by_pages(const char* end, std::size_t bytes) {
  const auto used = static_cast<std::size_t>(end - memory.data());
  const std::size_t pages = (used + bytes + kPage - 1) / kPage;
  if (pages * kPage <= kMemoryBytes) available = std::max(available, pages * kPage);
  return available - used;
}

class HeapTest : public testing::Test {
 protected:
  HeapTest() {
    memory.fill(0);
    available = kPage;
  }

  Heap heap_{memory.data(), grow_by_pages};
};

struct Piece {
  unsigned char* memory;
  std::size_t size;
  unsigned char mark;
};

bool is_untouched(const Piece& piece) {
  return std::all_of(piece.memory, piece.memory + piece.size,
                     [&](unsigned char byte) { return byte == piece.mark; });
}

TEST_F(HeapTest, MemoryIsAlignedAndNobodyElses) {
  std::mt19937 random(1);
  std::vector<Piece> pieces;
  for (int i = 0; i < 20'000; ++i) {
    // Up to a full heap and down again, several times.
    const bool is_growing = i % 4'000 < 2'000;
    if (!pieces.empty() && random() % 8 < (is_growing ? 3 : 5)) {
      Piece& piece = pieces[random() % pieces.size()];
      ASSERT_TRUE(is_untouched(piece));
      heap_.release(piece.memory);
      piece = pieces.back();
      pieces.pop_back();
      continue;
    }
    const std::size_t size = random() % (random() % 16 == 0 ? 5'000 : 100);
    auto* bytes = static_cast<unsigned char*>(heap_.allocate(size));
    if (bytes == nullptr) continue;
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(bytes) % Heap::kUnit, 0);
    ASSERT_LE(reinterpret_cast<char*>(bytes) + size, memory.data() + available);
    const Piece piece{.memory = bytes, .size = size, .mark = static_cast<unsigned char>(i)};
    std::fill_n(bytes, size, piece.mark);
    pieces.push_back(piece);
  }
  for (const Piece& piece : pieces) {
    ASSERT_TRUE(is_untouched(piece));
    heap_.release(piece.memory);
  }
  // All of it is one block again.
  EXPECT_NE(heap_.allocate(available - 2 * Heap::kUnit), nullptr);
}

TEST_F(HeapTest, WhatIsFreedIsUsedAgainBeforeMoreIsAskedFor) {
  for (int i = 0; i < 1'000; ++i) heap_.release(heap_.allocate(3'000));
  EXPECT_EQ(available, kPage);
}

TEST_F(HeapTest, WhatIsFreeAtTheEndCountsWhenTheHeapGrows) {
  heap_.release(heap_.allocate(3'000));
  EXPECT_NE(heap_.allocate(5'000), nullptr);
  EXPECT_EQ(available, 2 * kPage);
}

TEST_F(HeapTest, NoSizeIsTooSmall) {
  void* first = heap_.allocate(0);
  EXPECT_NE(first, nullptr);
  EXPECT_NE(heap_.allocate(0), first);
}

TEST_F(HeapTest, WithoutMemoryItReturnsNullAndGoesOn) {
  EXPECT_EQ(heap_.allocate(std::numeric_limits<std::size_t>::max()), nullptr);
  EXPECT_EQ(heap_.allocate(std::numeric_limits<std::size_t>::max() / 2), nullptr);
  EXPECT_EQ(heap_.allocate(kMemoryBytes), nullptr);
  EXPECT_NE(heap_.allocate(kMemoryBytes / 2), nullptr);
  EXPECT_EQ(heap_.allocate(kMemoryBytes / 2), nullptr);
  EXPECT_NE(heap_.allocate(kPage), nullptr);
}

TEST_F(HeapTest, NullCanBeFreed) { heap_.release(nullptr); }

TEST_F(HeapTest, FreeingTwiceTraps) {
  void* piece = heap_.allocate(10);
  heap_.release(piece);
  EXPECT_DEATH(heap_.release(piece), "");
}

}  // namespace
}  // namespace user_session
