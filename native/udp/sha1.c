/*
 * HMAC-SHA1 with the processor's own instructions for SHA-1 (x86 SHA extensions), which take a quarter of the time that
 * JavaScript takes for a block. Where the processor has none, `sha1` is undefined, and JavaScript does it all.
 *
 * What is hashed, and the outcome, lie in words that JavaScript shares, since each argument would cost as much as a
 * dozen of them. Words of text are big-endian, all others native: src/stun/instructed-hmac-sha1.ts has the other side.
 */
#include "engine.h"

#define MOST_BLOCKS 16u
#define BLOCK_WORDS 16

typedef struct {
  uint32_t blocks; /* of text: with the end of the text and its length behind it */
  uint32_t inner[5];
  uint32_t outer[5];
  uint32_t digest[5];
  uint32_t text[MOST_BLOCKS * BLOCK_WORDS];
} Shared;

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

/* Takes a block of text into four times four words, the first of four highest, and leaves zeros in its place: the next
 * text is written without any. */
WITH_SHA INLINE void text_take(uint32_t *text, __m128i *w) {
  const __m128i reversed = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
  for (int i = 0; i < 4; i++) {
    __m128i *four = (__m128i *)(text + 4 * i);
    w[i] = _mm_shuffle_epi8(_mm_loadu_si128(four), reversed);
    _mm_storeu_si128(four, _mm_setzero_si128());
  }
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

WITH_SHA static void prepare(Shared *shared) {
  __m128i key[4];
  text_take(shared->text, key);
  key_state(key, 0x36, shared->inner);
  key_state(key, 0x5c, shared->outer);
}

WITH_SHA static void sign(Shared *shared) {
  Chain chain = chain_read(shared->inner);
  uint32_t blocks = shared->blocks < MOST_BLOCKS ? shared->blocks : MOST_BLOCKS;
  for (uint32_t *text = shared->text; blocks > 0; blocks--, text += BLOCK_WORDS) {
    __m128i w[4];
    text_take(text, w);
    chain = compress(chain, w[0], w[1], w[2], w[3]);
  }
  /* The outer hash adds one block to its pad: the digest, the end of the text, and the bits of 64 + 20 bytes. */
  const __m128i end = _mm_set_epi32(0, INT32_MIN, 0, 0);
  const __m128i length = _mm_set_epi32(0, 0, 0, (64 + 20) * 8);
  Chain outer = chain_read(shared->outer);
  chain_write(shared->digest, compress(outer, chain.abcd, _mm_or_si128(chain.e, end), _mm_setzero_si128(), length));
}

#else

static bool processor_has_sha(void) { return false; }
static void prepare(Shared *shared) { (void)shared; }
static void sign(Shared *shared) { (void)shared; }

#endif

static napi_value on_shared(napi_env env, napi_callback_info info, void (*act)(Shared *)) {
  void *shared = NULL;
  if (napi_get_cb_info(env, info, NULL, NULL, NULL, &shared) == napi_ok) act(shared);
  return NULL;
}

static napi_value Prepare(napi_env env, napi_callback_info info) { return on_shared(env, info, prepare); }
static napi_value Sign(napi_env env, napi_callback_info info) { return on_shared(env, info, sign); }

/* A function that works on the words, which live as long as it does. */
static bool add_function(napi_env env, napi_value to, const char *name, napi_callback call, napi_value words,
                         void *memory) {
  napi_value function;
  const napi_property_descriptor kept = {"words", NULL, NULL, NULL, NULL, words, napi_default, NULL};
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, call, memory, &function) == napi_ok &&
         napi_define_properties(env, function, 1, &kept) == napi_ok &&
         napi_set_named_property(env, to, name, function) == napi_ok;
}

napi_value sha1_functions(napi_env env, napi_value words, uint32_t *memory, size_t length) {
  napi_value functions = NULL;
  if (!processor_has_sha()) return NULL;
  if (length != sizeof(Shared) / sizeof *memory) {
    (void)napi_throw_range_error(env, NULL, "sha1: these are not the words that are shared");
    return NULL;
  }
  if (napi_create_object(env, &functions) != napi_ok ||
      !add_function(env, functions, "prepare", Prepare, words, memory) ||
      !add_function(env, functions, "sign", Sign, words, memory)) {
    return NULL;
  }
  return functions;
}
