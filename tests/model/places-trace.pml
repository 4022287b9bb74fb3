/*
 * A trace of the real core: the model takes the same steps, and asserts after each what the core was seen to
 * do. trace.mjs writes `trace.pml` from a file of tests/model/traces.
 */

NUMBER epoch_named[NAMES + 1];
bool replaceable[NUMBERS];
bool brought[NUMBERS];
hidden byte outcome;

/* A name of the trace stands for one epoch of the model, and no other name does. */
inline same_epoch(named, model) {
  for (i : 1 .. NAMES) {
    outcome = i == named || epoch_named[i] != model;
    assert(outcome)
  };
  outcome = model != 0 && (epoch_named[named] == 0 || epoch_named[named] == model);
  assert(outcome);
  epoch_named[named] = model
}

/* A place that no epoch of the trace has is one that nobody knows. */
inline say_place(who, named, at) {
  client[who].epoch = (epoch_named[named] == 0 -> 1000 : epoch_named[named]);
  client[who].number = at;
  client[who].excused = true;
  if
  :: at >= low && at < number -> client[who].thing = kept_before[at + 1]
  :: else -> client[who].thing = newest
  fi
}

inline expect_told(named, at, exact) {
  outcome = is_good == exact && told_number == at;
  assert(outcome);
  same_epoch(named, told_epoch)
}

/* The frames that are brought are all that was sent since, but for frames that initial_state replaces. */
inline expect_brought(since) {
  for (i : 0 .. NUMBERS - 1) {
    outcome = (i > since && i <= told_number -> brought[i] || replaceable[i] : !brought[i]);
    assert(outcome);
    brought[i] = false
  }
}

inline expect_frame(at, named, may_be_left_out) {
  outcome = told_number == at;
  assert(outcome);
  replaceable[at] = may_be_left_out;
  if
  :: named != 0 && somebody -> same_epoch(named, carries)
  :: named == 0 && somebody ->
     outcome = carries == 0;
     assert(outcome)
  :: else
  fi
}

inline expect_row(named) {
  if
  :: named != 0 -> same_epoch(named, row_begun)
  :: else ->
     outcome = row_begun == 0;
     assert(outcome)
  fi
}

inline keep_above(at) {
  low = (at > low -> at : low);
  who_is_there();
  attach(somebody)
}

inline leave(who) {
  client[who].socket = NONE;
  part()
}

inline come_by_first_version() {
  first_version = true;
  attach(true)
}

inline leave_by_first_version() {
  first_version = false;
  part()
}

#include "trace.pml"
