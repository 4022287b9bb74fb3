// Assertions for our own mistakes, in every build. A failing one traps; the module's caller then
// starts over with a new instance, none of whose state comes from the broken one.
#pragma once

#define USER_SESSION_CHECK(condition) ((condition) ? static_cast<void>(0) : __builtin_trap())
