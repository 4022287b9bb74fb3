/* All that can happen, in any order. */

inline any_request() {
  if
  :: n = 1
  :: n = 2
#if ASKED >= 3
  :: n = 3
#endif
#if ASKED >= 4
  :: n = 4
#endif
  fi
}

/* A request waits until the one WINDOW + 1 before it is settled. */
#ifdef CLIENT_BREAKS_THE_WINDOW
#define MAY_ASK(n) (fate[n] == UNUSED && fate[n - 1] != UNUSED)
#else
#define MAY_ASK(n) (fate[n] == UNUSED && fate[n - 1] != UNUSED && (n <= WINDOW + 1 || fate[n - WINDOW - 1] >= DONE))
#endif

#ifdef MUTANT_CLIENT_REPEATS_ON_THE_SAME_CONNECTION
#define MAY_REPEAT(n) (fate[n] == OPEN || (fate[n] == WAITING && len(door) <= ASKED))
#else
#define MAY_REPEAT(n) (fate[n] == OPEN)
#endif

#ifdef MUTANT_ANSWERS_OF_THE_OLD_LEADER_COUNT
#define COUNTS (socket[0] != NONE)
#else
#define COUNTS (leader == 0 && socket[0] == LIVE)
#endif

inline any_refusal() {
  if
  :: refusal = 0
  :: refusals > 0 -> refusal = NOT_NOW
  :: refusals > 0 -> refusal = NEVER
  fi
}

inline spend_refusal() {
  if
  :: answer == NOT_NOW || answer == NEVER -> refusals--
  :: else
  fi
}

inline any_flag() {
  if
  :: flag = false
  :: flag = true
  fi
}

inline any_asking() {
  any_request();
  if
  :: leader == 0 && MAY_ASK(n) -> d_step { door ! n, false; fate[n] = WAITING }
  :: leader == 0 && MAY_REPEAT(n) -> d_step { door ! n, true; fate[n] = WAITING }
  :: leader == 1 && fate[n] == OPEN ->
     any_refusal();
     any_flag();
     if
     :: d_step { fate[n] = WAITING; serve_new_leader(n, refusal, flag); spend_refusal(); take(n, true, false) }
     :: d_step { fate[n] = WAITING; serve_new_leader(n, refusal, flag); spend_refusal(); take(n, true, true) }
     fi
  :: else
  fi
}

inline any_serving() {
  any_refusal();
  any_flag();
  if
  :: d_step { door ? n, again; serve(n, again, refusal, flag); spend_refusal(); take(n, COUNTS, false) }
  :: COUNTS -> d_step { door ? n, again; serve(n, again, refusal, flag); spend_refusal(); take(n, true, true) }
  fi
}

inline any_leaving() {
  if
  :: socket[0] != NONE -> d_step { part(0); n = 0 }
  :: socket[1] != NONE -> d_step { part(1); n = 0 }
  :: other -> d_step { other = false; last_leave(); n = 0 }
  :: socket[0] == NONE && socket[1] == NONE && other && epoch != 0 -> d_step { complete(); attach(true); n = 0 }
  fi
}

inline any_fault() {
  if
  :: d_step { sleep(); n = 0 }
  :: crashes > 0 -> d_step { crashes--; crash(); n = 0 }
  :: deploys > 0 -> d_step { deploys--; crash(); n = 0 }
  :: deploys > 0 && SOMEBODY -> d_step { deploys--; misread(); n = 0 }
  :: restores > 0 && !saved -> d_step { save_rows(); n = 0 }
  :: saved -> d_step { restores--; restore(); n = 0 }
  fi
}

active proctype world() {
  byte n;
  byte refusal;
  bool again;
  bool flag;
  fate[0] = DONE;
  do
  :: atomic {
       if
       :: d_step { connect(); n = 0 }
       :: socket[leader] == LIVE -> any_asking()
       :: socket[0] != NONE && nempty(door) -> any_serving()
       :: leaders > 0 && leader == 0 -> d_step { leaders--; take_over(); n = 0 }
       :: !other -> d_step { other = true; attach(true); n = 0 }
       :: any_flag(); d_step { others_ask(flag); n = 0 }
       :: d_step { write_row(); crashed = false; n = 0 }
       :: d_step { clear(); n = 0 }
       :: socket[0] != NONE || socket[1] != NONE || other -> any_leaving()
       :: any_fault()
       fi;
       d_step { check(); n = 0; refusal = 0; again = false; flag = false }
     }
  od
}
