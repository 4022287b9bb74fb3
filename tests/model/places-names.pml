/*
 * Names of epochs and of things. They are compared for equality alone, so the search gives them anew after
 * each step, in the order in which they stand in the state: two states that differ in names alone are one.
 * For the same reason the clients, which differ in nothing else, are kept in the order of their places.
 */

#define GONE 15

#ifdef MUTANT_EPOCHS_COUNTED_IN_STORAGE
byte counter;
byte saved_counter;
#endif

hidden NUMBER new_name[16];

inline fresh_epoch() {
#ifdef MUTANT_EPOCHS_COUNTED_IN_STORAGE
  counter++;
  name = counter
#else
  epochs++;
  name = epochs
#endif
}

inline happen() {
  before = newest;
  things++;
  newest = things
}

inline begin_renaming() {
  for (i : 0 .. 15) {
    new_name[i] = 0
  };
  name = 0
}

inline rename(held) {
  if
  :: held != 0 && new_name[held] == 0 ->
     name++;
     new_name[held] = name
  :: else
  fi;
  held = new_name[held]
}

inline rename_epochs() {
  begin_renaming();
  rename(epoch);
  rename(row_begun);
  rename(attached);
  rename(saved_begun);
  for (i : 0 .. KNOWN - 1) {
    rename(known_epoch[i]);
    rename(saved_epoch[i])
  };
  epochs = name;
  for (i : 0 .. CLIENTS - 1) {
    if
    :: client[i].epoch == 0
    :: client[i].epoch != 0 && new_name[client[i].epoch] != 0 -> client[i].epoch = new_name[client[i].epoch]
    :: else -> client[i].epoch = GONE
    fi
  }
}

inline rename_things() {
  begin_renaming();
  rename(newest);
  rename(saved_newest);
  for (i : 0 .. NUMBERS - 1) {
    rename(kept_thing[i]);
    rename(kept_before[i]);
    rename(saved_thing[i]);
    rename(saved_before[i])
  }
  for (i : 0 .. CLIENTS - 1) {
    rename(client[i].thing)
  }
  things = name
}

#define RANK(who) ((client[who].epoch * NUMBERS + client[who].number) * 8 + client[who].socket * 2 + client[who].excused)

inline swap(x, y) {
  name = client[x].epoch;    client[x].epoch = client[y].epoch;     client[y].epoch = name;
  name = client[x].number;   client[x].number = client[y].number;   client[y].number = name;
  name = client[x].thing;    client[x].thing = client[y].thing;     client[y].thing = name;
  name = client[x].socket;   client[x].socket = client[y].socket;   client[y].socket = name;
  name = client[x].excused;  client[x].excused = client[y].excused; client[y].excused = name
}

inline in_order(x, y) {
  if
  :: RANK(x) > RANK(y) -> swap(x, y)
  :: else
  fi
}

/* A place in an epoch that no memory, row or copy knows says no more than that. */
inline forget_places_that_are_gone() {
  for (i : 0 .. CLIENTS - 1) {
    if
    :: client[i].epoch == GONE ->
       needless_reset = !client[i].excused;
       assert(!needless_reset);
       client[i].number = 0;
       client[i].thing = (client[i].socket == LIVE -> client[i].thing : 0)
    :: client[i].epoch == 0 -> client[i].excused = false
    :: else
    fi
  }
}

/* Frames that can't be read any more are no part of the state either. */
inline forget_frames_that_are_gone() {
  for (i : known .. KNOWN - 1) {
    known_epoch[i] = 0;
    known_last[i] = 0
  };
  for (i : 0 .. NUMBERS - 1) {
    if
    :: i > number || (i <= low && (row_begun != 0 || i <= row_low)) ->
       kept_thing[i] = 0;
       kept_before[i] = 0
    :: else
    fi
  }
}

inline tidy() {
  forget_frames_that_are_gone();
#ifndef TRACE
#ifndef MUTANT_EPOCHS_COUNTED_IN_STORAGE
  rename_epochs();
  forget_places_that_are_gone();
  in_order(0, 1);
#if CLIENTS == 3
  in_order(1, 2);
  in_order(0, 1);
#endif
#endif
  rename_things()
#endif
}
