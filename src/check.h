// Assertions for our own mistakes, in every build. A failing one traps, and the module's caller
// starts a new instance from storage and attachments, so nothing of the broken one is used. Bad
// input from outside is refused, never asserted.
#pragma once

#define USER_SESSION_CHECK(condition) ((condition) ? static_cast<void>(0) : __builtin_trap())
