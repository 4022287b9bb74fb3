/* A trace of the real core, as places-trace.pml has it: the requests of one run, among all else that happens. */

hidden byte outcome;

inline expect_answer(expected) {
  outcome = answer == expected;
  assert(outcome)
}

inline others_come() {
  other = true;
  if
  :: crashed -> complete()
  :: else
  fi;
  attach(true)
}

inline others_leave() {
  other = false;
  last_leave()
}

inline leave() {
  socket[0] = NONE;
  empty_door();
  last_leave()
}

inline expect_row(is_begun) {
  crashed = false;
  write_row();
  outcome = (row_begun != 0) == is_begun;
  assert(outcome)
}

#include "trace.pml"
