// Which credentials logouts refuse. Nothing that was ended comes back, whatever is ended later and
// whatever the clocks do.
#include "state/access.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "credential.h"
#include "digest.h"
#include "format/snapshot.h"
#include "limits.h"

namespace user_session {
namespace {

constexpr TimeMs kNow = 1'000'000;
constexpr std::int64_t kSecond = kNow / kMsPerSecond;

struct Kind {
  std::string_view session = kNoText;
  std::string_view token = kNoText;
  bool is_sign_in_time = false;
};

Credential issued(std::int64_t second, const Kind& kind) {
  Credential credential = {
      .issued_at_s = second, .name = {}, .is_sign_in_time = kind.is_sign_in_time};
  identify(credential, {.session = kind.session, .token = kind.token});
  return credential;
}

Credential of_session(std::string_view session, std::int64_t second = 900) {
  return issued(second, {.session = session});
}

// The rights as another instance has them that reads the row.
Access asleep(const Access& access) {
  std::string row;
  encode_logout(access.logout(), row);
  const auto logout = decode_logout(row);
  EXPECT_TRUE(logout);
  Access other;
  other.restore({}, logout.value_or(Logout{}));
  return other;
}

bool is_refused(const Access& access, const Credential& credential) {
  EXPECT_EQ(access.check(credential, kNow).has_value(), access.is_ended(credential));
  EXPECT_EQ(asleep(access).is_ended(credential), access.is_ended(credential)) << "after a sleep";
  return access.is_ended(credential);
}

// The ways in which a credential can be told apart, and the digest that it shares with its
// renewals.
TEST(CredentialTest, ItIsKnownByItsSessionOrBySecondOrAlone) {
  const Credential session = issued(900, {.session = "S", .token = "J1"});
  EXPECT_EQ(session.sign_in, issued(950, {.session = "S", .token = "J2"}).sign_in);
  EXPECT_TRUE(session.is_sign_in_known);
  EXPECT_EQ(session.name, "S");
  const Credential timed = issued(900, {.token = "J1", .is_sign_in_time = true});
  EXPECT_EQ(timed.sign_in, issued(900, {.token = "J2", .is_sign_in_time = true}).sign_in);
  EXPECT_NE(timed.sign_in, issued(901, {.token = "J2", .is_sign_in_time = true}).sign_in);
  EXPECT_TRUE(timed.is_sign_in_known);
  const Credential alone = issued(900, {.token = "J1"});
  EXPECT_EQ(alone.sign_in, alone.token);
  EXPECT_FALSE(alone.is_sign_in_known) << "its renewals are not known";
  const Credential nameless = issued(900, {});
  EXPECT_EQ(nameless.sign_in, timed.sign_in) << "its second is all that it has";
  EXPECT_EQ(nameless.name, "");
  EXPECT_EQ(issued(Credential::kTrusted, {.session = "S"}).sign_in, kNoDigest);
}

// An id that looks like the bytes of a second must not be taken for it.
TEST(CredentialTest, NoIdIsTakenForASecond) {
  const Digest second = issued(0x4142, {}).sign_in;
  for (const std::string_view id : {"AB", "BA", "16706"}) {
    EXPECT_NE(issued(1, {.session = id}).sign_in, second);
  }
  EXPECT_NE(issued(0, {}).sign_in, kNoDigest);
}

TEST(AccessTest, ALogoutOfAllEndsWhatWasIssuedUntilNow) {
  Access access;
  access.end_all(kNow);
  EXPECT_TRUE(access.is_unstored());
  EXPECT_TRUE(is_refused(access, of_session("S", kSecond)));
  EXPECT_TRUE(is_refused(access, of_session("S", 0)));
  EXPECT_FALSE(is_refused(access, of_session("S", kSecond + 1)));
  EXPECT_FALSE(is_refused(access, Credential{})) << "no logout reaches a server";
}

TEST(AccessTest, AClockThatGoesBackOpensNoDoor) {
  Access access;
  access.end_all(kNow);
  access.end_all(kNow - 500'000);
  access.end_others(of_session("S").sign_in, kNow - 500'000);
  EXPECT_TRUE(is_refused(access, of_session("S", kSecond)));
  EXPECT_TRUE(is_refused(access, of_session("T", kSecond)));
  Access others;
  others.end_others(of_session("S").sign_in, kNow);
  others.end_others(of_session("S").sign_in, kNow - 500'000);
  EXPECT_FALSE(is_refused(others, of_session("S", kSecond)));
  EXPECT_TRUE(is_refused(others, of_session("T", kSecond)));
  others.end_all(kNow - 500'000);
  EXPECT_TRUE(is_refused(others, of_session("T", kSecond)));
  EXPECT_TRUE(is_refused(others, of_session("S", kSecond))) << "the second is everybody's now";
}

TEST(AccessTest, WhoLogsOutTheOthersIsSparedByTheSession) {
  Access access;
  const Credential mine = issued(900, {.session = "S", .token = "J1", .is_sign_in_time = true});
  access.end_others(access.id_to_spare(mine), kNow);
  EXPECT_FALSE(is_refused(access, mine));
  EXPECT_FALSE(is_refused(access, issued(950, {.session = "S", .token = "J2"})));
  EXPECT_TRUE(is_refused(access, issued(900, {.session = "T", .is_sign_in_time = true})));
  EXPECT_TRUE(is_refused(access, issued(900, {.token = "S2", .is_sign_in_time = true})));
}

TEST(AccessTest, WithoutASessionBySecondOfTheSignIn) {
  Access access;
  const Credential mine = issued(900, {.token = "J1", .is_sign_in_time = true});
  access.end_others(access.id_to_spare(mine), kNow);
  EXPECT_FALSE(is_refused(access, mine));
  EXPECT_FALSE(is_refused(access, issued(900, {.token = "J2", .is_sign_in_time = true})));
  EXPECT_TRUE(is_refused(access, issued(901, {.token = "J3", .is_sign_in_time = true})));
  EXPECT_TRUE(is_refused(access, issued(900, {.session = "T", .is_sign_in_time = true})));
}

TEST(AccessTest, WithoutEitherByItsOwnId) {
  Access access;
  const Credential mine = issued(900, {.token = "J1"});
  access.end_others(access.id_to_spare(mine), kNow);
  EXPECT_FALSE(is_refused(access, mine));
  EXPECT_TRUE(is_refused(access, issued(900, {.token = "J2"})));
  EXPECT_FALSE(is_refused(access, issued(kSecond + 1, {.token = "J2"})))
      << "what is renewed is issued later anyway";
}

// The pair of second and spared credential is replaced, and what the first one ended is not let in.
TEST(AccessTest, ASecondLogoutOfOthersBringsNobodyBack) {
  Access access;
  const Credential first = of_session("first");
  const Credential second = of_session("second", kSecond + 5);
  const Credential third = of_session("third");
  access.end_others(first.sign_in, kNow);
  access.end_others(second.sign_in, kNow + 10'000);
  EXPECT_FALSE(is_refused(access, second));
  EXPECT_TRUE(is_refused(access, first));
  EXPECT_TRUE(is_refused(access, third));
  EXPECT_TRUE(is_refused(access, of_session("second"))) << "it was ended by the first";
  access.end_others(second.sign_in, kNow + 20'000);
  EXPECT_FALSE(is_refused(access, second));
  EXPECT_TRUE(is_refused(access, of_session("third", kSecond + 20)));
  EXPECT_TRUE(is_refused(access, of_session("second"))) << "nor is it by the same one again";
}

TEST(AccessTest, ThirdsAreNotBroughtBackByWhoWasEnded) {
  Access access;
  access.end_others(of_session("mine").sign_in, kNow);
  access.end_others(of_session("theirs").sign_in, kNow);
  EXPECT_TRUE(is_refused(access, of_session("theirs"))) << "an answer that crossed with the first";
  EXPECT_TRUE(is_refused(access, of_session("mine")));
}

// It was named by a token alone; by its session it would be taken for somebody else and ended.
TEST(AccessTest, WhoWasSparedByATokenStaysWhenItLogsOutTheOthersItself) {
  Access access;
  const Credential mine = issued(900, {.session = "S", .token = "J1"});
  access.end_others(mine.token, kNow);
  EXPECT_FALSE(is_refused(access, mine));
  access.end_others(access.id_to_spare(mine), kNow + 10'000);
  EXPECT_FALSE(is_refused(access, mine));
  EXPECT_TRUE(is_refused(access, issued(900, {.session = "S", .token = "J2"})))
      << "the first logout has ended it";
}

// Its second is stored before it is let in, so that a logout reaches it after any sleep.
TEST(AccessTest, ACredentialFromTheFutureIsReachedOnceItWasShown) {
  Access access;
  access.restore({.rates = {}, .clock_skew_s = 10}, {});
  access.note_shown(of_session("S", kSecond), kNow);
  EXPECT_FALSE(access.is_unstored()) << "a second that has passed costs no row";
  access.note_shown(of_session("S", kSecond + 8), kNow);
  EXPECT_TRUE(access.is_unstored());
  Access other = asleep(access);
  other.end_all(kNow);
  EXPECT_TRUE(is_refused(other, of_session("S", kSecond + 8)));
  EXPECT_TRUE(is_refused(other, of_session("T", kSecond + 8)));
  EXPECT_FALSE(is_refused(other, of_session("S", kSecond + 9))) << "it was never shown";
  Access others = asleep(access);
  others.end_others(of_session("S").sign_in, kNow);
  EXPECT_TRUE(is_refused(others, of_session("T", kSecond + 8)));
  EXPECT_FALSE(is_refused(others, of_session("S", kSecond + 8)));
}

TEST(AccessTest, ATrustedCallerIsNotShown) {
  Access access;
  access.note_shown({}, kNow);
  EXPECT_FALSE(access.is_unstored());
  EXPECT_EQ(access.logout(), Logout{});
}

TEST(AccessTest, OneCredentialIsEndedByItsOwnIdOrItsSession) {
  Access access;
  EXPECT_TRUE(access.end(digest_of("J1"), 900));
  EXPECT_TRUE(is_refused(access, issued(900, {.session = "S", .token = "J1"})));
  EXPECT_FALSE(is_refused(access, issued(900, {.session = "S", .token = "J2"})));
  EXPECT_TRUE(access.end(digest_of("S"), 900));
  EXPECT_TRUE(is_refused(access, issued(900, {.session = "S", .token = "J2"})));
  EXPECT_TRUE(is_refused(access, issued(5'000, {.session = "S", .token = "J3"})));
  EXPECT_FALSE(is_refused(access, of_session("T")));
  access.note_stored();
  EXPECT_FALSE(access.end(digest_of("S"), 900));
  EXPECT_FALSE(access.is_unstored()) << "it is said to have ended already";
  EXPECT_FALSE(access.end(digest_of("S"), 950));
  EXPECT_TRUE(access.is_unstored()) << "but it may have been issued later";
  EXPECT_TRUE(access.has_ended(digest_of("S")));
  EXPECT_FALSE(access.has_ended(digest_of("T")));
}

// Where a second tells credentials apart, all that have it end with one.
TEST(AccessTest, WithoutASessionAllOfASignInEnd) {
  Access access;
  const Credential one = issued(900, {.token = "J1", .is_sign_in_time = true});
  access.end(one.sign_in, access.issued_until(one, kNow));
  EXPECT_EQ(access.logout().ended.at(0).issued_until_s, 900);
  EXPECT_TRUE(is_refused(access, issued(900, {.token = "J2", .is_sign_in_time = true})));
  EXPECT_FALSE(is_refused(access, issued(900, {.session = "S", .is_sign_in_time = true})));
  EXPECT_FALSE(is_refused(access, issued(901, {.token = "J2", .is_sign_in_time = true})));
}

TEST(AccessTest, TheSecondUntilWhichOneMayHaveBeenIssued) {
  Access access;
  access.restore({.rates = {}, .clock_skew_s = 10}, {});
  EXPECT_EQ(access.issued_until(issued(900, {.token = "J"}), kNow), 900);
  EXPECT_EQ(access.issued_until(issued(900, {.session = "S", .is_sign_in_time = true}), kNow), 900);
  EXPECT_EQ(access.issued_until(of_session("S"), kNow), kSecond + 10) << "it may be renewed";
  access.note_shown(of_session("S", kSecond + 30), kNow);
  EXPECT_EQ(access.issued_until(of_session("S"), kNow), kSecond + 30);
}

std::string name(std::size_t number) { return "session-" + std::to_string(number); }

// The lowest second makes room, and ends everything that was issued until then.
TEST(AccessTest, OfTooManyThatWereEndedNoneComesBack) {
  Access access;
  constexpr std::size_t kMore = 20;
  constexpr std::size_t kCount = kEndedMax + kMore;
  // They are ended in another order than they were issued in.
  const auto second_of = [](std::size_t i) {
    return static_cast<std::int64_t>(1 + (i * 7 % kCount));
  };
  for (std::size_t i = 0; i < kEndedMax; ++i) access.end(digest_of(name(i)), second_of(i));
  EXPECT_EQ(access.logout().at_s, 0) << "there is room for so many";
  EXPECT_FALSE(is_refused(access, of_session("other", 1)));
  for (std::size_t i = kEndedMax; i < kCount; ++i) {
    EXPECT_TRUE(access.end(digest_of(name(i)), second_of(i)));
    EXPECT_LE(access.logout().ended.size(), kEndedMax);
  }
  const std::int64_t moment = access.logout().at_s;
  EXPECT_EQ(moment, static_cast<std::int64_t>(kMore)) << "no more than needed is refused";
  for (std::size_t i = 0; i < kCount; ++i) {
    EXPECT_TRUE(is_refused(access, of_session(name(i), second_of(i)))) << i;
  }
  EXPECT_TRUE(is_refused(access, of_session("other", moment)));
  EXPECT_FALSE(is_refused(access, of_session("other", moment + 1)));
}

// An issuer that was not told of a logout goes on renewing the session that it ended.
TEST(AccessTest, ASessionThatWasEndedAloneStaysEndedBehindEveryMoment) {
  Access access;
  access.end(digest_of("old"), 900);
  access.end(digest_of("ahead"), kSecond + 5);
  access.end_others(digest_of("mine"), kNow);
  access.end_all(kNow);
  access.end_until(kSecond + 10);
  for (const std::int64_t renewed_at : {std::int64_t{900}, kSecond + 5, kSecond + 500}) {
    EXPECT_TRUE(is_refused(access, of_session("ahead", renewed_at))) << renewed_at;
    EXPECT_TRUE(is_refused(access, of_session("old", renewed_at))) << renewed_at;
  }
  EXPECT_FALSE(is_refused(access, of_session("new", kSecond + 500)));
  Access others;
  others.end(digest_of("old"), 900);
  others.end_others(digest_of("old"), kNow);
  EXPECT_TRUE(is_refused(others, of_session("old", 900))) << "to be spared does not bring it back";
}

TEST(AccessTest, AMomentOfAnIssuerSparesNobody) {
  Access access;
  access.end_others(digest_of("mine"), kNow);
  access.end_until(kSecond + 2);
  EXPECT_TRUE(is_refused(access, of_session("mine", kSecond + 2)));
  EXPECT_EQ(access.logout().spared, kNoDigest);
  Access early;
  early.end_others(digest_of("mine"), kNow);
  early.end_until(kSecond - 2);
  EXPECT_TRUE(is_refused(early, of_session("mine", kSecond - 2)));
  EXPECT_FALSE(is_refused(early, of_session("mine", kSecond - 1)));
  EXPECT_TRUE(is_refused(early, of_session("theirs", kSecond))) << "the others stay ended";
}

TEST(AccessTest, TheOwnersDateEndsWhatIsOlderForAsLongAsItIsSet) {
  Access access;
  access.restore({.rates = {}, .not_before_s = 950}, {});
  EXPECT_TRUE(access.is_ended(of_session("S", 949)));
  EXPECT_FALSE(access.is_ended(of_session("S", 950)));
  EXPECT_FALSE(access.is_ended({}));
  EXPECT_FALSE(asleep(access).is_ended(of_session("S", 949)));
}

}  // namespace
}  // namespace user_session
