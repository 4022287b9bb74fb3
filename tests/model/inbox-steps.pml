/* The steps of the mechanism, and the faults. */

/* Whatever is above a number is owed to the page. */
inline owe_above(who, number) {
  for (m : 1 .. MESSAGES) {
    if
    :: message[m] > number -> include(page[who].owed, m)
    :: else -> exclude(page[who].owed, m)
    fi
  }
}

inline owe_nothing_that_is_gone(who) {
  for (m : 1 .. MESSAGES) {
    if
    :: message[m] == 0 -> exclude(page[who].owed, m)
    :: else
    fi
  }
}

/* The page shows a message, which nothing can take back. */
inline take(who, which) {
  inbox_once = !HAS(page[who].seen, which);
  assert(inbox_once);
  include(page[who].seen, which);
  exclude(page[who].owed, which);
  page[who].place = (message[which] > page[who].place -> message[which] : page[who].place);
  page[who].has_place = true
}

inline drop_oldest(pushing) {
  pushing = 0;
  for (m : 1 .. MESSAGES) {
    if
    :: message[m] != 0 && (pushing == 0 || message[m] < message[pushing]) -> pushing = m
    :: else
    fi
  };
#ifndef MUTANT_LOST_IS_FORGOTTEN
  lost = message[pushing];
#endif
  message[pushing] = 0
}

inline count_messages(count) {
  count = 0;
  for (m : 1 .. MESSAGES) {
    count = (message[m] != 0 -> count + 1 : count)
  }
}

/* A kept push: its row, its number, and all who are connected. */
inline push() {
  pushed++;
#ifdef MUTANT_NUMBERS_FROM_STORAGE_ALONE
  last = last + 1;
#else
  last = (now > last -> now : last + 1);
#endif
  message[pushed] = last;
  for (i : 0 .. PAGES - 1) {
    include(page[i].owed, pushed);
    if
    :: page[i].socket == LIVE && (losers >> i) & 1 -> page[i].socket = CUT
    :: page[i].socket == LIVE && !((losers >> i) & 1) -> take(i, pushed)
    :: else
    fi
  };
  count_messages(takes);
  if
  :: takes > ROOM -> drop_oldest(takes)
  :: else
  fi;
  printf("message %d has the number %d; lost on the way to %d; lost for want of room up to %d\n", pushed, last, losers, lost)
}

inline expire(which) {
  printf("message %d expires\n", which);
  message[which] = 0;
  for (i : 0 .. PAGES - 1) {
    exclude(page[i].owed, which)
  }
}

/* The page takes its place from initial_state only if it has none, or one that can't be. */
inline take_initial(who) {
#ifdef MUTANT_PLACE_IS_TAKEN_FROM_LAST
  page[who].place = last;
#else
  if
  :: page[who].has_place && page[who].place > last ->
#ifndef MUTANT_PLACE_ABOVE_LAST_IS_KEPT
     page[who].place = read;
#endif
     make_empty(page[who].seen);
     owe_above(who, truly_read)
  :: !page[who].has_place -> page[who].place = read
  :: else
  fi;
#endif
  page[who].has_place = true;
  if
  :: lost > from -> owe_nothing_that_is_gone(who)
  :: else
  fi
}

/* A page without a place is owed what the user has not read. */
inline connect(who, taking) {
  takes = taking;
  if
  :: !page[who].has_place ->
     make_empty(page[who].seen);
     owe_above(who, truly_read)
  :: else
  fi;
#ifdef MUTANT_PLACE_ABOVE_LAST_IS_KEPT
  from = (page[who].has_place -> page[who].place : read);
#elif defined(MUTANT_PLACE_IS_NOT_HEARD)
  from = 0;
#else
  from = (page[who].has_place && page[who].place <= last -> page[who].place : read);
#endif
  printf("page %d connects, has a place %d: %d; told last %d, read %d, lost %d; it takes %d frames\n",
    who, page[who].has_place, page[who].place, last, read, lost > from, taking);
  page[who].socket = (takes > 0 -> LIVE : CUT);
  if
  :: takes > 0 ->
     takes--;
     take_initial(who);
     for (i : 1 .. MESSAGES) {
       if
       :: message[i] > from && takes > 0 ->
          take(who, i);
          takes--
       :: message[i] > from && takes == 0 -> page[who].socket = CUT
       :: else
       fi
     }
  :: else
  fi;
#ifdef MUTANT_SENT_COUNTS_AS_READ
  read = last;
#endif
  i = 0
}

inline mark_read(which) {
  printf("the user has read up to message %d\n", which);
  read = (message[which] > read -> message[which] : read);
  truly_read = read
}

inline crash() {
  printf("crash\n");
  for (i : 0 .. PAGES - 1) {
    page[i].socket = NONE
  }
}

inline save_rows() {
  printf("a copy of the rows\n");
  saved = true;
  saved_last = last;
  saved_read = read;
  saved_truly_read = truly_read;
  saved_lost = lost;
  for (m : 1 .. MESSAGES) {
    saved_message[m] = message[m]
  }
}

/* A message that is undone is owed to nobody, and the clock has gone beyond all numbers that it had. */
inline restore() {
  printf("the copy is put back\n");
  now = (last + 1 > now -> last + 1 : now);
  saved = false;
  last = saved_last;
  read = saved_read;
  truly_read = saved_truly_read;
  lost = saved_lost;
  saved_last = 0;
  saved_read = 0;
  saved_truly_read = 0;
  saved_lost = 0;
  for (m : 1 .. MESSAGES) {
    message[m] = saved_message[m];
    saved_message[m] = 0
  };
  for (i : 0 .. PAGES - 1) {
    owe_nothing_that_is_gone(i)
  };
  crash()
}

inline reload(who) {
  printf("page %d is loaded anew\n", who);
  page[who].has_place = false;
  page[who].place = 0;
  page[who].socket = NONE;
  make_empty(page[who].seen);
  make_empty(page[who].owed)
}

/* Who is connected, with nothing under way, has been shown all that it is owed. */
inline check() {
  for (i : 0 .. PAGES - 1) {
    for (m : 1 .. MESSAGES) {
      inbox_complete = page[i].socket != LIVE || !HAS(page[i].owed, m);
      assert(inbox_complete)
    }
  };
  tidy();
  i = 0
}
