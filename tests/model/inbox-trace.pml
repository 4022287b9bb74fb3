/* A trace of the real core, as places-trace.pml has it: the messages that are kept. */

hidden byte losers;
hidden byte outcome;
hidden byte brought;
hidden NUMBER shown;

inline tidy() {
  skip
}

inline keep(at) {
  now = at;
  losers = 0;
  push()
}

inline expect_number(expected) {
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
  make_empty(page[who].seen);
  owe_above(who, at)
}

/* Whoever is connected is sent a message, and nobody else. */
inline expect_sent(receivers) {
  for (i : 0 .. PAGES - 1) {
    outcome = (page[i].socket == LIVE) == ((receivers >> i) & 1);
    assert(outcome)
  }
}

/* All messages end at once, and count as read. */
inline forget_all() {
  for (brought : 1 .. MESSAGES) {
    if
    :: message[brought] != 0 -> expire(brought)
    :: else
    fi
  };
  read = last;
  truly_read = last;
  lost = 0
}

inline expect_stored(last_stored, read_stored, lost_stored) {
  outcome = last == last_stored && read == read_stored && lost == lost_stored;
  assert(outcome)
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
