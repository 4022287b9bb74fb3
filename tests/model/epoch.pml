/*
 * Epochs, rows, attachments and faults: the part that places.pml and requests.pml share. Each of the two
 * says in `read_row`, `read_attachment`, `forget` and `attach_more` what else it keeps there.
 *
 * A step is atomic, since the rows that it writes are durable before any of its frames leaves. A crash
 * between row and frames is a crash after a step whose frames were all lost.
 */

/* A long trace has more numbers than the exhaustive search, which pays for each byte. */
#ifdef TRACE
#define NUMBER short
#else
#define NUMBER byte
#endif

NUMBER epoch;      /* The epoch that is open, or 0. */
bool crashed;      /* A crash was found, and no row has been written since. */
NUMBER row_begun;  /* The row's word for an epoch that has begun and is not complete, or 0. */
bool readable;     /* A connection is open whose attachment can be read. */
NUMBER attached;   /* The attachment's word for the open epoch. */

/* An epoch has begun as soon as its row is written, and all that an earlier crash has left is over. */
inline begin(name) {
  end_crash();
  epoch = name;
#ifndef MUTANT_NO_BEGUN_ROW
  write_row()
#endif
}

/* An attachment is exact after each step, and it ends with the last connection. */
inline attach(somebody) {
  if
  :: somebody ->
     readable = true;
     attached = epoch;
     attach_more()
  :: else ->
     readable = false;
     attached = 0;
     attach_nothing()
  fi
}

#ifdef MUTANT_ANY_ATTACHMENT_IS_BELIEVED
#define IS_OF_THE_ROW true
#else
#define IS_OF_THE_ROW (attached == row_begun)
#endif

/* An instance that wakes trusts the attachment, and the row only if that says that no epoch is open. */
inline wake() {
  if
  :: row_begun != 0 && !(readable && IS_OF_THE_ROW) ->
     epoch = 0;
     read_row();
#ifndef MUTANT_CRASH_FORGETS_NOTHING
     crashed = true;
     forget()
#endif
  :: else ->
     crashed = false;
     if
     :: readable ->
        epoch = attached;
        read_attachment()
     :: else ->
        epoch = 0;
        read_row()
     fi
  fi
}
