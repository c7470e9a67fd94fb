/* An engine's life, and its turn in the event loop. */
#include "engine.h"

#include <stdlib.h>
#include <unistd.h>

/* Batches for one wake-up: then timers, messages of other threads and the rest of the loop have their turn. The epoll
 * instance stays readable while anything is left. */
#define ROUNDS 4

/* Calls JavaScript: the one crossing for a batch. Whether to go on. */
static bool deliver(Engine *engine, uint32_t datagrams, uint32_t icmp_errors) {
  napi_env env = engine->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  napi_value callback, receiver, arguments[2];
  bool called = napi_get_reference_value(env, engine->callback, &callback) == napi_ok &&
                napi_get_global(env, &receiver) == napi_ok &&
                napi_create_uint32(env, datagrams, &arguments[0]) == napi_ok &&
                napi_create_uint32(env, icmp_errors, &arguments[1]) == napi_ok;
  if (called) {
    engine->in_batch = true;
    called = napi_make_callback(env, engine->context, receiver, callback, 2, arguments, NULL) == napi_ok;
    engine->in_batch = false;
    sockets_wake_resting(engine);
  }
  bool pending = false;
  napi_value error;
  /* What the callback throws is the process's uncaughtException; a thread that is being terminated throws nothing. */
  if (!called && napi_is_exception_pending(env, &pending) == napi_ok && pending &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok) {
    (void)napi_fatal_exception(env, error);
  }
  (void)napi_close_handle_scope(env, scope);
  return called && !engine->ended;
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)events;
  Engine *engine = uv_handle_get_data((uv_handle_t *)poll);
  if (status != 0) return;
  /* The callback may end the engine, and so let go of it. */
  engine->owners++;
  for (int round = 0; round < ROUNDS && !engine->ended; round++) {
    if (!receive_ready(engine, deliver)) break;
  }
  engine_release(engine);
}

static void on_closed(uv_handle_t *poll) {
  Engine *engine = uv_handle_get_data(poll);
  free(poll);
  engine->poll = NULL;
  (void)close(engine->epoll);
  engine->epoll = -1;
  /* This lets the environment's end, if it is waiting for us, go on. */
  if (engine->cleanup != NULL) (void)napi_remove_async_cleanup_hook(engine->cleanup);
  engine_release(engine);
}

static void on_environment_end(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  engine_end(data);
}

Engine *engine_create(napi_env env) {
  Engine *engine = calloc(1, sizeof *engine);
  if (engine == NULL) return NULL;
  engine->owners = 1;
  engine->env = env;
  engine->epoll = -1;
  engine->free_places = NONE;
  engine->resting_places = NONE;
  return engine;
}

static void drop_references(Engine *engine) {
  if (engine->callback != NULL) (void)napi_delete_reference(engine->env, engine->callback);
  if (engine->memory != NULL) (void)napi_delete_reference(engine->env, engine->memory);
  if (engine->context != NULL) (void)napi_async_destroy(engine->env, engine->context);
  engine->callback = NULL;
  engine->memory = NULL;
  engine->context = NULL;
}

static bool watch(Engine *engine) {
  engine->receiver = receiver_create(engine);
  engine->sender = sender_create(engine);
  engine->poll = calloc(1, uv_handle_size(UV_POLL));
  engine->epoll = epoll_create1(EPOLL_CLOEXEC);
  struct uv_loop_s *loop;
  if (engine->receiver == NULL || engine->sender == NULL || engine->poll == NULL || engine->epoll < 0) return false;
  if (napi_get_uv_event_loop(engine->env, &loop) != napi_ok) return false;
  if (uv_poll_init(loop, engine->poll, engine->epoll) != 0) return false;
  uv_handle_set_data((uv_handle_t *)engine->poll, engine);
  /* From here on libuv owns the handle until on_closed. */
  engine->watched = true;
  engine->owners++;
  return napi_add_async_cleanup_hook(engine->env, on_environment_end, engine, &engine->cleanup) == napi_ok &&
         uv_poll_start(engine->poll, UV_READABLE, on_readable) == 0;
}

/* With slab, tables, references and async context in place. On failure the engine is ended. */
bool engine_start(Engine *engine) {
  if (watch(engine)) return true;
  engine_end(engine);
  return false;
}

/* Closes everything. Idempotent; also where the thread is being terminated. */
void engine_end(Engine *engine) {
  if (engine->ended) return;
  engine->ended = true;
  sockets_close_all(engine);
  drop_references(engine);
  if (engine->watched) uv_close((uv_handle_t *)engine->poll, on_closed);
}

void engine_release(Engine *engine) {
  if (--engine->owners > 0) return;
  if (engine->epoll >= 0) (void)close(engine->epoll);
  free(engine->poll);
  receiver_free(engine->receiver);
  sender_free(engine->sender);
  free(engine->sockets);
  free(engine);
}
