// `new` and `delete` of the module, on the heap of heap.h. Only the Wasm builds compile this file.
#include <cstddef>
#include <new>

#include "check.h"
#include "heap.h"

// First address behind everything that the linker has placed: the heap begins here.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" char __heap_base[user_session::Heap::kUnit];

namespace {

// Bytes of a page, the unit in which WebAssembly's memory grows.
constexpr std::size_t kPageBytes = 65536;

// Returns how many bytes lie behind `end`, after the memory has grown by as many pages as `bytes`
// need. It is the heap's Grow function.
std::size_t more_memory(const char* end, std::size_t bytes) {
  const auto used = reinterpret_cast<std::size_t>(end);
  const std::size_t pages = (used + bytes + kPageBytes - 1) / kPageBytes;
  const std::size_t pages_before = __builtin_wasm_memory_size(0);
  if (pages > pages_before) __builtin_wasm_memory_grow(0, pages - pages_before);
  const std::size_t available = __builtin_wasm_memory_size(0) * kPageBytes;
  return available > used ? available - used : 0;
}

user_session::Heap& heap() {
  static constinit user_session::Heap the_heap(__heap_base, more_memory);
  return the_heap;
}

}  // namespace

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the library's are not ours.

void* operator new(std::size_t bytes) {
  void* memory = heap().allocate(bytes);
  USER_SESSION_CHECK(memory != nullptr);
  return memory;
}

void operator delete(void* memory) noexcept { heap().release(memory); }

void operator delete(void* memory, std::size_t /*bytes*/) noexcept { heap().release(memory); }

// NOLINTEND(readability-inconsistent-declaration-parameter-name)
