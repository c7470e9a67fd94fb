/*
 * HMAC-SHA1 with the processor's own instructions for SHA-1 (x86 SHA extensions), which take a quarter of the time that
 * JavaScript takes for a block. Where the processor has none, `sha1` is undefined, and JavaScript does it all.
 *
 * What is to be hashed is told by words that JavaScript shares, since each argument would cost as much as a dozen of
 * them, and the outcome lies there too: src/stun/instructed-hmac-sha1.ts has the other side. The text is read where it
 * lies: behind these words, or in one other memory that was named once, a thread's slab.
 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 64u
#define MOST_TEXT 1024u

typedef struct {
  uint32_t offset; /* of the text, in its memory */
  uint32_t length; /* in bytes */
  uint32_t first;  /* what its first four bytes count as */
  uint32_t inner[5];
  uint32_t outer[5];
  uint32_t digest[5];
  uint8_t text[MOST_TEXT];
} Shared;

/* What a function of ours works on, for as long as it lives. */
typedef struct {
  Shared *shared;
  const uint8_t *memory; /* where texts lie */
  size_t length;
} Source;

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define WITH_SHA __attribute__((target("sha,sse4.1")))
#define INLINE static inline __attribute__((always_inline))

/* FIPS 180-4 §5.3.1. */
static const uint32_t START[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

/* The chaining value as the instructions want it: a in the highest word of four, and e in that of another four. */
typedef struct {
  __m128i abcd, e;
} Chain;

static bool processor_has_sha(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

WITH_SHA INLINE Chain chain_read(const uint32_t *words) {
  __m128i dcba = _mm_loadu_si128((const __m128i *)words);
  return (Chain){_mm_shuffle_epi32(dcba, 0x1b), _mm_set_epi32((int)words[4], 0, 0, 0)};
}

WITH_SHA INLINE void chain_write(uint32_t *words, Chain chain) {
  _mm_storeu_si128((__m128i *)words, _mm_shuffle_epi32(chain.abcd, 0x1b));
  words[4] = (uint32_t)_mm_extract_epi32(chain.e, 3);
}

/* Four words, the first of four highest. */
WITH_SHA INLINE __m128i words_of(__m128i bytes) {
  return _mm_shuffle_epi8(bytes, _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f));
}

/* The `count` bytes (0 to 16, or more) at `from`, and zeros behind them. Reads no further than `end`. */
WITH_SHA INLINE __m128i read_bytes(const uint8_t *from, const uint8_t *end, ptrdiff_t count) {
  static const uint8_t KEEP[32] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
  if (count <= 0) return _mm_setzero_si128();
  if (count >= 16) return _mm_loadu_si128((const __m128i *)from);
  uint8_t last[16] = {0};
  if (end - from < 16) from = memcpy(last, from, (size_t)count);
  /* What lies behind the text, within the memory, is read and dropped: quicker than to read one byte after the other. */
  return _mm_and_si128(_mm_loadu_si128((const __m128i *)from), _mm_loadu_si128((const __m128i *)(KEEP + 16 - count)));
}

/* The bit that ends the text, where `at` is one of these 16 bytes. */
WITH_SHA INLINE __m128i end_of_text(ptrdiff_t at) {
  static const uint8_t END[48] = {[16] = 0x80};
  return at < 0 || at > 15 ? _mm_setzero_si128() : _mm_loadu_si128((const __m128i *)(END + 16 - at));
}

/* Four rounds. The instruction takes the function of their twenty as a literal. */
WITH_SHA INLINE __m128i four_rounds(__m128i abcd, __m128i e, int quarter) {
  switch (quarter) {
  case 0: return _mm_sha1rnds4_epu32(abcd, e, 0);
  case 1: return _mm_sha1rnds4_epu32(abcd, e, 1);
  case 2: return _mm_sha1rnds4_epu32(abcd, e, 2);
  default: return _mm_sha1rnds4_epu32(abcd, e, 3);
  }
}

/* FIPS 180-4 §6.1.2, with the schedule as a rolling window of 16 words (§6.1.3). Unrolled, all of it is in registers. */
WITH_SHA INLINE Chain compress(Chain chain, __m128i w0, __m128i w1, __m128i w2, __m128i w3) {
  __m128i w[4] = {w0, w1, w2, w3};
  __m128i abcd = chain.abcd;
  __m128i before = abcd;
#pragma GCC unroll 20
  for (int i = 0; i < 20; i++) {
    __m128i *next = &w[i & 3];
    if (i >= 4) {
      __m128i sum = _mm_xor_si128(_mm_sha1msg1_epu32(*next, w[(i + 1) & 3]), w[(i + 2) & 3]);
      *next = _mm_sha1msg2_epu32(sum, w[(i + 3) & 3]);
    }
    /* e is what a was four rounds ago, rotated. */
    __m128i e = i == 0 ? _mm_add_epi32(chain.e, *next) : _mm_sha1nexte_epu32(before, *next);
    before = abcd;
    abcd = four_rounds(abcd, e, i / 5);
  }
  return (Chain){_mm_add_epi32(abcd, chain.abcd), _mm_sha1nexte_epu32(before, chain.e)};
}

/* RFC 2104 §2: one of a key's two states, from the key with zeros behind it. */
WITH_SHA INLINE void key_state(const __m128i *key, char pad, uint32_t *state) {
  const __m128i pads = _mm_set1_epi8(pad);
  chain_write(state, compress(chain_read(START), _mm_xor_si128(key[0], pads), _mm_xor_si128(key[1], pads),
                              _mm_xor_si128(key[2], pads), _mm_xor_si128(key[3], pads)));
}

WITH_SHA static void prepare(Source *source) {
  Shared *shared = source->shared;
  const uint8_t *text = shared->text;
  __m128i key[4];
  for (int i = 0; i < 4; i++) key[i] = words_of(read_bytes(text + 16 * i, text + MOST_TEXT, (ptrdiff_t)shared->length - 16 * i));
  key_state(key, 0x36, shared->inner);
  key_state(key, 0x5c, shared->outer);
}

/* FIPS 180-4 §5.1.1: the last bytes of the text, fewer than a block, with what ends it: a block or two. */
WITH_SHA INLINE Chain last_blocks(Chain chain, const uint8_t *text, const uint8_t *end, ptrdiff_t left, bool is_first,
                                  uint32_t first, uint32_t length) {
  __m128i w[4];
  for (int i = 0; i < 4; i++) {
    w[i] = words_of(_mm_or_si128(read_bytes(text + 16 * i, end, left - 16 * i), end_of_text(left - 16 * i)));
  }
  if (is_first && left >= 4) w[0] = _mm_insert_epi32(w[0], (int)first, 3);
  if (left >= BLOCK - 8) {
    chain = compress(chain, w[0], w[1], w[2], w[3]);
    w[0] = w[1] = w[2] = w[3] = _mm_setzero_si128();
  }
  /* The key's pad is a block that has been hashed already. */
  w[3] = _mm_insert_epi32(w[3], (int)((BLOCK + length) << 3), 0);
  return compress(chain, w[0], w[1], w[2], w[3]);
}

/* Of a text that lies within its memory. */
WITH_SHA static void sign(Source *source) {
  Shared *shared = source->shared;
  const uint32_t length = shared->length;
  const uint8_t *text = source->memory + shared->offset;
  const uint8_t *end = source->memory + source->length;
  Chain chain = chain_read(shared->inner);
  uint32_t left = length;
  for (; left >= BLOCK; left -= BLOCK, text += BLOCK) {
    __m128i w[4];
    for (int i = 0; i < 4; i++) w[i] = words_of(_mm_loadu_si128((const __m128i *)(text + 16 * i)));
    if (left == length) w[0] = _mm_insert_epi32(w[0], (int)shared->first, 3);
    chain = compress(chain, w[0], w[1], w[2], w[3]);
  }
  chain = last_blocks(chain, text, end, left, left == length, shared->first, length);
  /* The outer hash adds one block to its pad: the digest, the end of the text, and the bits of 64 + 20 bytes. */
  const __m128i stop = _mm_set_epi32(0, INT32_MIN, 0, 0);
  const __m128i bits = _mm_set_epi32(0, 0, 0, (64 + 20) * 8);
  Chain outer = chain_read(shared->outer);
  chain_write(shared->digest, compress(outer, chain.abcd, _mm_or_si128(chain.e, stop), _mm_setzero_si128(), bits));
}

#else

static bool processor_has_sha(void) { return false; }
static void prepare(Source *source) { (void)source; }
static void sign(Source *source) { (void)source; }

#endif

static napi_value refuse(napi_env env, const char *why) {
  (void)napi_throw_range_error(env, NULL, why);
  return NULL;
}

static napi_value Prepare(napi_env env, napi_callback_info info) {
  void *source = NULL;
  if (napi_get_cb_info(env, info, NULL, NULL, NULL, &source) != napi_ok) return NULL;
  if (((Source *)source)->shared->length > BLOCK) return refuse(env, "sha1: a key has a block at most");
  prepare(source);
  return NULL;
}

static napi_value Sign(napi_env env, napi_callback_info info) {
  void *data = NULL;
  if (napi_get_cb_info(env, info, NULL, NULL, NULL, &data) != napi_ok) return NULL;
  Source *source = data;
  const Shared *shared = source->shared;
  if (shared->offset > source->length || shared->length > source->length - shared->offset) {
    return refuse(env, "sha1: the text is not within its memory");
  }
  sign(source);
  return NULL;
}

static void forget(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free(data);
}

/* A function that works on `source`, whose memories live as long as it does: `kept` are the arrays that hold them. */
static bool add_function(napi_env env, napi_value to, const char *name, napi_callback call, napi_value kept,
                         Source source) {
  napi_value function;
  const napi_property_descriptor arrays = {"arrays", NULL, NULL, NULL, NULL, kept, napi_default, NULL};
  Source *own = malloc(sizeof *own);
  if (own == NULL) return false;
  *own = source;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, call, own, &function) != napi_ok ||
      napi_add_finalizer(env, function, own, forget, NULL, NULL) != napi_ok) {
    free(own);
    return false;
  }
  return napi_define_properties(env, function, 1, &arrays) == napi_ok &&
         napi_set_named_property(env, to, name, function) == napi_ok;
}

napi_value sha1_functions(napi_env env, const napi_value *arrays, uint32_t *words, size_t length, const uint8_t *memory,
                          size_t memory_length) {
  napi_value functions = NULL, kept;
  if (!processor_has_sha()) return NULL;
  if (length != sizeof(Shared) / sizeof *words) return refuse(env, "sha1: these are not the words that are shared");
  Shared *shared = (Shared *)words;
  const Source own = {shared, shared->text, MOST_TEXT};
  const Source other = {shared, memory, memory_length};
  if (napi_create_object(env, &functions) != napi_ok || napi_create_array_with_length(env, 2, &kept) != napi_ok ||
      napi_set_element(env, kept, 0, arrays[0]) != napi_ok ||
      (memory != NULL && napi_set_element(env, kept, 1, arrays[1]) != napi_ok) ||
      !add_function(env, functions, "prepare", Prepare, kept, own) ||
      !add_function(env, functions, "sign", Sign, kept, own) ||
      (memory != NULL && !add_function(env, functions, "signInPlace", Sign, kept, other))) {
    return NULL;
  }
  return functions;
}
