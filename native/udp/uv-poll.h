/*
 * As much of libuv as this addon calls. Node exports it to addons, and libuv 1.x keeps its ABI; but its header comes
 * with Node's sources, which a machine that only runs Node does not have. The handle's size is asked for at run time.
 */
#ifndef SLUICE_UV_POLL_H
#define SLUICE_UV_POLL_H

#include <stddef.h>

struct uv_loop_s;
typedef struct uv_handle_s uv_handle_t;
typedef struct uv_poll_s uv_poll_t;
typedef void (*uv_poll_cb)(uv_poll_t *handle, int status, int events);
typedef void (*uv_close_cb)(uv_handle_t *handle);

/* enum uv_handle_type and enum uv_poll_event. */
enum { UV_POLL = 8, UV_READABLE = 1 };

size_t uv_handle_size(int type);
int uv_poll_init(struct uv_loop_s *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback);
void uv_close(uv_handle_t *handle, uv_close_cb callback);
void *uv_handle_get_data(const uv_handle_t *handle);
void uv_handle_set_data(uv_handle_t *handle, void *data);

#endif
