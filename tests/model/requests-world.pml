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

#ifdef CLIENT_FORGETS_AGAIN
#define IS_SAID_TO_BE_AGAIN false
#else
#define IS_SAID_TO_BE_AGAIN true
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

#define HAS_OPEN(n) (leader == 1 && socket[1] == LIVE && fate[n] == OPEN)
#define IS_ANY_FRAME_HERE ((socket[0] != NONE && nempty(door)) || HAS_OPEN(1) || HAS_OPEN(2) || HAS_OPEN(ASKED))

inline any_flag() {
  if
  :: flag = false
  :: flag = true
  fi
}

inline any_asking() {
  any_request();
  if
  :: MAY_ASK(n) -> d_step { door ! n, false; fate[n] = WAITING }
  :: MAY_REPEAT(n) -> d_step { door ! n, IS_SAID_TO_BE_AGAIN; fate[n] = WAITING }
  :: else
  fi
}

/* The old leader's frames have waited at the door, the new one's come at once. */
inline any_serving() {
  any_refusal();
  any_flag();
  if
  :: socket[0] != NONE && nempty(door) -> door ? n, again; counts = COUNTS
  :: HAS_OPEN(1) -> n = 1; again = true; counts = true
  :: HAS_OPEN(2) -> n = 2; again = true; counts = true
  :: HAS_OPEN(ASKED) -> n = ASKED; again = true; counts = true
  fi;
  if
  :: is_lost = false
  :: counts -> is_lost = true
  fi;
  d_step {
    hear(n, again, refusal, flag, leader == 1 && counts);
    refusals = (answer == NOT_NOW || answer == NEVER -> refusals - 1 : refusals);
    take(n, counts, is_lost);
    n = 0
  }
}

inline any_leaving() {
  if
  :: socket[0] != NONE -> n = 0
  :: socket[1] != NONE -> n = 1
  :: other -> n = 2
  fi;
  d_step { part(n); n = 0 }
}

/* A deploy either leaves the connections open, so that the object sleeps, or cuts them as a crash does. */
inline any_crash() {
  if
  :: crashes > 0 -> crashes--
  :: deploys > 0 -> deploys--
  :: saved -> d_step { restores--; restore(); n = 0 }
  fi;
  d_step { crash(); n = 0 }
}

active proctype world() {
  byte n;
  byte refusal;
  bool again;
  bool flag;
  bool counts;
  bool is_lost;
  fate[0] = DONE;
  do
  :: atomic {
       if
       :: d_step { connect(); n = 0 }
       :: leader == 0 && socket[0] == LIVE -> any_asking()
       :: IS_ANY_FRAME_HERE -> any_serving()
       :: leaders > 0 && leader == 0 -> d_step { leaders--; take_over(); n = 0 }
       :: !other -> d_step { other = true; attach(true); n = 0 }
       :: if
          :: flag = false
          :: FORGETTINGS > 0 -> flag = true
          fi;
          d_step { others_ask(flag); n = 0 }
       :: d_step { write_row(); crashed = false; n = 0 }
       :: d_step { clear(); n = 0 }
       :: SOMEBODY -> any_leaving()
       :: socket[0] == NONE && socket[1] == NONE && other && epoch != 0 -> d_step { complete(); attach(true); n = 0 }
       :: d_step { sleep(); n = 0 }
       :: crashes + deploys > 0 || saved -> any_crash()
       :: deploys > 0 && SOMEBODY -> d_step { deploys--; misread(); n = 0 }
       :: restores > 0 && !saved -> d_step { save_rows(); n = 0 }
       fi;
       d_step { check(); n = 0; refusal = 0; again = false; flag = false; counts = false; is_lost = false }
     }
  od
}
