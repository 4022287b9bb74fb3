/*
 * Places, and coming back: the clients A1 and A2 are two tabs of a device, B is another device.
 *
 * A client takes a frame when it is sent, or never: its taking is seen by nobody else before it connects
 * again, so that what it takes late it might as well have taken at once. A connection that is cut may be so
 * for long before the server notices.
 */

#ifndef CLIENTS
#define CLIENTS 3
#endif
#ifndef FRAMES
#define FRAMES 3
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
#ifndef CLEARS
#define CLEARS 1
#endif
#ifndef PAUSES
#define PAUSES 1
#endif
#ifndef REQUESTS
#define REQUESTS 1
#endif
#ifndef TRIMS
#define TRIMS 1
#endif
#ifndef KNOWN
#define KNOWN 3
#endif
#ifndef NUMBERS
#define NUMBERS (FRAMES + CLEARS + 1)
#endif

#define NONE 0
#define CUT 1
#define LIVE 2
#ifdef TRACE
#define ALL 30000
#else
#define ALL 255
#endif

#include "epoch.pml"

/* The order of things is the truth that no server knows: each thing that goes to all comes after another. */
NUMBER newest;
NUMBER things;  /* How many names of things there are, */
NUMBER epochs;  /* and of epochs. */

/* Memory, and what is of it in the attachment and in the row. */
NUMBER number;
NUMBER low;
bool told;
bool first_out;
NUMBER attached_number;
NUMBER attached_low;
bool attached_told;
bool attached_first_out;
NUMBER row_number;
NUMBER row_low;
bool row_told;

/* The complete epochs, which change in memory and row at once; a crash that was found hides them. */
byte known;
NUMBER known_epoch[KNOWN];
NUMBER known_last[KNOWN];

/* The frames above `low`, each with the thing that it tells and the one before that. */
NUMBER kept_thing[NUMBERS];
NUMBER kept_before[NUMBERS];

/* The rows of an earlier moment. */
bool saved;
NUMBER saved_newest;
NUMBER saved_begun;
NUMBER saved_number;
NUMBER saved_low;
bool saved_told;
byte saved_known;
NUMBER saved_epoch[KNOWN];
NUMBER saved_last[KNOWN];
NUMBER saved_thing[NUMBERS];
NUMBER saved_before[NUMBERS];

typedef Client {
  NUMBER epoch;
  NUMBER number;
  NUMBER thing;  /* What the client is up to date with, in truth. */
  byte socket;
  bool excused   /* Something has happened for which its place may be refused. */
}
Client client[CLIENTS];
bool first_version;  /* A device of version 1 is connected. */
bool paused;         /* More than ten minutes without a device of version 2 have passed. */

/* Each of these may happen so many times more. */
byte frames = FRAMES;
byte crashes = CRASHES;
byte deploys = DEPLOYS;
byte restores = RESTORES;
byte clears = CLEARS;
byte pauses = PAUSES;
byte requests = REQUESTS;
byte trims = TRIMS;

/* Scratch, written in each step before it is read. */
hidden byte lost;
hidden NUMBER i;
hidden NUMBER j;
hidden NUMBER limit;
hidden NUMBER before;
hidden NUMBER carries;
hidden NUMBER name;
hidden NUMBER takes;
hidden byte is_good;
hidden byte somebody;
hidden byte somebody_new;

/* The outcome of a step, as a trace tells it. */
hidden NUMBER told_epoch;
hidden NUMBER told_number;

/* The properties. */
hidden byte missed_in_silence;
hidden byte once_in_order;
hidden byte needless_reset;
hidden byte one_place_one_meaning;

#include "places-names.pml"
#include "places-steps.pml"
#include "places-faults.pml"

#ifdef TRACE
#include "places-trace.pml"
#else
#include "places-world.pml"
#endif
