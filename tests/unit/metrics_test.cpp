#include "format/metrics.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "format/bytes.h"
#include "json/frame.h"

namespace user_session {
namespace {

std::string encoded(const Metrics& metrics) {
  std::string bytes;
  metrics.append_to(bytes);
  return bytes;
}

TEST(MetricsTest, CountsOfEverySizeComeBack) {
  Metrics metrics;
  std::int64_t count = 1;
  for (std::size_t i = 0; i < Metrics::kCount; ++i) {
    metrics.add(static_cast<Counter>(i), count);
    count = count > (kSafeIntegerMax >> 8) ? 127 : count << 8;
  }
  const std::string bytes = encoded(metrics);
  EXPECT_LE(bytes.size(), Metrics::kBytesMax);
  ByteReader reader(bytes);
  EXPECT_EQ(Metrics::read_from(reader), metrics);
  EXPECT_TRUE(reader.finished());
}

// A deploy that counts more, or its roll-back, must not cost open sockets their attachments.
TEST(MetricsTest, MoreOrFewerCountersThanTodayAreRead) {
  std::string bytes;
  for (std::size_t i = 0; i < Metrics::kCount + 2; ++i) append_varint(bytes, i + 1);
  ByteReader more(bytes);
  EXPECT_EQ(Metrics::read_from(more).at(Counter::kRowsWritten),
            static_cast<std::int64_t>(Metrics::kCount));
  EXPECT_EQ(more.rest(), bytes.substr(Metrics::kCount)) << "those of a later release are left";

  ByteReader fewer("\7");
  const Metrics metrics = Metrics::read_from(fewer);
  EXPECT_EQ(metrics.at(Counter::kWakes), 7);
  EXPECT_EQ(metrics.at(Counter::kAsleepMs), 0);
  EXPECT_TRUE(fewer.finished());
}

TEST(MetricsTest, CountsOfRelease010AreReadWithTheirNumberInFront) {
  std::string bytes;
  append_u32(bytes, 2);
  append_varint(bytes, 7);
  append_varint(bytes, 8);
  append_u8(bytes, 9);
  ByteReader reader(bytes);
  const Metrics metrics = Metrics::read_counted(reader);
  EXPECT_EQ(metrics.at(Counter::kWakes), 7);
  EXPECT_EQ(metrics.at(Counter::kAsleepMs), 8);
  EXPECT_EQ(metrics.at(Counter::kHeartbeatsAsleep), 0);
  EXPECT_EQ(reader.u8(), 9) << "what follows them is read next";
  EXPECT_TRUE(reader.finished());
}

TEST(MetricsTest, ANumberWithoutAnEndIsDamage) {
  const std::string bytes(11, '\x80');
  ByteReader reader(bytes);
  EXPECT_EQ(reader.varint(), 0U);
  EXPECT_TRUE(reader.failed());
}

TEST(MetricsTest, OnlyWhatCameSinceIsLeft) {
  Metrics earlier;
  earlier.add(Counter::kPing, 2);
  Metrics now = earlier;
  now.add(Counter::kPing, 3);
  now.add(Counter::kWakes);
  std::string point;
  write_metrics_point(point, now.since(earlier));
  EXPECT_EQ(point, "[1,0,0,0,0,0,0,0,0,0,3,0,0,0,0,0,0,0]");
}

TEST(MetricsTest, ACountBeyondWhatCanBeReadIsWrittenAsTheLargest) {
  Metrics metrics;
  metrics.add(Counter::kAwakeMs, kSafeIntegerMax);
  metrics.add(Counter::kAwakeMs, kSafeIntegerMax);
  std::string bytes;
  metrics.append_to(bytes);
  ByteReader reader(bytes);
  EXPECT_EQ(Metrics::read_from(reader).at(Counter::kAwakeMs), kSafeIntegerMax);
  EXPECT_TRUE(reader.finished());
}

}  // namespace
}  // namespace user_session
