// Times the session itself, without Wasm and without a platform: microseconds a frame for each kind
// of frames on the command line, `kind frame [frame that undoes it]`, kinds separated by `--`.
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include "session.h"

namespace {

constexpr std::size_t kWarmUp = 50'000;
constexpr std::size_t kFrames = 500'000;
constexpr user_session::TimeMs kNow = 1'795'383'198'465;

void receive(user_session::Session& session, user_session::EffectList& effects,
             std::string_view frame) {
  effects.clear();
  session.step(
      user_session::FrameReceived{
          .connection = 0, .now = kNow, .payload = {.text = frame, .size_bytes = frame.size()}},
      effects);
}

void time_kind(const char* kind, const std::vector<std::string_view>& frames) {
  user_session::Session session;
  user_session::EffectList effects;
  user_session::Woken woken;
  woken.user_id = "user";
  session.step(woken, effects);
  session.step(user_session::Connected{.connection = 0,
                                       .now = kNow,
                                       .device_id = "Mozilla/5.0 (X11; Li-1795383198465",
                                       .credential = {}},
               effects);
  for (std::size_t i = 0; i < kWarmUp; ++i) receive(session, effects, frames[i % frames.size()]);
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < kFrames; ++i) receive(session, effects, frames[i % frames.size()]);
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
  std::printf("%s %.4f\n", kind, time.count() / static_cast<double>(kFrames));
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const char* kind = argv[i];
    std::vector<std::string_view> frames;
    while (++i < argc && std::strcmp(argv[i], "--") != 0) frames.emplace_back(argv[i]);
    time_kind(kind, frames);
  }
}
