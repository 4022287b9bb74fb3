/* All that can happen, in any order. */

#define IS_V2_GONE (client[0].socket == NONE && client[1].socket == NONE && client[CLIENTS - 1].socket == NONE)
#define IS_ANYBODY_THERE (!IS_V2_GONE || first_version)

inline any_client() {
  if
  :: c = 0
  :: c = 1
#if CLIENTS == 3
  :: c = 2
#endif
  fi
}

inline any_loss() {
  if
  :: client[0].socket == LIVE -> n = n + 1
  :: skip
  fi;
  if
  :: client[1].socket == LIVE -> n = n + 2
  :: skip
  fi
#if CLIENTS == 3
  ;
  if
  :: client[2].socket == LIVE -> n = n + 4
  :: skip
  fi
#endif
}

/* What a client or the network does. */
inline any_connection() {
  any_client();
  if
  :: client[c].epoch != 0 ->
     if
     :: n = ALL
     :: n = 1
     :: client[c].number + 1 < number -> n = 2
     :: client[c].number + 2 < number -> n = 3
     fi;
     d_step { connect(c, true, n); c = 0; n = 0 }
  :: d_step { connect(c, false, ALL); c = 0 }
  :: d_step { connect(c, false, 0); c = 0 }
  :: client[c].socket != NONE -> d_step { client[c].socket = NONE; part(); c = 0 }
  fi
}

inline any_frame() {
  if
  :: frames > 0 -> any_loss(); d_step { frames--; frame(false, n); n = 0 }
  :: frames > 0 && IS_ANYBODY_THERE -> any_loss(); d_step { frames--; frame(true, n); n = 0 }
  :: clears > 0 -> any_loss(); d_step { clears--; clear(n); n = 0 }
  fi
}

inline any_fault() {
  if
  :: d_step { sleep() }
  :: crashes > 0 -> d_step { crashes--; crash() }
  :: deploys > 0 -> d_step { deploys--; crash() }
  :: deploys > 0 && IS_ANYBODY_THERE -> d_step { deploys--; misread() }
  :: trims > 0 && low < number -> d_step { trims--; trim() }
  :: restores > 0 && !saved -> d_step { save_rows(); n = 0 }
  :: saved -> d_step { restores--; restore() }
  fi
}

active proctype world() {
  byte c;
  byte n;
  do
  :: atomic {
       if
       :: any_connection()
       :: frames + clears > 0 -> any_frame()
       :: requests > 0 && IS_ANYBODY_THERE -> d_step { requests--; request() }
       :: pauses > 0 && IS_V2_GONE && !paused -> d_step { pauses--; paused = true; printf("ten minutes\n") }
       :: !first_version -> d_step { first_version = true; attach(true); n = 0 }
       :: first_version -> d_step { first_version = false; part(); n = 0 }
       :: any_fault()
       fi;
       d_step { check() }
     }
  od
}
