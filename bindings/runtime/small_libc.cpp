// Parts of the C and C++ libraries that the module links but has no use for, replaced by next to
// nothing: together they would more than double its size and make it import file descriptors.
// Only the Wasm builds compile this file.

// NOLINTBEGIN(bugprone-reserved-identifier,bugprone-std-namespace-modification,
// readability-identifier-naming,cppcoreguidelines-pro-type-const-cast,modernize-use-internal-linkage,
// misc-use-internal-linkage): the library gave these functions their names and types.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace {

// Takes the whole text for a number, whose value is 0.
std::uint8_t skip_all(const char* text, char** end) {
  if (end != nullptr) *end = const_cast<char*>(text + std::strlen(text));
  return 0;
}

}  // namespace

extern "C" {

// The JSON parser reads numbers with some of these functions, and nobody asks for their values (see
// UnreadNumber in src/json/json_fields.cpp). The real ones bring 128-bit floating point arithmetic,
// and those of a kind come together or not at all.
double strtod(const char* text, char** end) { return skip_all(text, end); }
float strtof(const char* text, char** end) { return skip_all(text, end); }
long double strtold(const char* text, char** end) { return skip_all(text, end); }
long strtol(const char* text, char** end, int /*base*/) { return skip_all(text, end); }
long long strtoll(const char* text, char** end, int /*base*/) { return skip_all(text, end); }
unsigned long strtoul(const char* text, char** end, int /*base*/) { return skip_all(text, end); }
unsigned long long strtoull(const char* text, char** end, int /*base*/) {
  return skip_all(text, end);
}

// The JSON parser describes a bad character with snprintf, in a message that is never shown. The
// real one brings all of formatted output, and with it the writing to files.
int snprintf(char* out, std::size_t size, const char* /*format*/, ...) {
  if (size > 0) *out = '\0';
  return 0;
}

// The C++ runtime calls these before it aborts, by the name of today and that of 2022. Their
// messages would go to standard error, which the module has not got; the caller acts on the trap.
[[noreturn]] void __abort_message(const char* /*format*/, ...) { __builtin_trap(); }
[[noreturn]] void abort_message(const char* /*format*/, ...) { __builtin_trap(); }

}  // extern "C"

#ifdef __EMSCRIPTEN__
// Emscripten's runtime would import these two. The first tells JavaScript that its views of the
// memory are stale; ours makes them anew anyway. The second ends a process.
extern "C" {
void emscripten_notify_memory_growth(std::size_t /*memory_index*/) {}
[[noreturn]] void __wasi_proc_exit(std::uint32_t /*code*/) { __builtin_trap(); }
}
#endif

#ifdef _LIBCPP_VERSION
namespace std {

// The library's own checks call this one before they abort; it traps, too.
inline namespace _LIBCPP_ABI_NAMESPACE {
[[noreturn]] void __libcpp_verbose_abort(const char* /*format*/, ...) noexcept { __builtin_trap(); }
}  // namespace _LIBCPP_ABI_NAMESPACE

// The JSON parser makes an exception for an error and never throws it. The real functions bring all
// that finds the handler of an exception.
exception::~exception() noexcept = default;
const char* exception::what() const noexcept { return ""; }
runtime_error::runtime_error(const char* message) : __imp_(message) {}
runtime_error::~runtime_error() noexcept = default;
const char* runtime_error::what() const noexcept { return ""; }
inline namespace _LIBCPP_ABI_NAMESPACE {
__libcpp_refstring::__libcpp_refstring(const char* message) : __imp_(message) {}
__libcpp_refstring::~__libcpp_refstring() = default;
}  // namespace _LIBCPP_ABI_NAMESPACE

}  // namespace std
#endif

// NOLINTEND(bugprone-reserved-identifier,bugprone-std-namespace-modification,
// readability-identifier-naming,cppcoreguidelines-pro-type-const-cast,modernize-use-internal-linkage,
// misc-use-internal-linkage)
