/*
 * Requests: the run of the tab A1, which the tab A2 may take over when it becomes the leader, beside whatever
 * else the user's devices do, which is the device B here.
 *
 * A frame that A1 has sent may wait at the server's door; answers are taken when they are sent, or are lost along
 * with all that follow on that connection.
 */

#ifndef ASKED
#define ASKED 3
#endif
#ifndef WINDOW
#define WINDOW 1
#endif
#ifndef REFUSALS
#define REFUSALS 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef DEPLOYS
#define DEPLOYS 1
#endif
#ifndef RESTORES
#define RESTORES 1
#endif
#ifndef FORGETTINGS
#define FORGETTINGS 1
#endif
#ifndef LEADERS
#define LEADERS 1
#endif

#define NONE 0
#define CUT 1
#define LIVE 2

#include "sets.pml"
#include "epoch.pml"

/* A request's fate, as far as its client knows. */
#define UNUSED 0
#define WAITING 1
#define OPEN 2
#define DONE 3
#define REFUSED 4
#define UNKNOWN 5

/* Answers. */
#define ACK 1
#define REPEATED 2
#define NOT_NOW 3
#define NEVER 4
#define TOO_OLD 5
#define INVALID 6

/* A run as memory, attachment, row and copy have it: nothing is known of one whose `highest` is 0. */
typedef Run {
  NUMBER highest;
  Set done;
  NUMBER since  /* From here on it is known what was not done; 0 is nowhere. */
}
Run table;
Run attached_run;
Run row_run;
Run saved_run;
bool saved;
bool saved_begun;

byte leader;     /* The tab whose connection sends, and whose answers count. */
byte socket[2];
bool other;      /* The device B is connected. */
byte heard;       /* From here on a repetition should not be too old, since nothing has befallen the run; 0 is nowhere. */
byte fate[ASKED + 1];
byte times[ASKED + 1];  /* How often each request was done, in truth. */
byte saved_times[ASKED + 1];
#ifdef MUTANT_CLIENT_REPEATS_ON_THE_SAME_CONNECTION
chan door = [2 * ASKED + 1] of { byte, bool };
#else
chan door = [ASKED] of { byte, bool };
#endif

/* Each fault may happen so many times more. */
byte refusals = REFUSALS;
byte crashes = CRASHES;
byte deploys = DEPLOYS;
byte restores = RESTORES;
byte leaders = LEADERS;

/* Scratch, written in each step before it is read. */
hidden byte i;
hidden byte answer;

/* The properties. */
hidden byte done_once;
hidden byte told_truly;
hidden byte settled_once;
hidden byte needless_too_old;

#include "requests-steps.pml"

#ifdef TRACE
#include "requests-trace.pml"
#else
#include "requests-world.pml"
#endif
