/* All that can happen, in any order. */

#define RANK(who) (((page[who].place * 4 + page[who].socket) * 2 + page[who].has_place) * 1024 + page[who].seen.word[0] * 32 + page[who].owed.word[0])

inline swap(x, y) {
  m = page[x].place;     page[x].place = page[y].place;         page[y].place = m;
  m = page[x].has_place; page[x].has_place = page[y].has_place; page[y].has_place = m;
  m = page[x].socket;    page[x].socket = page[y].socket;       page[y].socket = m;
  m = page[x].seen.word[0]; page[x].seen.word[0] = page[y].seen.word[0]; page[y].seen.word[0] = m;
  m = page[x].owed.word[0]; page[x].owed.word[0] = page[y].owed.word[0]; page[y].owed.word[0] = m
}

inline in_order(x, y) {
  if
  :: RANK(x) > RANK(y) -> swap(x, y)
  :: else
  fi
}

/* Pages differ in nothing but what they have seen, so their order says nothing. */
inline tidy() {
  in_order(0, 1);
#if PAGES == 3
  in_order(1, 2);
  in_order(0, 1)
#endif
}

inline any_page() {
  if
  :: n = 0
  :: n = 1
#if PAGES == 3
  :: n = 2
#endif
  fi
}

#if MESSAGES == 2
#define IS_ANY_MESSAGE (message[1] != 0 || message[2] != 0)
#else
#define IS_ANY_MESSAGE (message[1] != 0 || message[2] != 0 || message[MESSAGES - 1] != 0 || message[MESSAGES] != 0)
#endif

inline any_message() {
  if
  :: message[1] != 0 -> n = 1
#if MESSAGES >= 2
  :: message[2] != 0 -> n = 2
#endif
#if MESSAGES >= 3
  :: message[3] != 0 -> n = 3
#endif
#if MESSAGES >= 4
  :: message[4] != 0 -> n = 4
#endif
  fi
}

inline any_connection() {
  any_page();
  if
  :: takes_first = 0
  :: takes_first = 1
  :: takes_first = 2
  :: takes_first = ALL
  fi;
  d_step { connect(n, takes_first); n = 0; takes_first = 0 }
}

inline any_losers() {
  if
  :: page[0].socket == LIVE -> losers = losers + 1
  :: skip
  fi;
  if
  :: page[1].socket == LIVE -> losers = losers + 2
  :: skip
  fi
#if PAGES == 3
  ;
  if
  :: page[2].socket == LIVE -> losers = losers + 4
  :: skip
  fi
#endif
}

active proctype world() {
  byte n;
  byte losers;
  byte takes_first;
  do
  :: atomic {
       if
       :: any_connection()
       :: any_page(); d_step { page[n].socket = NONE; n = 0 }
       :: reloads > 0 -> any_page(); d_step { reloads--; reload(n); n = 0 }
       :: pushed < MESSAGES -> any_losers(); d_step { push(); losers = 0 }
       :: IS_ANY_MESSAGE -> any_message(); d_step { mark_read(n); n = 0 }
       :: expiries > 0 && IS_ANY_MESSAGE -> any_message(); d_step { expiries--; expire(n); n = 0 }
       :: crashes > 0 -> d_step { crashes--; crash(); n = 0 }
       :: restores > 0 && !saved -> d_step { save_rows(); n = 0 }
       :: saved -> d_step { restores--; restore(); n = 0 }
       fi;
       d_step { check() }
     }
  od
}
