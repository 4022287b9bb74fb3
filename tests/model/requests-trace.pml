/* A trace of the real core, as places-trace.pml has it: the requests of one run, among all else that happens. */

bool seen_begun;
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

inline lose_client() {
  socket[0] = NONE;
  empty_door()
}

inline leave() {
  lose_client();
  last_leave()
}

inline forget_run_that_is_away() {
  outcome = socket[0] == NONE;
  assert(outcome);
  forget_run();
  attach(SOMEBODY)
}

/* Frames that nobody counts end the epoch, if one is open. */
inline leave_uncounted() {
  if
  :: epoch != 0 ->
     complete();
     attach(SOMEBODY)
  :: else
  fi
}

inline expect_row(is_begun) {
  crashed = false;
  write_row();
  outcome = (row_begun != 0) == is_begun;
  assert(outcome);
  seen_begun = is_begun
}

inline expect_no_row() {
  outcome = (row_begun != 0) == seen_begun;
  assert(outcome)
}

/* A row and an attachment tell as much of the run as there is to know. */
inline expect_run(highest_told, since_told) {
  outcome = table.highest == highest_told && table.since == since_told;
  assert(outcome)
}

inline expect_done(n, is_done) {
  outcome = HAS(table.done, n) == is_done;
  assert(outcome)
}

#include "trace.pml"
