/* What JavaScript sees: see src/relay/datagram-addon.ts, its only caller, for what each function means. */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static napi_value integer(napi_env env, int32_t value) {
  napi_value result = NULL;
  (void)napi_create_int32(env, value, &result);
  return result;
}

static napi_value refuse(napi_env env, const char *why) {
  (void)napi_throw_type_error(env, NULL, why);
  return NULL;
}

/* The memory of a typed array of `type` with at least `length` elements, else NULL. It does not move. */
static void *array_at(napi_env env, napi_value value, napi_typedarray_type type, size_t length, size_t *found) {
  napi_typedarray_type actual;
  size_t elements = 0;
  void *memory = NULL;
  bool is = false;
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is) return NULL;
  if (napi_get_typedarray_info(env, value, &actual, &elements, &memory, NULL, NULL) != napi_ok) return NULL;
  if (found != NULL) *found = elements;
  return actual == type && elements >= length ? memory : NULL;
}

static bool integers_of(napi_env env, const napi_value *values, size_t wanted, int32_t *integers) {
  for (size_t i = 0; i < wanted; i++) {
    if (napi_get_value_int32(env, values[i], &integers[i]) != napi_ok) return false;
  }
  return true;
}

/* The arguments as integers, behind the engine that stands first. */
static Engine *arguments_of(napi_env env, napi_callback_info info, size_t wanted, int32_t *integers) {
  napi_value values[16];
  size_t given = 16;
  void *engine = NULL;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok || given < wanted + 1 ||
      napi_get_value_external(env, values[0], &engine) != napi_ok) {
    return NULL;
  }
  return integers_of(env, values + 1, wanted, integers) ? engine : NULL;
}

static bool address_of(const int32_t *given, Address *address) {
  return address_write(address, given[0] == 4 ? AF_INET : AF_INET6, given + 1, (uint16_t)given[5]) != 0;
}

static void forget(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  engine_release(data);
}

static bool take_arrays(napi_env env, Engine *engine, const napi_value *values) {
  size_t queued = 0;
  size_t slots_length = (size_t)engine->slots * engine->slot_stride;
  engine->slab = array_at(env, values[0], napi_uint8_array, slots_length, &engine->slab_length);
  engine->rx = array_at(env, values[1], napi_int32_array, (size_t)engine->slots * RX_STRIDE, NULL);
  engine->tx = array_at(env, values[2], napi_int32_array, TX_STRIDE, &queued);
  engine->icmp = array_at(env, values[3], napi_int32_array, MAX_ICMP * ICMP_STRIDE, NULL);
  engine->counters = array_at(env, values[4], napi_float64_array, COUNTERS, NULL);
  engine->queue = (uint32_t)(queued / TX_STRIDE);
  return engine->slab && engine->rx && engine->tx && engine->icmp && engine->counters &&
         engine->slab_length <= INT32_MAX && engine->queue <= MAX_QUEUE;
}

/* Keeps the callback, and the arrays by way of an array of them. */
static bool take_references(napi_env env, Engine *engine, const napi_value *arrays, napi_value callback) {
  napi_value kept, name;
  if (napi_create_array_with_length(env, 5, &kept) != napi_ok) return false;
  for (uint32_t i = 0; i < 5; i++) {
    if (napi_set_element(env, kept, i, arrays[i]) != napi_ok) return false;
  }
  return napi_create_string_utf8(env, "sluice.udp", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_async_init(env, NULL, name, &engine->context) == napi_ok &&
         napi_create_reference(env, callback, 1, &engine->callback) == napi_ok &&
         napi_create_reference(env, kept, 1, &engine->memory) == napi_ok;
}

/* create(slab, rx, tx, icmp, counters, callback, slots, slotStride, slotLength) */
static napi_value Create(napi_env env, napi_callback_info info) {
  napi_value values[9], result;
  size_t given = 9;
  int32_t slots, stride, length;
  napi_valuetype type;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok || given != 9 ||
      napi_typeof(env, values[5], &type) != napi_ok || type != napi_function ||
      napi_get_value_int32(env, values[6], &slots) != napi_ok ||
      napi_get_value_int32(env, values[7], &stride) != napi_ok ||
      napi_get_value_int32(env, values[8], &length) != napi_ok || slots < 1 || (uint32_t)slots > MAX_SLOTS ||
      length < 1 || stride < length) {
    return refuse(env, "create: bad arguments");
  }
  Engine *engine = engine_create(env);
  if (engine == NULL) return refuse(env, "create: no memory");
  engine->slots = (uint32_t)slots;
  engine->slot_stride = (uint32_t)stride;
  engine->slot_length = (uint32_t)length;
  if (!take_arrays(env, engine, values) || !take_references(env, engine, values, values[5])) {
    engine_end(engine);
    engine_release(engine);
    return refuse(env, "create: the arrays do not fit");
  }
  if (napi_create_external(env, engine, forget, NULL, &result) != napi_ok) {
    engine_end(engine);
    engine_release(engine);
    return NULL;
  }
  /* From here on the external lets go of the engine. */
  if (!engine_start(engine)) return refuse(env, "create: the event loop cannot watch it");
  return result;
}

/* open(engine, family, a, b, c, d, port, reusePort, receiveBuffer, sendBuffer, segmentation, shared) → handle or -errno */
static napi_value Open(napi_env env, napi_callback_info info) {
  int32_t given[11];
  Engine *engine = arguments_of(env, info, 11, given);
  if (engine == NULL) return refuse(env, "open: bad arguments");
  SocketOptions options = {.reuse_port = given[6], .receive_buffer = given[7], .send_buffer = given[8]};
  options.segmentation = given[9];
  options.shared = given[10];
  if (!address_of(given, &options.local)) return integer(env, -EINVAL);
  return integer(env, socket_open(engine, &options));
}

/* readStream(engine, descriptor) → handle or -errno */
static napi_value ReadStream(napi_env env, napi_callback_info info) {
  int32_t descriptor;
  Engine *engine = arguments_of(env, info, 1, &descriptor);
  if (engine == NULL) return refuse(env, "readStream: bad arguments");
  return integer(env, socket_read_stream(engine, descriptor));
}

/* bindOnly(stream, family, a, b, c, d, port) → descriptor or -errno */
static napi_value BindOnly(napi_env env, napi_callback_info info) {
  napi_value values[7];
  size_t count_given = 7;
  int32_t given[7];
  if (napi_get_cb_info(env, info, &count_given, values, NULL, NULL) != napi_ok || count_given < 7 ||
      !integers_of(env, values, 7, given)) {
    return refuse(env, "bindOnly: bad arguments");
  }
  SocketOptions options = {.reuse_port = true, .shared = -1};
  if (!address_of(given + 1, &options.local)) return integer(env, -EINVAL);
  return integer(env, socket_bind(given[0] ? SOCK_STREAM : SOCK_DGRAM, &options));
}

/* closeOnly(descriptor) */
static napi_value CloseOnly(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t given = 1;
  int32_t fd;
  if (napi_get_cb_info(env, info, &given, &value, NULL, NULL) != napi_ok || given < 1 ||
      !integers_of(env, &value, 1, &fd)) {
    return refuse(env, "closeOnly: bad arguments");
  }
  (void)close(fd);
  return NULL;
}

/* writeNow(descriptor, bytes, length) → how many of them the stream has taken, or -errno */
static napi_value WriteNow(napi_env env, napi_callback_info info) {
  napi_value values[3];
  size_t given = 3;
  int32_t fd, length;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok || given < 3 ||
      napi_get_value_int32(env, values[0], &fd) != napi_ok || napi_get_value_int32(env, values[2], &length) != napi_ok ||
      length < 0) {
    return refuse(env, "writeNow: bad arguments");
  }
  void *bytes = array_at(env, values[1], napi_uint8_array, (size_t)length, NULL);
  if (bytes == NULL) return refuse(env, "writeNow: bad arguments");
  ssize_t taken = send(fd, bytes, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
  return integer(env, taken < 0 ? -errno : (int32_t)taken);
}

/* portOf(engine, handle) */
static napi_value PortOf(napi_env env, napi_callback_info info) {
  int32_t index;
  Engine *engine = arguments_of(env, info, 1, &index);
  if (engine == NULL) return refuse(env, "portOf: bad arguments");
  const Socket *socket = socket_at(engine, (uint32_t)index);
  return integer(env, socket == NULL ? 0 : socket->port);
}

/* close(engine, handle) */
static napi_value Close(napi_env env, napi_callback_info info) {
  int32_t index;
  Engine *engine = arguments_of(env, info, 1, &index);
  if (engine == NULL) return refuse(env, "close: bad arguments");
  socket_close(engine, (uint32_t)index);
  return NULL;
}

/* flush(engine, records) */
static napi_value Flush(napi_env env, napi_callback_info info) {
  int32_t records;
  Engine *engine = arguments_of(env, info, 1, &records);
  if (engine == NULL || records < 0 || (uint32_t)records > engine->queue) return refuse(env, "flush: bad arguments");
  if (!engine->ended) send_queue(engine, (uint32_t)records);
  return NULL;
}

/* end(engine) */
static napi_value End(napi_env env, napi_callback_info info) {
  Engine *engine = arguments_of(env, info, 0, NULL);
  if (engine == NULL) return refuse(env, "end: bad arguments");
  engine_end(engine);
  return NULL;
}

/* sha1(words, memory or undefined) → { prepare, sign, signInPlace where there is a memory }, or undefined */
static napi_value Sha1(napi_env env, napi_callback_info info) {
  napi_value arrays[2];
  size_t given = 2, words_length = 0, memory_length = 0;
  napi_valuetype type;
  if (napi_get_cb_info(env, info, &given, arrays, NULL, NULL) != napi_ok || given < 1 ||
      napi_typeof(env, arrays[1], &type) != napi_ok) {
    return refuse(env, "sha1: bad arguments");
  }
  uint32_t *words = array_at(env, arrays[0], napi_int32_array, 1, &words_length);
  uint8_t *memory = type == napi_undefined ? NULL : array_at(env, arrays[1], napi_uint8_array, 1, &memory_length);
  if (words == NULL || (type != napi_undefined && memory == NULL)) return refuse(env, "sha1: bad arguments");
  return sha1_functions(env, arrays, words, words_length, memory, memory_length);
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"layout", NULL, NULL, NULL, NULL, integer(env, LAYOUT), napi_enumerable, NULL},
      {"create", NULL, Create, NULL, NULL, NULL, napi_enumerable, NULL},
      {"open", NULL, Open, NULL, NULL, NULL, napi_enumerable, NULL},
      {"readStream", NULL, ReadStream, NULL, NULL, NULL, napi_enumerable, NULL},
      {"bindOnly", NULL, BindOnly, NULL, NULL, NULL, napi_enumerable, NULL},
      {"closeOnly", NULL, CloseOnly, NULL, NULL, NULL, napi_enumerable, NULL},
      {"writeNow", NULL, WriteNow, NULL, NULL, NULL, napi_enumerable, NULL},
      {"portOf", NULL, PortOf, NULL, NULL, NULL, napi_enumerable, NULL},
      {"close", NULL, Close, NULL, NULL, NULL, napi_enumerable, NULL},
      {"flush", NULL, Flush, NULL, NULL, NULL, napi_enumerable, NULL},
      {"end", NULL, End, NULL, NULL, NULL, napi_enumerable, NULL},
      {"sha1", NULL, Sha1, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  if (napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties) != napi_ok) return NULL;
  return exports;
}
