// Numbers and texts as bytes, little-endian: the alphabet of snapshots, attachments and the
// boundary to JavaScript.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace user_session {

void append_u8(std::string& out, std::uint8_t value);
void append_u32(std::string& out, std::uint32_t value);
void append_i64(std::string& out, std::int64_t value);

// Seven bits a byte, the low ones first: small numbers take one byte, the largest ten.
inline constexpr std::size_t kVarintBytesMax = 10;
void append_varint(std::string& out, std::uint64_t value);

// The length as u32, then the bytes.
void append_text(std::string& out, std::string_view text);

// JavaScript's Number.MAX_SAFE_INTEGER.
inline constexpr std::int64_t kSafeIntegerMax = 9'007'199'254'740'991;

// Reads what the functions above wrote, and nothing that they would have written otherwise: what is
// read and written again is the same bytes. After a read past the end every value is 0 or empty and
// `failed` stays true, so a caller reads all fields and asks once.
class ByteReader {
 public:
  // `bytes` must outlive the reader and every text it returns.
  explicit ByteReader(std::string_view bytes) : size_(bytes.size()), rest_(bytes) {}

  std::uint8_t u8();
  // A u8 from `first` to `last`. Others fail.
  std::uint8_t u8(std::uint8_t first, std::uint8_t last);
  // A u8 that is 0 or 1. Others fail.
  bool flag();
  std::uint32_t u32();
  std::int64_t i64();
  // An i64 that JavaScript has too, as all of ours are: so no sum or difference of two overflows.
  // Others fail.
  std::int64_t safe_integer();
  std::string_view text();
  // A number written by append_varint, if it is one that JavaScript has. Longer forms of it fail.
  std::uint64_t varint();

  // A length of a list whose elements take at least `smallest_element_bytes` each. A length that
  // the rest can't hold fails, so that damaged bytes never ask for more memory than they have.
  std::uint32_t count(std::size_t smallest_element_bytes);

  [[nodiscard]] bool failed() const { return failed_; }

  // How many bytes were read.
  [[nodiscard]] std::size_t position() const { return size_ - rest_.size(); }

  // True when all bytes were read and none was missing.
  [[nodiscard]] bool finished() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t size);
  std::uint64_t number(std::size_t size);

  std::size_t size_;
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace user_session
