/* The steps of the mechanism, and the faults. */

#define SOMEBODY (socket[0] != NONE || socket[1] != NONE || other)

inline copy_run(to, from) {
  to.highest = from.highest;
  copy_set(to.done, from.done);
  to.since = from.since
}

inline write_row() {
  row_begun = epoch;
  copy_run(row_run, table)
}

inline read_row() {
  copy_run(table, row_run)
}

inline attach_more() {
  copy_run(attached_run, table)
}

inline attach_nothing() {
  attached_run.highest = 0;
  make_empty(attached_run.done);
  attached_run.since = 0
}

inline read_attachment() {
  copy_run(table, attached_run)
}

/* After a crash nothing is known as not done, and rows are believed in what they say was done. */
inline forget() {
#ifndef MUTANT_NOT_DONE_OUTLIVES_A_CRASH
  table.since = 0;
#endif
  heard = 0
}

inline end_crash() {
  crashed = false
}

/* A row with no epoch in it, which the last leave writes and a push to nobody, and a connect after a crash. */
inline complete() {
  epoch = 0;
  crashed = false;
#ifdef MUTANT_LAST_LEAVE_WRITES_NO_RUNS
  row_begun = 0
#else
  write_row()
#endif
}

/* A done request is known as done before the row is written that its epoch begins with. */
inline do_it(n, with_row) {
  times[n]++;
  done_once = times[n] == 1;
  assert(done_once);
  include(table.done, n);
  if
#ifndef MUTANT_DONE_BEGINS_NO_EPOCH
  :: epoch == 0 -> begin(1)
  :: epoch != 0 && with_row -> write_row()
#endif
  :: else
  fi;
  answer = ACK
}

/* The window ends WINDOW below the highest number: what was done further back is forgotten. */
inline note(n) {
  table.highest = (n > table.highest -> n : table.highest);
  for (i : 1 .. table.highest) {
    if
    :: i + WINDOW < table.highest -> exclude(table.done, i)
    :: else
    fi
  }
}

#ifdef MUTANT_BEHIND_THE_WINDOW_IS_NOT_DONE
#define IS_IN_WINDOW(n) true
#else
#define IS_IN_WINDOW(n) (n + WINDOW >= table.highest)
#endif

#ifdef MUTANT_NUMBERS_ARE_TAKEN_TWICE
#define IS_USED(n) false
#else
#define IS_USED(n) (n <= table.highest)
#endif

/* One frame: `refusal` is what it would be refused with if it were to be done, or 0. */
inline serve(n, again, refusal, with_row) {
  printf("request %d is taken, again: %d\n", n, again);
  answer = 0;
  if
  :: !again && IS_USED(n) -> answer = INVALID
  :: !again && !IS_USED(n) ->
     table.since = (table.since == 0 -> n : table.since);
     heard = (heard == 0 -> n : heard);
     note(n)
  :: again && HAS(table.done, n) -> answer = REPEATED
#ifdef MUTANT_FORGOTTEN_RUN_IS_NEW
  :: again && !HAS(table.done, n) && (table.highest == 0 || table.since != 0 && n >= table.since && IS_IN_WINDOW(n)) -> note(n)
#else
  :: again && !HAS(table.done, n) && table.since != 0 && n >= table.since && IS_IN_WINDOW(n) -> note(n)
#endif
  :: else -> answer = TOO_OLD
  fi;
  if
  :: answer == 0 && refusal == 0 -> do_it(n, with_row)
  :: answer == 0 && refusal != 0 ->
#ifdef MUTANT_RATE_LIMITED_COUNTS_AS_DONE
     include(table.done, n);
#endif
     answer = refusal
  :: else
  fi;
#ifdef MUTANT_DONE_IS_NOT_ATTACHED
  if
  :: readable
  :: else -> attach(true)
  fi
#else
  attach(true)
#endif
}

/* A new leader's frame under the old one's run ends that run's own connection, since what waits there may yet come. */
inline hear(n, again, refusal, with_row, is_of_new_leader) {
  if
  :: is_of_new_leader ->
     fate[n] = WAITING;
#ifndef MUTANT_OLD_LEADER_STAYS_CONNECTED
     socket[0] = NONE;
     empty_door()
#endif
  :: else
  fi;
  serve(n, again, refusal, with_row)
}

/* The client takes an answer, if it counts and comes through. */
inline take(n, counts, is_lost) {
  printf("the answer to %d (1 done, 2 repeated, 3 not now, 4 never, 5 too old, 6 invalid): %d; it counts: %d, is lost: %d\n",
    n, answer, counts, is_lost);
  if
  :: counts && !is_lost ->
     needless_too_old = answer == TOO_OLD && heard != 0 && n >= heard && n + WINDOW >= table.highest;
     assert(!needless_too_old);
     settled_once = fate[n] == WAITING && answer != INVALID;
#if !defined(MUTANT_CLIENT_REPEATS_ON_THE_SAME_CONNECTION) && !defined(CLIENT_FORGETS_AGAIN)
     assert(settled_once);
#endif
     told_truly = ((answer == ACK || answer == REPEATED) -> times[n] == 1 : true);
     assert(told_truly);
     if
     :: answer == ACK || answer == REPEATED -> fate[n] = DONE
     :: answer == NOT_NOW -> fate[n] = OPEN
     :: answer == NEVER -> fate[n] = REFUSED
     :: answer == TOO_OLD || answer == INVALID -> fate[n] = UNKNOWN
     fi
  :: counts && is_lost -> lose(leader)
  :: else
  fi
}

/* A client that has lost its connection repeats what is not settled, but on another one. */
inline lose(tab) {
  if
  :: socket[tab] == LIVE -> socket[tab] = CUT
  :: else
  fi;
  if
  :: leader == tab ->
     for (i : 1 .. ASKED) {
       fate[i] = (fate[i] == WAITING -> OPEN : fate[i])
     }
  :: else
  fi
}

inline empty_door() {
  do
  :: nempty(door) -> door ? _, _
  :: empty(door) -> break
  od
}

inline connect() {
  printf("the leader, tab %d, connects\n", leader);
  lose(leader);
  if
  :: leader == 0 -> empty_door()
  :: else
  fi;
  socket[leader] = LIVE;
  if
  :: crashed -> complete()
  :: else
  fi;
  attach(true)
}

inline part(tab) {
  printf("the connection of tab %d has ended\n", tab);
  if
  :: leader == tab -> lose(leader)
  :: else
  fi;
  if
  :: tab == 0 ->
     socket[0] = NONE;
     empty_door()
  :: tab == 1 -> socket[1] = NONE
  :: else -> other = false
  fi;
  last_leave()
}

/* A refused number is known in memory alone, until a row is written for another reason. */
inline last_leave() {
  if
  :: !SOMEBODY && epoch != 0 -> complete()
  :: !SOMEBODY && epoch == 0 ->
     heard = (table.highest == row_run.highest -> heard : 0)
  :: else
  fi;
  attach(SOMEBODY)
}

inline forget_run() {
  table.highest = 0;
  make_empty(table.done);
  table.since = 0;
  heard = 0
}

/* The device B asks, or something goes to all: of a run that is not connected nothing need be known then. */
inline others_ask(forgetting) {
  printf("something else happens, the run may be forgotten: %d\n", forgetting);
  if
  :: forgetting && socket[0] == NONE -> forget_run()
  :: else
  fi;
  if
  :: epoch == 0 && SOMEBODY -> begin(1)
  :: epoch == 0 && !SOMEBODY -> complete()
  :: else
  fi;
  attach(SOMEBODY)
}

/* `clear` forgets no run, and begins another epoch. */
inline clear() {
  printf("clear\n");
  if
  :: SOMEBODY ->
     crashed = false;
     epoch = 1;
     write_row();
#ifdef MUTANT_CLEAR_COMPLETES_ITS_EPOCH
     row_begun = 0
#endif
  :: else -> complete()
  fi;
  attach(SOMEBODY)
}

inline sleep() {
  printf("sleep\n");
  wake();
  attach(SOMEBODY)
}

inline crash() {
  printf("crash\n");
  heard = 0;
  lose(leader);
  socket[0] = NONE;
  socket[1] = NONE;
  other = false;
  empty_door();
  attach(false);
  wake()
}

inline misread() {
  printf("attachments can't be read\n");
  attach(false);
  wake();
  heard = 0;
  attach(SOMEBODY)
}

inline save_rows() {
  printf("a copy of the rows\n");
  saved = true;
  saved_begun = row_begun != 0;
  copy_run(saved_run, row_run);
  for (i : 1 .. ASKED) {
    saved_times[i] = times[i]
  }
}

/* Whatever was done since is undone, too, and the copy is used up. */
inline restore() {
  printf("the copy is put back\n");
  saved = false;
  heard = 0;
  row_begun = (saved_begun -> 1 : 0);
  saved_begun = false;
  copy_run(row_run, saved_run);
  saved_run.highest = 0;
  make_empty(saved_run.done);
  saved_run.since = 0;
  for (i : 1 .. ASKED) {
    times[i] = saved_times[i];
    saved_times[i] = 0
  };
  i = 0
}

/* A tab that becomes the leader takes over what is not settled; the old one's connection may live on. */
inline take_over() {
  printf("the other tab becomes the leader\n");
  lose(0);
  leader = 1
}

inline check() {
  for (i : 1 .. ASKED) {
    told_truly = fate[i] != REFUSED || times[i] == 0;
    assert(told_truly)
  };
  i = 0
}
