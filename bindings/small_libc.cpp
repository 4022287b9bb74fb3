// Parts of the C and C++ libraries that the module links but has no use for, replaced by next to
// nothing: together they would more than double its size and make it import file descriptors.
// Only the Wasm builds compile this file.

// NOLINTBEGIN(bugprone-reserved-identifier,bugprone-std-namespace-modification,
// readability-identifier-naming,cppcoreguidelines-pro-type-const-cast,modernize-use-internal-linkage,
// misc-use-internal-linkage): the library gave these functions their names and types.

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace {

void skip_all(const char* text, char** end) {
  if (end != nullptr) *end = const_cast<char*>(text + std::strlen(text));
}

}  // namespace

extern "C" {

// The JSON parser reads numbers with strtod and nobody asks for their value (see UnreadNumber in
// src/message.cpp). The real ones bring 128-bit floating point arithmetic, and come all three or
// not at all.
double strtod(const char* text, char** end) {
  skip_all(text, end);
  return 0;
}
float strtof(const char* text, char** end) {
  skip_all(text, end);
  return 0;
}
long double strtold(const char* text, char** end) {
  skip_all(text, end);
  return 0;
}

// The JSON parser describes a bad character with it, in a message that is never shown. The real one
// brings all of formatted output, and with it the writing to files.
int snprintf(char* out, std::size_t size, const char* /*format*/, ...) {
  if (size > 0) *out = '\0';
  return 0;
}

// The last words of the C++ runtime before it aborts, under its name of today and of 2022. They
// would go to standard error, which a Worker hasn't got. A trap is what the caller acts on.
[[noreturn]] void __abort_message(const char* /*format*/, ...) { __builtin_trap(); }
[[noreturn]] void abort_message(const char* /*format*/, ...) { __builtin_trap(); }

}  // extern "C"

#ifdef __EMSCRIPTEN__
// Emscripten's runtime would import these two: the one to have JavaScript told that its views of
// the memory are stale, which ours makes anew anyway, the other to end a process.
extern "C" {
void emscripten_notify_memory_growth(std::size_t /*memory_index*/) {}
[[noreturn]] void __wasi_proc_exit(std::uint32_t /*code*/) { __builtin_trap(); }
}
#endif

#ifdef _LIBCPP_VERSION
// The same for the library's own checks.
namespace std::inline _LIBCPP_ABI_NAMESPACE {
[[noreturn]] void __libcpp_verbose_abort(const char* /*format*/, ...) noexcept { __builtin_trap(); }
}  // namespace std::inline _LIBCPP_ABI_NAMESPACE
#endif

// NOLINTEND(bugprone-reserved-identifier,bugprone-std-namespace-modification,
// readability-identifier-naming,cppcoreguidelines-pro-type-const-cast,modernize-use-internal-linkage,
// misc-use-internal-linkage)
