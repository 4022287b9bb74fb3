#include "digest.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace user_session {
namespace {

// The digest in hexadecimal digits.
std::string hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char byte : digest_of(text)) {
    const auto value = static_cast<unsigned char>(byte);
    out += {kDigits[value >> 4U], kDigits[value & 0xfU]};
  }
  return out;
}

// The examples of NIST for FIPS 180-4 (csrc.nist.gov), whose first 128 bits are kept. With another
// hash every push id that is stored would be forgotten by a deploy.
TEST(Sha256Test, TheExamplesOfItsStandardHold) {
  EXPECT_EQ(hex(""), "e3b0c44298fc1c149afbf4c8996fb924");
  EXPECT_EQ(hex("abc"), "ba7816bf8f01cfea414140de5dae2223");
  EXPECT_EQ(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039");
  EXPECT_EQ(hex(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67");
}

// The length takes the last 8 bytes of a block, so these are the lengths at which one more begins.
// The values are those of OpenSSL 3.
TEST(Sha256Test, EveryLengthAroundABlockIsPaddedRightly) {
  EXPECT_EQ(hex(std::string(55, 'a')), "9f4390f8d30c2dd92ec9f095b65e2b9a");
  EXPECT_EQ(hex(std::string(56, 'a')), "b35439a4ac6f0948b6d6f9e3c6af0f5f");
  EXPECT_EQ(hex(std::string(63, 'a')), "7d3e74a05d7db15bce4ad9ec0658ea98");
  EXPECT_EQ(hex(std::string(64, 'a')), "ffe054fe7ae0cb6dc65c3af9b61d5209");
  EXPECT_EQ(hex(std::string(119, 'a')), "31eba51c313a5c08226adf18d4a359cf");
}

// Two ids that were found for the hash of release 0.1.0, which took the second push for the first.
TEST(Sha256Test, IdsThatAnEarlierHashTookForOneAreTwo) {
  EXPECT_NE(hex("77kepQFQ8Kl/invoice-1"), hex("!0IC=VloaY/invoice-1"));
}

TEST(Sha256Test, EveryByteCounts) {
  const std::string text("nul\0\xff", 5);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_NE(hex(other), hex(text)) << i;
  }
}

}  // namespace
}  // namespace user_session
