/* A trace of the real core, as places-trace.pml has it: the messages that are kept. */

hidden byte losers;
hidden byte outcome;
hidden byte brought;
hidden NUMBER shown;

inline tidy() {
  skip
}

inline keep(at, expected) {
  now = at;
  losers = 0;
  push();
  outcome = last == expected;
  assert(outcome)
}

inline which_has(wanted) {
  brought = 0;
  for (m : 1 .. MESSAGES) {
    brought = (message[m] == wanted && wanted != 0 -> m : brought)
  }
}

inline mark(wanted) {
  which_has(wanted);
  outcome = brought != 0;
  assert(outcome);
  mark_read(brought)
}

inline run_out(wanted) {
  which_has(wanted);
  outcome = brought != 0;
  assert(outcome);
  expire(brought)
}

/* A page may say any place, so what it has seen is all up to there. */
inline say_place(who, at) {
  page[who].has_place = true;
  page[who].place = at;
  page[who].seen = 0;
  page[who].owed = 0;
  for (m : 1 .. MESSAGES) {
    page[who].owed = (message[m] > at -> page[who].owed | BIT(m) : page[who].owed)
  }
}

inline expect_inbox(last_told, read_told, lost_told) {
  shown = from;
  outcome = last == last_told && read == read_told && (lost > from) == lost_told;
  assert(outcome)
}

/* The next message that is brought has the lowest number above those that were. */
inline expect_message(expected) {
  for (m : 1 .. MESSAGES) {
    outcome = message[m] <= shown || message[m] >= expected;
    assert(outcome)
  };
  which_has(expected);
  outcome = brought != 0;
  assert(outcome);
  shown = expected
}

inline expect_no_more() {
  for (m : 1 .. MESSAGES) {
    outcome = message[m] <= shown;
    assert(outcome)
  }
}

#include "trace.pml"
