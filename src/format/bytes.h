// Numbers, texts and records as bytes, little-endian: the alphabet of rows, attachments and the
// boundary to JavaScript. Which fields those have, and in which order, belongs in the file of each
// format.
//
// A record is a text whose bytes are fields, one after the other. It has room: a later release may
// append fields to it, but never changes, moves or removes one. A reader gives a field that is not
// there yet a default (ByteReader::has_more), keeps the bytes behind the fields that it knows
// (ByteReader::rest) and writes them back, so nothing is lost when releases take turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "digest.h"

namespace user_session {

// Each appends a number of 1, 4 or 8 bytes.
void append_u8(std::string& out, std::uint8_t value);
void append_u32(std::string& out, std::uint32_t value);
void append_i64(std::string& out, std::int64_t value);

// Appends a number with seven bits in each byte, the low ones first. A small number takes one byte,
// the largest kVarintBytesMax.
inline constexpr std::size_t kVarintBytesMax = 10;
void append_varint(std::string& out, std::uint64_t value);

// Appends the length of a text as a u32, then its bytes.
void append_text(std::string& out, std::string_view text);

// Appends the bytes of a digest.
void append_digest(std::string& out, const Digest& digest);

// Appends a record: `write` appends its fields to `out`.
template <typename Write>
void append_record(std::string& out, Write write);
// Appends what ByteReader::rest has read, behind the last field of a record or of a whole row. A
// record that is new has an empty rest. rest_size returns how many bytes that takes. These two and
// ByteReader::rest are in format/rest.cpp: a build for tests replaces it, to be a later release
// whose records have one field more.
void append_rest(std::string& out, std::string_view rest);
std::size_t rest_size(std::string_view rest);
// Writes the length of the record whose fields begin behind the u32 at `length_at`.
void close_record(std::string& out, std::size_t length_at);

// Largest integer that JavaScript has exactly: Number.MAX_SAFE_INTEGER.
inline constexpr std::int64_t kSafeIntegerMax = 9'007'199'254'740'991;

// A reader of what the functions above wrote. It fails at anything that they would have written
// otherwise, so what is read and written again is the same bytes. Once it has failed every value is
// 0 or empty and failed() stays true, so a caller reads all fields and asks once.
class ByteReader {
 public:
  // `bytes` must outlive the reader and every text that it returns.
  explicit ByteReader(std::string_view bytes) : size_(bytes.size()), rest_(bytes) {}

  std::uint8_t u8();
  // Reads a u8 from `first` to `last`; fails at others and returns `first`.
  std::uint8_t u8(std::uint8_t first, std::uint8_t last);
  // Reads a u8 that is 0 or 1; fails at others.
  bool flag();
  std::uint32_t u32();
  std::int64_t i64();
  // Reads an i64 that JavaScript has exactly, as all of ours are; fails at others. So no sum or
  // difference of two overflows.
  std::int64_t safe_integer();
  // Reads a safe integer that is not negative, as seconds since the epoch are; fails at others.
  std::int64_t second();
  // Reads a text that append_text wrote, or the bytes of a record.
  std::string_view text();
  // Reads a text; fails if it has more than `size_max` bytes.
  std::string_view text(std::size_t size_max);
  // Reads a digest that append_digest wrote.
  Digest digest();
  // Reads all bytes that are left: the fields of a later release.
  std::string_view rest();
  // Reads a number that append_varint wrote; fails if it is above kSafeIntegerMax or in a longer
  // form than needed.
  std::uint64_t varint();

  // Reads the length of a list whose elements take at least `smallest_element_bytes` each. It fails
  // if the rest of the bytes cannot hold that many, so damaged bytes never ask for more memory than
  // they have.
  std::uint32_t count(std::size_t smallest_element_bytes);

  // True if a read has failed.
  [[nodiscard]] bool failed() const { return failed_; }

  // Number of bytes that were read.
  [[nodiscard]] std::size_t position() const { return size_ - rest_.size(); }

  // True if there are bytes left to read, which an earlier release may not have written.
  [[nodiscard]] bool has_more() const { return !failed_ && !rest_.empty(); }

  // True if all bytes were read and no read has failed.
  [[nodiscard]] bool finished() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t size);
  std::uint64_t number(std::size_t size);

  std::size_t size_;
  std::string_view rest_;
  bool failed_ = false;
};

template <typename Write>
void append_record(std::string& out, Write write) {
  const std::size_t length_at = out.size();
  append_u32(out, 0);
  write();
  close_record(out, length_at);
}

}  // namespace user_session
