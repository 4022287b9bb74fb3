/*
 * A trace of the real core: the model takes the same steps, and asserts after each what the core was seen to
 * do. trace.mjs writes `trace.pml` from a file of tests/model/traces or a story of tests/scenarios.
 */

NUMBER epoch_named[NAMES + 1];
bool replaceable[NUMBERS];
bool brought[NUMBERS];
NUMBER newest_brought;

/* The row that was seen last. */
NUMBER seen_begun;
bool seen_told;
byte seen_known;
NUMBER seen_newest;

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

/* No epoch has the name 0. */
inline same_or_none(named, model) {
  if
  :: named != 0 -> same_epoch(named, model)
  :: else ->
     outcome = model == 0;
     assert(outcome)
  fi
}

/* A place that no epoch of the trace has is one that nobody knows. */
inline say_place(who, named, at) {
  client[who].epoch = (named == 0 || epoch_named[named] == 0 -> 1000 : epoch_named[named]);
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

inline bring(at) {
  outcome = at > newest_brought && at < NUMBERS;
  assert(outcome);
  newest_brought = at;
  brought[at] = true
}

/* The frames that are brought are all that was sent since, but for frames that initial_state replaces. */
inline expect_brought(since) {
  for (i : 0 .. NUMBERS - 1) {
    outcome = (i > since && i <= told_number -> brought[i] || replaceable[i] : !brought[i]);
    assert(outcome);
    brought[i] = false
  };
  newest_brought = 0
}

inline expect_frame(at, may_be_left_out) {
  outcome = told_number == at;
  assert(outcome);
  replaceable[at] = may_be_left_out
}

/* The first frame of an epoch that a device is sent names it, and no other does. */
inline expect_carried(named) {
  if
  :: somebody_new -> same_or_none(named, carries)
  :: else
  fi
}

/* Whoever is connected is sent a frame, and nobody else. */
inline expect_sent(receivers) {
  for (i : 0 .. CLIENTS - 1) {
    outcome = (client[i].socket == LIVE) == ((receivers >> i) & 1);
    assert(outcome)
  }
}

inline see_row() {
  seen_begun = row_begun;
  seen_told = row_told;
  seen_known = known;
  seen_newest = (known > 0 -> known_epoch[known - 1] : 0)
}

/* A row may be written for reasons that are not the model's, and has all that there is to tell then. */
inline expect_row(named) {
  end_crash();
  write_row();
  see_row();
  same_or_none(named, row_begun)
}

/* A step that writes no row leaves all as it was that only a row can tell. */
inline expect_no_row() {
  outcome = seen_begun == row_begun && seen_known == known;
  assert(outcome);
  outcome = known == 0 || (seen_told == row_told && seen_newest == known_epoch[known - 1]);
  assert(outcome)
}

inline expect_stored(at, is_told) {
  outcome = row_number == at && (row_begun == 0 && known == 0 || row_told == is_told);
  assert(outcome)
}

inline expect_epochs(count) {
  outcome = known == count;
  assert(outcome)
}

inline expect_epoch(at, named, last) {
  same_epoch(named, known_epoch[at]);
  outcome = known_last[at] == last;
  assert(outcome)
}

inline expect_carrier(named, at, is_announced, is_told) {
  same_or_none(named, attached);
  outcome = attached_number == at && (named == 0 || attached_first_out == is_announced);
  assert(outcome);
  outcome = named == 0 && known == 0 || attached_told == is_told;
  assert(outcome)
}

inline keep_above(at) {
  low = (at > low -> at : low);
  who_is_there();
  attach(somebody)
}

/* A connection that has gone has no place: its client says one when it comes again. */
inline lose_client(who) {
  client[who].socket = NONE;
  client[who].epoch = 0
}

inline leave(who) {
  lose_client(who);
  part()
}

inline end_all() {
  crash();
  for (i : 0 .. CLIENTS - 1) {
    client[i].epoch = 0
  }
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
