// The arithmetic of numbers in bytes; see bytes.h.
#include "format/bytes.h"

#include <algorithm>
#include <array>

namespace user_session {
namespace {

// Flag in a byte of a varint: another byte follows.
constexpr std::uint64_t kMore = 0x80;
constexpr unsigned kBitsPerByte = 7;

void append_number(std::string& out, std::uint64_t value, std::size_t size) {
  std::array<char, sizeof(value)> bytes{};
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(value >> (8 * i) & 0xff);
  out.append(bytes.data(), size);
}

}  // namespace

void append_u8(std::string& out, std::uint8_t value) { append_number(out, value, 1); }

void append_u32(std::string& out, std::uint32_t value) { append_number(out, value, 4); }

void append_i64(std::string& out, std::int64_t value) {
  append_number(out, static_cast<std::uint64_t>(value), 8);
}

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= kMore) {
    append_u8(out, static_cast<std::uint8_t>((value & (kMore - 1)) | kMore));
    value >>= kBitsPerByte;
  }
  append_u8(out, static_cast<std::uint8_t>(value));
}

void append_text(std::string& out, std::string_view text) {
  append_u32(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

void append_digest(std::string& out, const Digest& digest) {
  out.append(digest.data(), digest.size());
}

void close_record(std::string& out, std::size_t length_at) {
  const std::size_t length = out.size() - length_at - sizeof(std::uint32_t);
  for (std::size_t i = 0; i < sizeof(std::uint32_t); ++i) {
    out[length_at + i] = static_cast<char>(length >> (8 * i));
  }
}

std::string_view ByteReader::take(std::size_t size) {
  if (failed_ || size > rest_.size()) {
    failed_ = true;
    return {};
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint64_t ByteReader::number(std::size_t size) {
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const char byte : take(size)) {
    value |= std::uint64_t{static_cast<unsigned char>(byte)} << shift;
    shift += 8;
  }
  return value;
}

std::uint8_t ByteReader::u8() { return static_cast<std::uint8_t>(number(1)); }

std::uint8_t ByteReader::u8(std::uint8_t first, std::uint8_t last) {
  const std::uint8_t value = u8();
  if (value >= first && value <= last) return value;
  failed_ = true;
  return first;
}

bool ByteReader::flag() { return u8(0, 1) == 1; }

std::uint32_t ByteReader::u32() { return static_cast<std::uint32_t>(number(4)); }

std::int64_t ByteReader::i64() { return static_cast<std::int64_t>(number(8)); }

std::int64_t ByteReader::safe_integer() {
  const std::int64_t value = i64();
  if (value >= -kSafeIntegerMax && value <= kSafeIntegerMax) return value;
  failed_ = true;
  return 0;
}

std::int64_t ByteReader::second() {
  const std::int64_t value = safe_integer();
  if (value >= 0) return value;
  failed_ = true;
  return 0;
}

std::uint32_t ByteReader::count(std::size_t smallest_element_bytes) {
  const std::uint32_t count = u32();
  if (count <= rest_.size() / smallest_element_bytes) return count;
  failed_ = true;
  return 0;
}

std::string_view ByteReader::text() { return take(u32()); }

std::string_view ByteReader::text(std::size_t size_max) {
  const std::string_view read = text();
  if (read.size() <= size_max) return read;
  failed_ = true;
  return {};
}

Digest ByteReader::digest() {
  Digest digest{};
  const std::string_view taken = take(digest.size());
  std::copy(taken.begin(), taken.end(), digest.begin());
  return digest;
}

std::uint64_t ByteReader::varint() {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < kVarintBytesMax; ++i) {
    const std::uint64_t byte = u8();
    value |= (byte & (kMore - 1)) << (i * kBitsPerByte);
    if (byte >= kMore) continue;
    const bool is_shortest = byte > 0 || i == 0;
    if (value > kSafeIntegerMax || !is_shortest) break;
    return value;
  }
  failed_ = true;
  return 0;
}

}  // namespace user_session
