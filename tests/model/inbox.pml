/*
 * The inbox: three pages of one user, on two devices. There is no memory to lose: each message is a row, and
 * so is what survives it.
 *
 * A page takes a frame when it is sent, or never, as the clients of places.pml do.
 */

#ifndef PAGES
#define PAGES 3
#endif
#ifndef MESSAGES
#define MESSAGES 2
#endif
#ifndef ROOM
#define ROOM 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef RESTORES
#define RESTORES 1
#endif
#ifndef EXPIRIES
#define EXPIRIES 1
#endif
#ifndef RELOADS
#define RELOADS 1
#endif

#define NONE 0
#define CUT 1
#define LIVE 2
#define ALL 255

#ifdef TRACE
#define NUMBER int
#else
#define NUMBER byte
#endif

#include "sets.pml"

/* The rows. A message has its number at its own place, and 0 is none. */
NUMBER message[MESSAGES + 1];
NUMBER last;
NUMBER read;
NUMBER lost;
bool saved;
NUMBER saved_message[MESSAGES + 1];
NUMBER saved_last;
NUMBER saved_read;
NUMBER saved_lost;

NUMBER truly_read;  /* What the user has read in truth. */
NUMBER saved_truly_read;

NUMBER now;  /* The clock goes forward, whatever is restored. */
byte pushed; /* How many messages there have been. */

typedef Page {
  NUMBER place;   /* What it says it has, */
  bool has_place; /* if it has been told any. */
  byte socket;
  Set seen;       /* The messages that it has shown since it was loaded, */
  Set owed       /* and what it must be shown yet, or be told that it is lost. */
}
Page page[PAGES];

/* Each of these may happen so many times more. */
byte crashes = CRASHES;
byte restores = RESTORES;
byte expiries = EXPIRIES;
byte reloads = RELOADS;

/* Scratch, written in each step before it is read. */
hidden byte i;
hidden byte m;
hidden byte takes;
hidden NUMBER from;

/* The properties. */
hidden byte inbox_complete;
hidden byte inbox_once;

#include "inbox-steps.pml"

#ifdef TRACE
#include "inbox-trace.pml"
#else
#include "inbox-world.pml"
#endif
