// Whatever happens to devices of both versions, sleep, crash and restore included, keeps what
// version 2 promises; v2_world.h lists the promises.
#include <cstddef>
#include <cstdint>
#include <string>

#include "v2_draw.h"
#include "v2_world.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  user_session::Draw draw(bytes);
  user_session::World world(draw);
  while (!draw.is_done()) world.go_on(draw);
  return 0;
}
