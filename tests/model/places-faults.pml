/* Faults, and all else that befalls the object and its connections. */

/* The instance vanishes, and the next one wakes; connections stay open, if there are any. */
inline sleep() {
  printf("sleep\n");
  who_is_there();
  wake();
  attach(somebody)
}

/* All connections are gone without a word. */
inline crash() {
  printf("crash\n");
  excuse_all();
  for (i : 0 .. CLIENTS - 1) {
    client[i].socket = NONE
  }
  first_version = false;
  attach(false);
  wake()
}

/* A deploy of another build leaves the connections open, and what they carry can't be read. */
inline misread() {
  printf("attachments can't be read\n");
  excuse_all();
  who_is_there();
  attach(false);
  wake();
  attach(somebody)
}

/* The oldest frame is dropped for want of room, as an attachment has less of it than the memory. */
inline trim() {
  printf("frame %d is no longer kept\n", low + 1);
  low++;
  who_is_there();
  attach(somebody)
}

inline save_rows() {
  printf("a copy of the rows\n");
  saved = true;
  saved_newest = newest;
  saved_begun = row_begun;
  saved_number = row_number;
  saved_low = row_low;
  saved_told = row_told;
  saved_known = known;
  for (i : 0 .. KNOWN - 1) {
    saved_epoch[i] = known_epoch[i];
    saved_last[i] = known_last[i]
  }
  for (i : 0 .. NUMBERS - 1) {
    if
    :: row_begun == 0 && i > row_low && i <= row_number ->
       saved_thing[i] = kept_thing[i];
       saved_before[i] = kept_before[i]
    :: else
    fi
  }
#ifdef MUTANT_EPOCHS_COUNTED_IN_STORAGE
  saved_counter = counter;
#endif
}

inline forget_saved() {
  saved = false;
  saved_newest = 0;
  saved_begun = 0;
  saved_number = 0;
  saved_low = 0;
  saved_told = false;
  saved_known = 0;
  for (i : 0 .. KNOWN - 1) {
    saved_epoch[i] = 0;
    saved_last[i] = 0
  }
  for (i : 0 .. NUMBERS - 1) {
    saved_thing[i] = 0;
    saved_before[i] = 0
  }
}

/* The saved rows are put back, and what has happened since has not; all connections end with that. */
inline restore() {
  printf("the copy is put back\n");
  newest = saved_newest;
  row_begun = saved_begun;
  row_number = saved_number;
  row_low = saved_low;
  row_told = saved_told;
  known = saved_known;
  for (i : 0 .. KNOWN - 1) {
    known_epoch[i] = saved_epoch[i];
    known_last[i] = saved_last[i]
  }
  for (i : 0 .. NUMBERS - 1) {
    kept_thing[i] = saved_thing[i];
    kept_before[i] = saved_before[i]
  }
#ifdef MUTANT_EPOCHS_COUNTED_IN_STORAGE
  counter = saved_counter;
#endif
  forget_saved()
}
