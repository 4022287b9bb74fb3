/* The steps of the mechanism, and the faults. */

inline write_row() {
  row_begun = epoch;
  row_number = number;
  row_told = told;
  row_low = (epoch != 0 -> number : low)
}

inline read_row() {
  number = row_number;
  low = row_low;
  told = row_told;
  first_out = false
}

/* A crash hides the complete epochs until the next row, which leaves them out. */
inline forget() {
  low = number;
  excuse_all()
}

inline end_crash() {
  if
  :: crashed ->
     crashed = false;
     known = 0
  :: else
  fi
}

inline attach_more() {
  attached_number = number;
  attached_low = low;
  attached_told = told;
  attached_first_out = first_out
}

inline attach_nothing() {
  attached_number = 0;
  attached_low = 0;
  attached_told = false;
  attached_first_out = false
}

inline read_attachment() {
  number = attached_number;
  low = attached_low;
  told = attached_told;
  first_out = attached_first_out
}

inline excuse_all() {
  for (j : 0 .. CLIENTS - 1) {
    client[j].excused = true
  }
}

/* A list that is full drops its oldest epoch, and who has a place in it may be reset. */
inline remember(ended) {
  if
  :: known == KNOWN ->
     for (j : 0 .. CLIENTS - 1) {
       client[j].excused = client[j].excused || client[j].epoch == known_epoch[0]
     }
     for (j : 1 .. KNOWN - 1) {
       known_epoch[j - 1] = known_epoch[j];
       known_last[j - 1] = known_last[j]
     }
     known--
  :: else
  fi;
  known_epoch[known] = ended;
  known_last[known] = number;
  known++
}

inline complete() {
  remember(epoch);
  epoch = 0;
  first_out = false;
  told = true;
  write_row()
}

inline who_is_there() {
  somebody_new = false;
  for (i : 0 .. CLIENTS - 1) {
    somebody_new = somebody_new || client[i].socket != NONE
  }
  somebody = somebody_new || first_version
}

inline receive(who, thing_told, thing_before, with_number, with_epoch) {
  once_in_order = client[who].thing == thing_before;
  assert(once_in_order);
  client[who].thing = thing_told;
  client[who].number = with_number;
  if
  :: with_epoch != 0 -> client[who].epoch = with_epoch
  :: else
  fi
}

/* A connection that loses a frame loses all that follow: until then it can't be told from one that lives. */
inline deliver() {
  for (j : 0 .. CLIENTS - 1) {
    if
    :: client[j].socket == LIVE && (lost >> j) & 1 -> client[j].socket = CUT
    :: client[j].socket == LIVE && !((lost >> j) & 1) -> receive(j, newest, before, number, carries)
    :: else
    fi
  }
}

inline keep_frame() {
  number++;
  kept_thing[number] = newest;
  kept_before[number] = before
}

/* A frame that nobody counts makes every place worthless. */
inline leave_uncounted() {
  excuse_all();
  told_number = 0;
  carries = 0;
  if
  :: epoch != 0 || (known > 0 && !crashed) ->
#ifndef MUTANT_UNCOUNTED_FORGETS_NOTHING
     known = 0;
#endif
     epoch = 0;
     first_out = false;
     told = false;
     low = number;
     write_row()
  :: else
  fi
}

/* A push to nobody is an epoch of its own, which takes the place of one that no device was told. */
inline push_to_nobody() {
  end_crash();
  keep_frame();
#ifdef MUTANT_UNTOLD_IS_EXTENDED
  if
  :: !told && known > 0 -> known_last[known - 1] = number
  :: else ->
     fresh_epoch();
     remember(name)
  fi;
#else
  if
  :: !told && known > 0 -> known--
  :: else
  fi;
  fresh_epoch();
  remember(name);
#endif
  told = false;
  write_row();
  carries = known_epoch[known - 1];
  told_number = number
}

inline open_epoch() {
#ifdef MUTANT_COMPLETE_EPOCH_GOES_ON
  if
  :: known > 0 && !crashed ->
     name = known_epoch[known - 1];
     known--
  :: else -> fresh_epoch()
  fi;
#else
  fresh_epoch();
#endif
  first_out = false;
  begin(name)
}

inline send_counted(with_row) {
  if
  :: epoch == 0 -> open_epoch()
  :: else
  fi;
#ifdef MUTANT_FIRST_FRAME_CARRIES_NOTHING
  carries = 0;
#else
  carries = (first_out -> 0 : epoch);
#endif
  first_out = first_out || somebody_new;
  keep_frame();
  if
  :: with_row -> write_row()
  :: else
  fi;
  told_number = number;
  deliver()
}

/* Something goes to all. */
inline frame(with_row, losers) {
  lost = losers;
  who_is_there();
  happen();
  if
  :: paused -> leave_uncounted()
  :: !paused && somebody -> send_counted(with_row)
  :: else -> push_to_nobody()
  fi;
  printf("frame %d goes to all and carries %d; lost on the way to %d, a row: %d\n", told_number, carries, losers, with_row);
#ifndef MUTANT_FRAME_IS_NOT_ATTACHED
  attach(somebody)
#endif
}

/* A request that is done says nothing to anybody here, but it begins an epoch. */
inline request() {
  if
  :: epoch == 0 -> open_epoch()
  :: else
  fi;
  printf("a request is done in epoch %d\n", epoch);
  attach(true)
}

inline begin_anew() {
  end_crash();
  number++;
#ifndef MUTANT_CLEAR_FORGETS_NOTHING
  known = 0;
  low = number;
#endif
  fresh_epoch();
  told = somebody_new;
  told_number = number;
  carries = name;
  if
  :: somebody ->
     first_out = true;
     begin(name);
     deliver()
  :: else ->
     remember(name);
     write_row()
  fi
}

/* Where no place is known and nobody could be told one, the rows go and nothing takes their place. */
inline erase_uncounted() {
  crashed = false;
  known = 0;
  told_number = 0;
  carries = 0;
  low = number;
  row_begun = 0;
  row_number = 0;
  row_low = 0;
  row_told = false
}

inline clear(losers) {
  lost = losers;
  who_is_there();
  happen();
  for (j : 0 .. CLIENTS - 1) {
    client[j].excused = client[j].excused || client[j].socket != LIVE || ((losers >> j) & 1)
  }
  if
  :: !somebody_new && epoch == 0 && (known == 0 || crashed) -> erase_uncounted()
  :: else -> begin_anew()
  fi;
  printf("clear: %d goes to all and begins %d; lost on the way to %d\n", told_number, carries, losers);
  attach(somebody)
}

/* A place is good while the frames after it are kept, in an epoch whose end it does not exceed. */
inline look_up(who) {
  limit = 0;
  is_good = client[who].epoch == epoch;
  if
  :: is_good -> limit = number
  :: !is_good && !crashed ->
     for (j : 0 .. KNOWN - 1) {
       if
       :: j < known && known_epoch[j] == client[who].epoch ->
          is_good = true;
          limit = known_last[j]
       :: else
       fi
     }
  :: else
  fi;
  is_good = is_good && client[who].epoch != 0 && client[who].number <= limit;
  needless_reset = !client[who].excused && client[who].number >= low && !is_good;
#ifndef MUTANT_UNKEPT_IS_SKIPPED
  is_good = is_good && client[who].number >= low
#endif
}

/* A client takes `takes` of the frames that it is sent, and loses the rest with its connection. */
inline take(who) {
  client[who].socket = (takes > 0 -> LIVE : CUT);
  if
  :: takes > 0 ->
     client[who].epoch = told_epoch;
     client[who].excused = false;
     if
     :: is_good ->
        takes--;
        i = client[who].number;
#ifdef MUTANT_CLIENT_TAKES_THE_NUMBER_AT_ONCE
        client[who].number = number;
#endif
        for (j : i + 1 .. number) {
          if
          :: j <= low
          :: j > low && takes > 0 ->
             receive(who, kept_thing[j], kept_before[j], j, 0);
             takes--
          :: else -> client[who].socket = CUT
          fi
        }
     :: else ->
        client[who].number = number;
        client[who].thing = newest
     fi
  :: else
  fi
}

/* A device of version 2 connects, and an older socket of the same tab is replaced. */
inline connect(who, with_place, taking) {
  takes = taking;
  paused = false;
  if
  :: epoch == 0 && (crashed || known == 0) ->
     end_crash();
     fresh_epoch();
     remember(name);
     told = true;
     write_row()
  :: else
  fi;
  told = true;
  told_epoch = (epoch != 0 -> epoch : known_epoch[known - 1]);
  told_number = number;
  is_good = false;
  if
  :: with_place ->
     look_up(who);
     assert(!needless_reset)
  :: else
  fi;
  printf("client %d, at %d.%d, connects (says so: %d): told %d.%d, exact %d; it takes %d frames\n", who,
    client[who].epoch, client[who].number, with_place, told_epoch, told_number, is_good, taking);
  take(who);
  attach(true)
}

/* The server notices that a connection has ended; the last one that ends makes the row tell all. */
inline part() {
  who_is_there();
  printf("a connection has ended, others are left: %d\n", somebody);
  if
  :: somebody
  :: !somebody && epoch != 0 -> complete()
  :: !somebody && epoch == 0 && told && !row_told ->
#ifndef MUTANT_BEING_TOLD_IS_NO_NEWS
     write_row()
#else
     skip
#endif
  :: else
  fi;
#ifdef MUTANT_CARRIER_TAKES_ALL_ALONG
  attach(false);
#else
  attach(somebody)
#endif
}

inline check() {
  for (i : 0 .. CLIENTS - 1) {
    missed_in_silence = client[i].socket == LIVE && client[i].thing != newest;
    assert(!missed_in_silence);
    for (j : 0 .. CLIENTS - 1) {
      one_place_one_meaning = client[i].epoch == 0 || client[i].epoch == GONE || client[i].epoch != client[j].epoch ||
        client[i].number != client[j].number || client[i].thing == client[j].thing;
      assert(one_place_one_meaning)
    }
  };
  tidy();
  i = 0
}
