/*
 * Sets of small numbers, a bit each. A trace has more numbers than one word has bits; the exhaustive search
 * has one word, which costs a byte of each state.
 */

#ifdef TRACE
#define WORD int
#else
#define WORD byte
#define WORDS 1
#endif

#define BITS_OF_WORD 30

typedef Set {
  WORD word[WORDS]
}

hidden byte w;

#define HAS(set, n) ((set.word[(n) / BITS_OF_WORD] >> ((n) % BITS_OF_WORD)) & 1)

inline include(set, n) {
  set.word[(n) / BITS_OF_WORD] = set.word[(n) / BITS_OF_WORD] | (1 << ((n) % BITS_OF_WORD))
}

inline exclude(set, n) {
  set.word[(n) / BITS_OF_WORD] = set.word[(n) / BITS_OF_WORD] & ~(1 << ((n) % BITS_OF_WORD))
}

inline copy_set(to, from) {
  for (w : 0 .. WORDS - 1) {
    to.word[w] = from.word[w]
  }
}

inline make_empty(set) {
  for (w : 0 .. WORDS - 1) {
    set.word[w] = 0
  }
}
