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

/* A client comes with its place or without, and takes some of what it is sent; or its connection ends. */
inline any_connection() {
  any_client();
  if
  :: client[c].epoch != 0 ->
     flag = true;
     if
     :: n = ALL
     :: n = 1
     :: client[c].number + 1 < number -> n = 2
     :: client[c].number + 2 < number -> n = 3
     fi
  :: n = ALL
  :: n = 0
  fi;
  d_step { connect(c, flag, n); n = 0 }
}

inline any_ending() {
  if
  :: first_version -> d_step { first_version = false; n = 0 }
  :: client[0].socket != NONE -> d_step { client[0].socket = NONE; n = 0 }
  :: client[1].socket != NONE -> d_step { client[1].socket = NONE; n = 0 }
  :: client[CLIENTS - 1].socket != NONE -> d_step { client[CLIENTS - 1].socket = NONE; n = 0 }
  fi;
  d_step { part(); n = 0 }
}

inline any_frame() {
  any_loss();
  if
  :: frames > 0 ->
     if
     :: flag = false
     :: IS_ANYBODY_THERE -> flag = true
     fi;
     d_step { frames--; frame(flag, n); n = 0 }
  :: clears > 0 -> d_step { clears--; clear(n); n = 0 }
  fi
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
  byte c;
  byte n;
  bool flag;
  do
  :: atomic {
       if
       :: any_connection()
       :: IS_ANYBODY_THERE -> any_ending()
       :: frames + clears > 0 -> any_frame()
       :: requests > 0 && IS_ANYBODY_THERE -> d_step { requests--; request(); n = 0 }
       :: pauses > 0 && IS_V2_GONE && !paused -> d_step { pauses--; paused = true; printf("ten minutes\n") }
       :: !first_version -> d_step { first_version = true; attach(true); n = 0 }
       :: d_step { sleep(); n = 0 }
       :: crashes + deploys > 0 || saved -> any_crash()
       :: deploys > 0 && IS_ANYBODY_THERE -> d_step { deploys--; misread(); n = 0 }
       :: trims > 0 && low < number -> d_step { trims--; trim(); n = 0 }
       :: restores > 0 && !saved -> d_step { save_rows(); n = 0 }
       fi;
       d_step { check(); c = 0; n = 0; flag = false }
     }
  od
}
